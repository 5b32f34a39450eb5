//! The life of a tree as a whole: whether it is ready, its end, and how to wait for both.

use std::sync::Arc;
use std::time::Duration;

use super::audit::Audit;
use super::handle::TreeRef;
use crate::error::types::SupervisorError;
use crate::event::failure::Failure;
use crate::machine::input::Command;
use crate::machine::node::{Ix, NodeId, Phase};
use crate::machine::walk::End;
use crate::machine::{Machine, TreePhase};
use crate::runtime::core::{Broken, Core, Listen, Stage};
use crate::runtime::current;
use crate::runtime::lifecycle;
use crate::runtime::wait::until;
use crate::shutdown::report::ShutdownReport;

impl TreeRef {
    /// Stops the tree, and answers the report when it has ended.
    ///
    /// [`shutdown_tree`](TreeRef::shutdown_tree) without the formalities: who holds the tree needs
    /// no reason. Its last events have been given to `tracing` by then; a subscriber that blocks
    /// another thread over them is waited for a second at the most. One that blocks the task of a
    /// child, which writes of its own end, holds up the tree as a child does that does not yield.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::WouldWaitForItself`] in a child of the tree, which is shut down all the
    /// same.
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
    #[track_caller]
    pub fn shutdown(&self) -> impl Future<Output = Result<ShutdownReport, SupervisorError>> + Send {
        let audit = self.audit_here();
        async move {
            self.ask_to_end(audit, None);
            self.ended().await
        }
    }

    /// Stops the tree within this time, and answers the report when it has ended.
    ///
    /// As [`shutdown`](TreeRef::shutdown). Each child gets the smaller of its own budget and what is
    /// left; with nothing left it is dropped at once, and the report says that it was cut short. The
    /// time may be shorter than the tree's [`shutdown_within`](crate::SupervisorSpec), and shorten
    /// the one of a shutdown that is under way; it lengthens none. Children that do not yield take
    /// up to two seconds more, all of them together, until they are given up as stuck.
    #[track_caller]
    pub fn shutdown_within(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = Result<ShutdownReport, SupervisorError>> + Send {
        let audit = self.audit_here();
        async move {
            self.ask_to_end(audit, Some(deadline));
            self.ended().await
        }
    }

    /// Begins to stop the tree, and does not wait for it.
    #[track_caller]
    pub fn request_shutdown(&self) {
        self.ask_to_end(self.audit_here(), None);
    }

    pub(crate) fn ask_to_end(&self, audit: Audit, within: Option<Duration>) {
        // The end of a tree that has broken has begun.
        let _ = self.tree.command(audit, Command::Shutdown(within));
    }

    /// Waits until the tree has ended, for whatever reason.
    ///
    /// Any number may wait, before and after the end. Its last events have been given to `tracing` by
    /// then, as for [`shutdown`](TreeRef::shutdown).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::GaveUp`] names the first cause where the tree gave up.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn join(&self) -> Result<ShutdownReport, SupervisorError> {
        let report = self.ended().await?;
        match self.tree.read(end_of)? {
            Some(failure) => Err(SupervisorError::GaveUp { failure }),
            None => Ok(report),
        }
    }

    /// Waits until every critical child is ready.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::TreeGone`] once the tree stops.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ready(&self) -> Result<(), SupervisorError> {
        let root = self.tree.read(|machine| machine.id(Ix::ROOT))?;
        if self.waits_in(root)? {
            return Err(SupervisorError::WouldWaitForItself);
        }
        let ready = |core: &mut Core| match core.stage() {
            Stage::Closing | Stage::Over => Some(Err(SupervisorError::TreeGone)),
            Stage::Starting | Stage::Up => core.machine.is_ready().then_some(Ok(())),
        };
        until(&self.tree, Listen::Stage, ready).await
    }

    /// Whether the tree has not ended; one that is starting or stopping is alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.tree.stage() < Stage::Over
    }

    /// Whether every critical child is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.tree.read(Machine::is_ready).unwrap_or(false)
    }

    pub(crate) async fn ended(&self) -> Result<ShutdownReport, SupervisorError> {
        if current::is_inside(self.tree.address()) {
            return Err(SupervisorError::WouldWaitForItself);
        }
        let over = |core: &mut Core| (core.stage() == Stage::Over).then_some(());
        until(&self.tree, Listen::Stage, over).await;
        lifecycle::told(&self.tree).await;
        // Copied without the lock.
        Ok(Arc::unwrap_or_clone(
            self.tree.read(Machine::shutdown_report)?,
        ))
    }

    pub(crate) fn alive(&self) -> Result<(), SupervisorError> {
        match self.tree.stage() {
            Stage::Over => Err(self.gone()),
            Stage::Starting | Stage::Up | Stage::Closing => Ok(()),
        }
    }

    pub(crate) fn gone(&self) -> SupervisorError {
        match self.tree.broken_text() {
            Some(text) => Broken(text).into(),
            None => SupervisorError::TreeGone,
        }
    }

    /// Whether the code that asks is a child that is starting in this supervisor, or below it: what
    /// has to wait for that start would wait for the one who asks.
    fn waits_in(&self, supervisor: NodeId) -> Result<bool, SupervisorError> {
        let Some(asking) = current::child_of(self.tree.address()) else {
            return Ok(false);
        };
        Ok(self.tree.read(|machine| {
            let phase = machine.find(asking).map(|node| node.phase);
            matches!(phase, Some(Phase::Starting(_))) && machine.is_above(supervisor, asking)
        })?)
    }
}

impl From<Broken> for SupervisorError {
    fn from(broken: Broken) -> Self {
        Self::Broken {
            message: broken.0.to_string(),
        }
    }
}

fn end_of(machine: &Machine) -> Option<Arc<Failure>> {
    match machine.tree_phase() {
        TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
            Some(Arc::clone(failure))
        }
        _ => None,
    }
}

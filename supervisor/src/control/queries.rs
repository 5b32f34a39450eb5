//! What one may ask of a tree, and its events.

use std::sync::Arc;

use super::answer::explain;
use super::audit::Audit;
use super::command::ChildRef;
use super::handle::TreeRef;
use super::lookup;
use crate::error::types::SupervisorError;
use crate::event::snapshot::{ChildSnapshot, Snapshot};
use crate::event::stream::EventStream;
use crate::id::types::SupervisorPath;
use crate::machine::Machine;
use crate::machine::answer::Answer;
use crate::machine::input::Command;
use crate::machine::node::{NodeId, Phase};
use crate::runtime::core::{Core, Listen};
use crate::runtime::current;
#[cfg(test)]
use crate::runtime::tree::Tree;
use crate::runtime::wait::until;

impl TreeRef {
    /// Waits until a child is down: stopped, finished, removed, or not started yet.
    ///
    /// A child that failed and waits to be started again is not at rest, and is waited for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn stopped(&self, child: impl Into<ChildRef>) -> Result<(), SupervisorError> {
        let name = child.into().name;
        let id = lookup::child(&self.tree, &name)?;
        if let Some(waiting) = current::child_of(self.tree.address()) {
            // Also a supervisor above it does not end before it has.
            if self.tree.read(|machine| machine.is_above(id, waiting))? {
                return Err(SupervisorError::WouldWaitForItself);
            }
        }
        let down = move |core: &mut Core| {
            let phase = core.machine.find(id).map(|node| node.phase);
            phase.is_none_or(Phase::is_down).then_some(())
        };
        until(&self.tree, Listen::Events, down).await;
        Ok(())
    }

    /// The tree as it is now.
    pub fn snapshot(&self) -> Result<Snapshot, SupervisorError> {
        Ok(crate::runtime::snapshot::take(&self.tree)?)
    }

    /// The children of a supervisor, in order.
    ///
    /// As of now; where [`while_starting`](crate::SupervisorSpec::while_starting) is `Wait`, when
    /// it is the question's turn.
    pub async fn children(
        &self,
        supervisor: impl Into<SupervisorPath>,
    ) -> Result<Vec<ChildSnapshot>, SupervisorError> {
        let supervisor = supervisor.into().segments.join("/");
        self.alive()?;
        let id = lookup::supervisor(&self.tree, &supervisor)?;
        let audit = Audit::of_program("asks for the children");
        match self.command(audit, Command::Children(id)).await? {
            Ok(Answer::Children(children)) => Ok(children),
            Ok(_) => Err(self.gone()),
            Err(refusal) => Err(explain(refusal, &supervisor, &supervisor)),
        }
    }

    /// One child as it is now.
    pub fn snapshot_of(
        &self,
        child: impl Into<ChildRef>,
    ) -> Result<ChildSnapshot, SupervisorError> {
        let name = child.into().name;
        let id = lookup::child(&self.tree, &name)?;
        let found = self.tree.read(|machine| {
            let known = machine.find(id).is_some();
            known.then(|| machine.child_snapshot(id.ix))
        })?;
        found.ok_or(SupervisorError::UnknownChild {
            path: name,
            did_you_mean: Vec::new(),
        })
    }

    /// The events of the tree from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        let newest = self.tree.read(|machine| machine.journal().seq());
        EventStream::new(Arc::clone(&self.tree), newest.unwrap_or(0))
    }

    /// The events of the tree behind a number.
    ///
    /// 0 reads from the beginning. The journal holds the last 16 384 events; how many have gone
    /// before they were read is the first thing that the stream says.
    #[must_use]
    pub fn events_after(&self, seq: u64) -> EventStream {
        EventStream::new(Arc::clone(&self.tree), seq)
    }

    pub(super) fn path_of(&self, id: NodeId) -> Result<Option<String>, SupervisorError> {
        let path = |machine: &Machine| machine.find(id).map(|node| node.path.to_string());
        Ok(self.tree.read(path)?)
    }

    #[cfg(test)]
    pub(crate) const fn inner(&self) -> &Arc<Tree> {
        &self.tree
    }
}

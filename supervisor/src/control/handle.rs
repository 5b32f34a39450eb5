//! The handle of a running tree: commands, queries, and its end.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::answer::{explain, outcome, resumed};
use super::command::{ChildRef, CommandResult};
use super::lookup;
use super::outcome::{ChildControlOperation, ChildControlResult, ChildStopState, StartOutcome};
use crate::error::types::SupervisorError;
use crate::event::snapshot::{ChildSnapshot, ChildState, Snapshot};
use crate::event::stream::EventStream;
use crate::id::types::{ChildId, SupervisorPath};
use crate::machine::answer::{Answer, Refusal};
use crate::machine::input::{Command, Verb};
use crate::machine::intents::{self, Intent};
use crate::machine::node::{Ix, NodeId, Phase};
use crate::machine::walk::End;
use crate::machine::{Machine, TreePhase};
use crate::runtime::core::{Broken, Core, Listen, Stage};
use crate::runtime::current;
use crate::runtime::tree::{Reply, Tree};
use crate::runtime::wait::until;
use crate::shutdown::report::{ShutdownReport, ShutdownResult};
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::child::ChildSpec;
use crate::spec::plan::Planned;

/// The owner's handle of a running tree.
///
/// Cheap to clone, and usable from any thread. Dropping the last one stops the tree, unless it has
/// been [detached](SupervisorHandle::detach). Everything that can be asked of a tree is on
/// [`TreeRef`], which this dereferences to.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
/// let handle = Supervisor::start(SupervisorSpec::root(vec![beat])).await?;
/// assert!(handle.is_ready());
/// let report = handle.shutdown().await?;
/// assert!(report.is_clean());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SupervisorHandle {
    tree: TreeRef,
    owner: Arc<Owner>,
}

/// A reference to a running tree that does not keep it running.
///
/// What it offers is what [`SupervisorHandle`] offers. After the end of the tree, commands answer
/// [`SupervisorError::TreeGone`], while reports, events and snapshots can still be read.
///
/// # Commands
///
/// A child is named by its path, `gateway/eu`, or by its name where only one child has it. A name
/// that no child has is [`SupervisorError::UnknownChild`], with the nearest there are; one that
/// several have is [`SupervisorError::AmbiguousName`]. `requested_by` and `reason` say who wants
/// it, and why; where one is blank, the answer is [`SupervisorError::InvalidTransition`], and
/// nothing is done.
///
/// A command takes effect when its future is first polled; to drop the future after that takes
/// nothing back. What starts something waits its turn behind a start that is under way, and so does
/// every command but a kill where [`while_starting`](crate::SupervisorSpec::while_starting) is
/// `Wait`. Only [`shutdown_tree`](TreeRef::shutdown_tree), [`shutdown`](TreeRef::shutdown),
/// [`join`](TreeRef::join) and [`stopped`](TreeRef::stopped) wait for an end. A child that would
/// wait for its own is told at once: [`SupervisorError::WouldWaitForItself`].
#[derive(Clone)]
pub struct TreeRef {
    tree: Arc<Tree>,
}

/// Stops the tree when the last handle is dropped.
#[derive(Debug)]
struct Owner {
    tree: TreeRef,
    detached: AtomicBool,
}

impl SupervisorHandle {
    pub(crate) fn new(tree: Arc<Tree>) -> Self {
        let tree = TreeRef::new(tree);
        Self {
            owner: Arc::new(Owner {
                tree: tree.clone(),
                detached: AtomicBool::new(false),
            }),
            tree,
        }
    }

    /// A reference that does not keep the tree running.
    #[must_use]
    pub fn downgrade(&self) -> TreeRef {
        self.tree.clone()
    }

    /// Lets the tree run on when all handles have been dropped.
    pub fn detach(self) {
        self.owner.detached.store(true, Ordering::Relaxed);
    }
}

impl Deref for SupervisorHandle {
    type Target = TreeRef;

    fn deref(&self) -> &TreeRef {
        &self.tree
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !*self.detached.get_mut() {
            self.tree.request_shutdown();
        }
    }
}

impl TreeRef {
    pub(crate) const fn new(tree: Arc<Tree>) -> Self {
        Self { tree }
    }

    /// Declares a child by manifest: YAML with `name` and `kind`.
    ///
    /// A manifest names no code, so the child never runs; it is shown as `declared`, and can be
    /// paused, quarantined and removed.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::InvalidManifest`] says where a manifest is wrong; one of more than 64 KiB
    /// is not read.
    #[cfg(feature = "manifest")]
    pub async fn add_child(
        &self,
        supervisor: SupervisorPath,
        manifest: impl Into<String>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        audit(&requested_by.into(), &reason.into())?;
        let child_manifest = super::manifest::parse(&manifest.into())?;
        let child = ChildSpec::declared(ChildId::new(child_manifest.name.as_str()));
        self.start_child(supervisor, child).await?;
        Ok(CommandResult::ChildAdded { child_manifest })
    }

    /// Adds a child to a supervisor, or an instance to a pool, and starts it.
    ///
    /// OTP's `start_child`. In an ordinary supervisor its place is the end of the order. Resolves
    /// when the start is complete. A child that declines to run is a success. One that fails to
    /// start is removed again.
    ///
    /// # Cancel safety
    ///
    /// The start goes on when the future is dropped.
    pub async fn start_child(
        &self,
        supervisor: impl Into<SupervisorPath>,
        child: ChildSpec,
    ) -> Result<StartOutcome, SupervisorError> {
        let supervisor = supervisor.into().segments.join("/");
        self.alive()?;
        let planned = Planned::new(child, &supervisor)?;
        let path = planned.nodes[0].path.to_string();
        let id = lookup::supervisor(&self.tree, &supervisor)?;
        if self.waits_in(id)? {
            return Err(SupervisorError::WouldWaitForItself);
        }
        match self.command(Command::Add(id, Box::new(planned))).await? {
            Ok(Answer::Declined) => Ok(StartOutcome::Declined),
            Ok(_) => Ok(StartOutcome::Started),
            Err(refusal) => Err(explain(refusal, &path, &supervisor)),
        }
    }

    /// Stops a child. It stays in the list, and a restart of its group starts it again.
    ///
    /// Resolves when the stop has been asked for, not when it is over.
    pub async fn stop_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Stop, child, requested_by, reason).await
    }

    /// Starts a child that is down: stopped, finished, paused or quarantined.
    ///
    /// A child that was paused or quarantined, and is not down yet, is started again when it is.
    /// Resolves when the start has been asked for, not when it is complete; where `while_starting`
    /// is `Wait`, when it is complete.
    pub async fn resume_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Resume, child, requested_by, reason)
            .await
    }

    /// Stops a child, if it runs, and starts it again once its end has been observed.
    ///
    /// Asked again while that is under way, it is merged. It is not counted as a restart, and a
    /// back-off that the child waits for ends. Resolves when the stop has been asked for.
    pub async fn restart_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Restart, child, requested_by, reason)
            .await
    }

    /// Stops a child and keeps it down.
    ///
    /// It stays down through restarts of its group and of its supervisor, until it is resumed.
    /// The intent for a path that is not known is recorded, and applied when the child is added; at
    /// most 256 are. Resolves when the stop has been asked for, not when it is over.
    pub async fn pause_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Pause, child, requested_by, reason).await
    }

    /// Pauses a child for a reason that is not the operator's convenience.
    ///
    /// It does what [`pause_child`](TreeRef::pause_child) does, and is shown as quarantined.
    pub async fn quarantine_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Quarantine, child, requested_by, reason)
            .await
    }

    /// Stops a child and forgets it.
    ///
    /// A static child comes back when its supervisor is started again; one that was added does not.
    /// Resolves when the stop has been asked for, not when it is over.
    pub async fn remove_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Remove, child, requested_by, reason)
            .await
    }

    /// Forgets a child that is down (OTP's `delete_child`).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotDown`] where it is not; it is left alone then.
    pub async fn delete_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Delete, child, requested_by, reason)
            .await
    }

    /// Drops a child at its next await, without asking it to stop.
    ///
    /// What follows is decided as for any abnormal end. A blocking child is asked to stop; it
    /// cannot be dropped.
    pub async fn kill_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Kill, child, requested_by, reason).await
    }

    /// Stops the tree, waits for its end, and answers the report.
    ///
    /// A second call gets the report of the first, also when it comes after the end.
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
    pub async fn shutdown_tree(
        &self,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        audit(&requested_by.into(), &reason.into())?;
        let idempotent = self.tree.stage() >= Stage::Closing;
        self.request_shutdown();
        let report = self.ended().await?;
        Ok(CommandResult::Shutdown {
            result: ShutdownResult {
                phase: ShutdownPhase::Completed,
                report: Some(report),
                idempotent,
            },
        })
    }

    /// Stops the tree, and answers the report when it has ended.
    ///
    /// [`shutdown_tree`](TreeRef::shutdown_tree) without the formalities: who holds the tree needs
    /// no reason.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::WouldWaitForItself`] in a child of the tree, which is shut down all the
    /// same.
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
    pub async fn shutdown(&self) -> Result<ShutdownReport, SupervisorError> {
        self.request_shutdown();
        self.ended().await
    }

    /// Begins to stop the tree, and does not wait for it.
    pub fn request_shutdown(&self) {
        // The end of a tree that has broken has begun.
        let _ = self.tree.command(Command::Shutdown);
    }

    /// Waits until the tree has ended, for whatever reason.
    ///
    /// Any number may wait, before and after the end.
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

    /// Paths of the critical children that keep the tree from being ready.
    #[must_use]
    pub fn not_ready(&self) -> Vec<Arc<str>> {
        self.tree.read(Machine::not_ready).unwrap_or_default()
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
        match self.command(Command::Children(id)).await? {
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

    #[cfg(test)]
    pub(crate) const fn inner(&self) -> &Arc<Tree> {
        &self.tree
    }

    pub(crate) async fn ended(&self) -> Result<ShutdownReport, SupervisorError> {
        if current::is_inside(self.tree.address()) {
            return Err(SupervisorError::WouldWaitForItself);
        }
        let over = |core: &mut Core| (core.stage() == Stage::Over).then_some(());
        until(&self.tree, Listen::Stage, over).await;
        Ok(self.tree.read(Machine::shutdown_report)?)
    }

    async fn audited(
        &self,
        verb: Verb,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        audit(&requested_by.into(), &reason.into())?;
        self.alive()?;
        let name = child.into().name;
        let found = lookup::child(&self.tree, &name);
        let (path, command, unknown) = match (found, verb.operation()) {
            (Ok(id), _) => {
                let path = self.path_of(id)?.unwrap_or_else(|| name.clone());
                (path, Command::Child(verb, id), None)
            }
            (Err(SupervisorError::UnknownChild { did_you_mean, .. }), Some(operation)) => {
                return self.record_intent(&name, operation, did_you_mean);
            }
            (Err(error @ SupervisorError::UnknownChild { .. }), None) => {
                let Some(parent) = self.tree.read(|machine| lookup::parent(machine, &name))? else {
                    return Err(error);
                };
                // It may be there when it is the command's turn.
                let command = Command::Named(verb, parent, name.as_str().into());
                (name, command, Some(error))
            }
            (Err(error), _) => return Err(error),
        };
        match (self.command(command).await?, unknown) {
            (Ok(Answer::Child(answer)), _) => Ok(CommandResult::ChildControl {
                outcome: outcome(&path, &answer),
            }),
            (Ok(answer), _) => {
                let now = self.snapshot_of(path.as_str())?;
                let declined = matches!(answer, Answer::Declined);
                let state = if declined {
                    ChildState::Ignored
                } else {
                    now.state
                };
                Ok(CommandResult::ChildControl {
                    outcome: resumed(&path, &now, state),
                })
            }
            (Err(Refusal::Unknown), Some(error)) => Err(error),
            (Err(refusal), _) => Err(explain(refusal, &path, "")),
        }
    }

    fn record_intent(
        &self,
        name: &str,
        operation: ChildControlOperation,
        did_you_mean: Vec<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let now = self.tree.now();
        let record = |core: &mut Core| core.machine.record_intent(name, operation);
        match self.tree.with(now, None, record)?.0 {
            Intent::Full => Err(SupervisorError::TooManyIntents {
                name: name.to_owned(),
                limit: intents::CAPACITY,
            }),
            Intent::Recorded { before } => Ok(CommandResult::ChildControl {
                outcome: ChildControlResult {
                    child_id: ChildId::new(name),
                    generation: None,
                    attempt: None,
                    operation_before: before,
                    operation_after: operation,
                    state_before: None,
                    state_after: None,
                    status: None,
                    cancel_delivered: false,
                    stop_state: ChildStopState::NoActiveAttempt,
                    idempotent: before == operation,
                    did_you_mean,
                },
            }),
        }
    }

    async fn command(&self, command: Command) -> Result<Reply, SupervisorError> {
        let answer = self.tree.command(command)?;
        // The sender is dropped only by a tree that has broken.
        answer.await.map_err(|_| self.gone())
    }

    fn alive(&self) -> Result<(), SupervisorError> {
        match self.tree.stage() {
            Stage::Over => Err(self.gone()),
            Stage::Starting | Stage::Up | Stage::Closing => Ok(()),
        }
    }

    fn gone(&self) -> SupervisorError {
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

    fn path_of(&self, id: NodeId) -> Result<Option<String>, SupervisorError> {
        let path = |machine: &Machine| machine.find(id).map(|node| node.path.to_string());
        Ok(self.tree.read(path)?)
    }
}

impl fmt::Debug for TreeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeRef")
            .field("stage", &self.tree.stage())
            .finish_non_exhaustive()
    }
}

impl Verb {
    /// What a command for a name that is not known yet leaves behind.
    const fn operation(self) -> Option<ChildControlOperation> {
        match self {
            Self::Pause => Some(ChildControlOperation::Paused),
            Self::Quarantine => Some(ChildControlOperation::Quarantined),
            Self::Delete
            | Self::Kill
            | Self::Remove
            | Self::Restart
            | Self::Resume
            | Self::Stop => None,
        }
    }
}

impl From<Broken> for SupervisorError {
    fn from(broken: Broken) -> Self {
        Self::Broken {
            message: broken.0.to_string(),
        }
    }
}

/// Every command says who wants it, and why.
fn audit(requested_by: &str, reason: &str) -> Result<(), SupervisorError> {
    for (field, text) in [("requested_by", requested_by), ("reason", reason)] {
        if text.trim().is_empty() {
            return Err(SupervisorError::InvalidTransition {
                message: format!("`{field}` is blank; say who wants this, and why"),
            });
        }
    }
    Ok(())
}

fn end_of(machine: &Machine) -> Option<Arc<crate::event::failure::Failure>> {
    match machine.tree_phase() {
        TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
            Some(Arc::clone(failure))
        }
        _ => None,
    }
}

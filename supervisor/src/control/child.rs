//! The handle of one child: its state, its end, and commands for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::audit::Audit;
use super::command::ChildRef;
use super::handle::TreeRef;
use super::outcome::ChildControlResult;
use crate::error::types::SupervisorError;
use crate::event::account::Account;
use crate::event::explanation::Explanation;
use crate::event::outcome::ChildOutcome;
use crate::event::snapshot::{ChildSnapshot, ChildState};
use crate::id::types::Generation;
use crate::machine::input::Verb;
use crate::machine::mirror::{Mirror, Seen};
use crate::machine::node::Phase;
use crate::runtime::core::{Core, Listen, Stage};
use crate::runtime::current;
use crate::runtime::wait::until;

/// A handle of one child of a running tree.
///
/// Made by [`TreeRef::child`]. It is of a path, not of an attempt: it stays valid when the child is
/// restarted, when its supervisor is, and when it is removed and another of its name is added. It
/// does not keep the tree running. Cheap to clone, and usable from any thread.
///
/// Commands resolve with what they found and did; none waits until the child has stopped, for which
/// there is [`stopped`](ChildHandle::stopped). They are for the one that the tree's reference
/// [acts as](TreeRef::acting_as).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rust_supervisor::event::snapshot::ChildState;
/// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
/// let handle = Supervisor::start(SupervisorSpec::root(vec![beat])).await?;
/// let beat = handle.acting_as("deployer", "rollout 17")?.child("beat")?;
/// assert_eq!(beat.state(), ChildState::Running);
/// beat.pause().await?;
/// beat.stopped().await?;
/// beat.resume().await?;
/// beat.ready().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ChildHandle {
    tree: TreeRef,
    path: Arc<str>,
    mirror: Arc<Mirror>,
}

impl ChildHandle {
    pub(super) const fn new(tree: TreeRef, path: Arc<str>, mirror: Arc<Mirror>) -> Self {
        Self { tree, path, mirror }
    }

    /// The child's path: the names from the root down, joined by slashes.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the child is doing: one load of an atomic word, without a lock.
    ///
    /// `Removed` while there is no child of this path. Where one has left that is stuck, and another
    /// is declared in its place, that one is shown, as in snapshots and events: `NotStarted` until the
    /// former has physically gone.
    #[must_use]
    pub fn state(&self) -> ChildState {
        self.mirror.seen().state()
    }

    /// Whether the child counts as ready; as cheap as [`state`](ChildHandle::state).
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.mirror.seen().is_ready()
    }

    /// The generation of its present or last attempt; `None` before its first start.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        let generation = self.mirror.seen().generation();
        generation.map(|value| Generation { value })
    }

    /// The child as it is now, with all that is known of it.
    pub fn snapshot(&self) -> Result<ChildSnapshot, SupervisorError> {
        self.tree.snapshot_of(ChildRef::at(&self.path))
    }

    /// What has become of the child: how its last attempts ended, and what was decided on that.
    pub fn why(&self) -> Result<Account, SupervisorError> {
        self.tree.why(ChildRef::at(&self.path))
    }

    /// What would follow if the child failed now.
    pub fn explain(&self) -> Result<Explanation, SupervisorError> {
        self.tree.explain(ChildRef::at(&self.path))
    }

    /// Waits until the child is ready.
    ///
    /// One that is stopped, paused or quarantined is waited for: it may be resumed.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NeverReady`] where it has come to rest without being ready,
    /// [`SupervisorError::TreeGone`] once the tree stops, and
    /// [`SupervisorError::WouldWaitForItself`] in the child itself, or below it, while it starts.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ready(&self) -> Result<(), SupervisorError> {
        self.not_for_itself(|phase| matches!(phase, Phase::Starting(_)))?;
        let ready = |seen: Seen| {
            let state = seen.state();
            if seen.is_ready() {
                return Some(Ok(()));
            }
            matches!(
                state,
                ChildState::Failed
                    | ChildState::Finished
                    | ChildState::Ignored
                    | ChildState::Removed
            )
            .then(|| {
                Err(SupervisorError::NeverReady {
                    path: self.path.to_string(),
                    state,
                })
            })
        };
        loop {
            match self.until(Stage::Closing, ready).await {
                None => return Err(self.tree.gone()),
                Some(Err(never)) if !self.rests() => {
                    // Its supervisor gives up, and may be started again.
                    drop(never);
                    self.restarted_or_at_rest().await;
                }
                Some(answer) => return answer,
            }
        }
    }

    /// Waits until the child is down: stopped, finished, removed, or not started yet.
    ///
    /// A child that failed and waits to be started again is not at rest, and is waited for.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::WouldWaitForItself`] in the child itself, or below it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn stopped(&self) -> Result<(), SupervisorError> {
        self.not_for_itself(|_| true)?;
        let down = |seen: Seen| seen.state().is_down().then_some(());
        self.until(Stage::Over, down).await;
        Ok(())
    }

    /// Waits until the child has come to rest for good, and answers how.
    ///
    /// That is when it has finished, failed for good, declined to run or been removed, or when the
    /// tree has ended. One that is stopped, paused or quarantined may be resumed, and is waited
    /// for. Asked later, the answer is the same until the child is started again.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::WouldWaitForItself`] in the child itself, or below it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn outcome(&self) -> Result<ChildOutcome, SupervisorError> {
        self.not_for_itself(|_| true)?;
        let outcome = |_: Seen| self.mirror.outcome();
        loop {
            match self.until(Stage::Over, outcome).await {
                Some(outcome) if self.rests() => return Ok(outcome),
                // Its supervisor gives up, and may be started again.
                Some(_) => self.restarted_or_at_rest().await,
                None => return self.found_at_the_end(),
            }
        }
    }

    /// How the child came to rest for good, if it has; does not wait.
    #[must_use]
    pub fn try_outcome(&self) -> Option<ChildOutcome> {
        self.mirror.outcome().filter(|_| self.rests())
    }

    /// Stops the child; a restart of its group starts it again.
    #[track_caller]
    pub fn stop(&self) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Stop, self.tree.audit_here())
    }

    /// Starts the child where it is down: stopped, finished, paused or quarantined.
    #[track_caller]
    pub fn resume(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Resume, self.tree.audit_here())
    }

    /// Stops the child, if it runs, and starts it again once its end has been observed.
    #[track_caller]
    pub fn restart(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Restart, self.tree.audit_here())
    }

    /// Restarts the child if this generation is its present or last one.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::OtherGeneration`] where another has taken its place; that one is left
    /// alone.
    #[track_caller]
    pub fn restart_if(
        &self,
        generation: Generation,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::RestartIf(generation.value), self.tree.audit_here())
    }

    /// Stops the child and keeps it down, also when its group or supervisor is restarted.
    #[track_caller]
    pub fn pause(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Pause, self.tree.audit_here())
    }

    /// Pauses the child for a reason that is not the operator's convenience.
    #[track_caller]
    pub fn quarantine(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Quarantine, self.tree.audit_here())
    }

    /// Stops the child and forgets it; a static one comes back with its supervisor.
    #[track_caller]
    pub fn remove(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Remove, self.tree.audit_here())
    }

    /// Forgets the child if it is down.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotDown`] where it is not; it is left alone then.
    #[track_caller]
    pub fn delete(
        &self,
    ) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Delete, self.tree.audit_here())
    }

    /// Drops the child at its next await; what follows is decided as for any abnormal end.
    #[track_caller]
    pub fn kill(&self) -> impl Future<Output = Result<ChildControlResult, SupervisorError>> + Send {
        self.apply(Verb::Kill, self.tree.audit_here())
    }

    async fn apply(&self, verb: Verb, audit: Audit) -> Result<ChildControlResult, SupervisorError> {
        let child = ChildRef::at(&self.path);
        self.tree.apply(audit, verb, &child).await
    }

    /// Waits for an answer of the mirror; none once the tree is that far.
    async fn until<R>(&self, end: Stage, check: impl Fn(Seen) -> Option<R>) -> Option<R> {
        let at_end = |core: &mut Core| (core.stage() >= end).then_some(());
        let ended = until(self.tree.tree(), Listen::Stage, at_end);
        let changed = Changed {
            mirror: &self.mirror,
            id: 0,
            check: &check,
        };
        tokio::select! {
            biased;
            answer = changed => Some(answer),
            () = ended => check(self.mirror.seen()),
        }
    }

    /// Whether nobody above a child that is down is about to start it again.
    fn rests(&self) -> bool {
        let rests = self
            .tree
            .tree()
            .read(|machine| machine.is_at_rest(&self.path));
        rests.unwrap_or(true)
    }

    /// Waits until what is above the child has decided.
    async fn restarted_or_at_rest(&self) {
        let decided = |core: &mut Core| {
            let over = core.stage() == Stage::Over;
            let restarted = self.mirror.outcome().is_none();
            (over || restarted || core.machine.is_at_rest(&self.path)).then_some(())
        };
        until(self.tree.tree(), Listen::Events, decided).await;
    }

    /// The tree has ended, and the child had not come to rest by itself.
    fn found_at_the_end(&self) -> Result<ChildOutcome, SupervisorError> {
        let now = self.snapshot()?;
        let down = now.state.is_down();
        Ok(ChildOutcome {
            state: if down { ChildState::Stopped } else { now.state },
            exit: now.last_exit,
            failure: None,
        })
    }

    /// Whoever waits for a child must not run inside it, or below it.
    fn not_for_itself(&self, waits: impl FnOnce(Phase) -> bool) -> Result<(), SupervisorError> {
        let tree = self.tree.tree();
        let Some(asking) = current::child_of(tree.address()) else {
            return Ok(());
        };
        let for_itself = tree.read(|machine| {
            let phase = machine.find(asking).map(|node| node.phase);
            let above = machine.lookup(&self.path);
            phase.is_some_and(waits) && above.is_some_and(|id| machine.is_above(id, asking))
        })?;
        if for_itself {
            return Err(SupervisorError::WouldWaitForItself);
        }
        Ok(())
    }
}

impl fmt::Debug for ChildHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildHandle")
            .field("path", &self.path)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Resolves when the check has an answer; it is asked again after every change.
struct Changed<'a, F> {
    mirror: &'a Mirror,
    id: u64,
    check: &'a F,
}

impl<R, F: Fn(Seen) -> Option<R>> Future for Changed<'_, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        if let Some(answer) = (this.check)(this.mirror.seen()) {
            return Poll::Ready(answer);
        }
        drop(this.mirror.listen(&mut this.id, cx.waker().clone()));
        // It may have changed before the waker was there.
        match (this.check)(this.mirror.seen()) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Changed<'_, F> {
    fn drop(&mut self) {
        if self.id != 0 {
            crate::panics::drop_quietly(self.mirror.forget(self.id));
        }
    }
}

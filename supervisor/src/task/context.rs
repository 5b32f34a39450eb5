//! What an attempt knows of itself, and how it talks to its supervisor.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::control::handle::TreeRef;
use crate::event::exit::SpawnedAt;
use crate::id::called::Called;
use crate::id::types::{Attempt, ChildId, Generation};
use crate::machine::input::Input;
use crate::machine::node::{Ix, NodeId};
use crate::runtime::member;
use crate::runtime::slot::Slot;
use crate::runtime::subtasks::Role;
use crate::task::start_reason::StartReason;
#[cfg(doc)]
use crate::task::subtask::SubTaskError;
use crate::task::subtask::{SubTask, SubTaskOutput};

/// The context of one attempt: who it is, and whether it is to stop.
///
/// Every attempt gets its own. It is cheap to clone and may be kept; once its attempt is over it
/// only says so.
///
/// # Examples
///
/// ```
/// use rust_supervisor::task::context::TaskContext;
///
/// async fn tick(ctx: TaskContext) {
///     let pause = std::time::Duration::from_secs(1);
///     while ctx.until_cancelled(tokio::time::sleep(pause)).await.is_some() {
///         // once a second, until asked to stop
///     }
/// }
/// # let _ = tick;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskContext {
    /// The child's name among its siblings.
    pub child_id: ChildId,
    slot: Arc<Slot>,
    generation: u64,
    attempt: u32,
    reason: StartReason,
}

impl TaskContext {
    pub(crate) fn new(slot: Arc<Slot>, generation: u64) -> Self {
        Self {
            child_id: slot.called.id().clone(),
            attempt: slot.attempt(),
            reason: slot.reason(),
            slot,
            generation,
        }
    }

    /// A context that belongs to no tree, for unit tests of supervised functions.
    ///
    /// It is cancelled by cancelling its [token](TaskContext::cancellation_token).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use rust_supervisor::task::context::TaskContext;
    ///
    /// let ctx = TaskContext::detached();
    /// ctx.cancellation_token().cancel();
    /// assert!(ctx.is_cancelled());
    /// ctx.cancelled().await;
    /// # }
    /// ```
    #[must_use]
    pub fn detached() -> Self {
        let id = NodeId {
            ix: Ix::NONE,
            tenancy: 0,
        };
        Self::new(
            Arc::new(Slot::new(id, Called::new("detached".into()), None)),
            0,
        )
    }

    /// The child's path: the names from the root down, joined by slashes.
    #[must_use]
    pub fn path(&self) -> &str {
        self.slot.called.path()
    }

    /// How many start attempts this path had before.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        Generation {
            value: self.generation,
        }
    }

    /// How many starts this is since the back-off was last reset; 1 is the first.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        Attempt {
            value: self.attempt,
        }
    }

    /// Why this attempt was started: for the first time, after a failure, by command.
    #[must_use]
    pub const fn start_reason(&self) -> StartReason {
        self.reason
    }

    /// Whether the attempt is asked to stop, or over.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.slot.is_cancelled(self.generation)
    }

    /// Waits until the attempt is asked to stop.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it may be dropped and made anew at any time.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + use<'_> {
        Cancelled {
            ctx: self,
            token: None,
        }
    }

    /// Runs a future until it is done, or the attempt is asked to stop.
    ///
    /// Then the future is dropped, and the answer is `None`. After the request it is not polled at
    /// all, so a loop around this ends although there is always something to do.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the future, which a stop drops as well: `recv` of a channel loses nothing.
    pub async fn until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            () = self.cancelled() => None,
            output = future => Some(output),
        }
    }

    /// A token that is cancelled when the attempt is asked to stop, and when it ends.
    ///
    /// Made on first use; [`is_cancelled`](TaskContext::is_cancelled) and
    /// [`cancelled`](TaskContext::cancelled) cost less. It is a child of the attempt's own token:
    /// cancelling it tells the supervisor nothing.
    #[must_use]
    pub fn cancellation_token(&self) -> CancellationToken {
        let token = self.slot.token(self.generation);
        if self.slot.tree.is_none() {
            token
        } else {
            token.child_token()
        }
    }

    /// Says that the attempt is ready.
    ///
    /// Counts where its `readiness` is `"explicit"`; otherwise, when said again, and when its
    /// attempt is over, nothing happens.
    pub fn mark_ready(&self) {
        if let Some(tree) = &self.slot.tree {
            tree.tell(Input::Ready(self.slot.id, self.generation));
        }
    }

    /// Says that the attempt is alive and well, where its `heartbeat` is set.
    ///
    /// One atomic store, however often it is called. An attempt that has been silent for longer than
    /// its `heartbeat` says, from the moment it was ready, is ended and restarted by policy.
    #[inline]
    pub fn heartbeat(&self) {
        self.slot.beat(self.generation);
    }

    /// Runs a future beside the body of the attempt, as a part of it.
    ///
    /// A sub-task never outlives its attempt. When the body ends, its sub-tasks are told to stop like
    /// the body ([`cancelled`](TaskContext::cancelled)), have what is left of the `shutdown` budget,
    /// and are then dropped at their next await; the attempt is over, and the next one can start,
    /// when all of them have gone. One that does not listen is waited for until the budget is spent:
    /// wrap it in [`until_cancelled`](TaskContext::until_cancelled) to have it dropped at once.
    ///
    /// When a sub-task fails or panics, the whole attempt is asked to stop at once, and that failure
    /// is the reason of its end. What came first counts; failures that follow are told to `tracing`,
    /// as warnings of the target `rust_supervisor::sub_tasks`.
    ///
    /// It may still be called while the attempt is stopping. Once the body has ended the future is
    /// dropped without being run, and the handle says [`Cancelled`](SubTaskError::Cancelled).
    ///
    /// A bare `tokio::spawn` knows nothing of all this: see [Sub-tasks](crate#sub-tasks).
    ///
    /// # Panics
    ///
    /// With a [detached](TaskContext::detached) context, outside of a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::TaskContext;
    /// use rust_supervisor::task::subtask::SubTaskError;
    ///
    /// async fn fetch(_part: u32) -> Result<Vec<u8>, std::io::Error> {
    ///     Ok(Vec::new())
    /// }
    ///
    /// async fn both(ctx: TaskContext) -> Result<(), SubTaskError> {
    ///     let first = ctx.spawn(fetch(1));
    ///     let second = ctx.spawn(fetch(2));
    ///     // An error of either has failed the attempt by now.
    ///     let (first, second) = (first.await?, second.await?);
    ///     # drop((first, second));
    ///     Ok(())
    /// }
    /// # let _ = both;
    /// ```
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "it runs without its handle as well"
    )]
    pub fn spawn<F>(&self, future: F) -> SubTask<<F::Output as SubTaskOutput>::Value>
    where
        F: Future<Output: SubTaskOutput<Value: Send>> + Send + 'static,
    {
        let at = SpawnedAt::new(Location::caller());
        SubTask::new(member::spawn(&self.slot, self.generation, at, future))
    }

    /// Runs a future that is not `Send` on the thread of a local child, as a part of the attempt: see
    /// [`spawn`](TaskContext::spawn) and [`ChildSpec::local`](crate::ChildSpec::local).
    ///
    /// # Panics
    ///
    /// Elsewhere than on the thread of a local child: there it has nowhere to run.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "it runs without its handle as well"
    )]
    pub fn spawn_local<F>(&self, future: F) -> SubTask<<F::Output as SubTaskOutput>::Value>
    where
        F: Future<Output: SubTaskOutput> + 'static,
    {
        let at = SpawnedAt::new(Location::caller());
        SubTask::new(member::spawn_local(&self.slot, self.generation, at, future))
    }

    /// Runs a function on the blocking pool, as a part of the attempt: see
    /// [`spawn`](TaskContext::spawn).
    ///
    /// A function that has begun to run cannot be dropped. It is waited for: let it look at
    /// [`is_cancelled`](TaskContext::is_cancelled). A child that waits for one beyond its budget is
    /// reported as stuck.
    ///
    /// # Panics
    ///
    /// With a [detached](TaskContext::detached) context, outside of a tokio runtime; and where the
    /// operating system gives no thread.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "it runs without its handle as well"
    )]
    pub fn spawn_blocking<F, T>(&self, code: F) -> SubTask<T::Value>
    where
        F: FnOnce() -> T + Send + 'static,
        T: SubTaskOutput<Value: Send>,
    {
        let at = SpawnedAt::new(Location::caller());
        SubTask::new(member::spawn_blocking(
            &self.slot,
            self.generation,
            Role::SubTask,
            at,
            code,
        ))
    }

    /// When the attempt is dropped if it has not ended by then; `None` as long as it has not been
    /// asked to stop, and where its stop has no bound.
    ///
    /// The smaller of its own `shutdown` budget and what is left of the deadlines above it. A
    /// shutdown that is asked for with a shorter deadline brings it forward.
    ///
    /// # Examples
    ///
    /// ```
    /// # use rust_supervisor::TaskContext;
    /// # async fn flush() {}
    /// async fn writer(ctx: TaskContext) {
    ///     ctx.cancelled().await;
    ///     match ctx.deadline() {
    ///         Some(deadline) => drop(tokio::time::timeout_at(deadline, flush()).await),
    ///         None => flush().await,
    ///     }
    /// }
    /// # let _ = writer;
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<tokio::time::Instant> {
        let tree = self.slot.tree.as_ref()?;
        let (id, generation) = (self.slot.id, self.generation);
        let at = tree
            .read(|machine| machine.dropped_at(id, generation))
            .ok()??;
        tree.instant(at)
    }

    /// Runs the function that is the body of a blocking child.
    #[track_caller]
    pub(crate) fn spawn_body<F, T>(&self, code: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: SubTaskOutput<Value: Send>,
    {
        let at = SpawnedAt::new(Location::caller());
        let body = member::spawn_blocking(&self.slot, self.generation, Role::Body, at, code);
        // It tells its end in its own way.
        drop(body);
    }

    /// Whether the attempt is to be dropped.
    pub(crate) fn is_aborting(&self) -> bool {
        self.slot.is_aborting(self.generation)
    }

    /// The tree that the attempt belongs to; `None` for a detached context.
    ///
    /// Holding it does not keep the tree running. Awaiting the end of the tree through it is
    /// answered at once, with [`WouldWaitForItself`](crate::SupervisorError::WouldWaitForItself).
    #[must_use]
    pub fn tree(&self) -> Option<TreeRef> {
        self.slot.tree.clone().map(TreeRef::new)
    }
}

/// Needs no token while it is polled by the attempt's own task: a stop wakes that anyway.
struct Cancelled<'a> {
    ctx: &'a TaskContext,
    token: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ctx = self.ctx;
        if ctx.is_cancelled() {
            return Poll::Ready(());
        }
        if self.token.is_none() && ctx.slot.tree.is_some() && ctx.slot.wakes_driver(cx.waker()) {
            return Poll::Pending;
        }
        let token = self.token.get_or_insert_with(|| {
            let token = ctx.slot.token(ctx.generation);
            Box::pin(token.cancelled_owned())
        });
        token.as_mut().poll(cx)
    }
}

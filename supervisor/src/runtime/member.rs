//! One sub-task: code that belongs to an attempt, and runs beside its body.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Span;

use super::current;
use super::rest;
use super::slot::Slot;
use super::subtasks::{DropBy, End, Left, Role, Unqueue};
use super::sync::{Mutex, lock};
use crate::event::exit::{During, ExitKind, Panic, SpawnedAt};
use crate::machine::input::Input;
use crate::panics::{self, drop_quietly, quietly};
use crate::task::subtask::{SubTaskError, SubTaskOutput};

/// What the handle of a sub-task resolves to.
pub(crate) type Outcome<V> = Result<V, SubTaskError>;

/// Spawns a future on the tree's runtime; none if the attempt is over.
pub(crate) fn spawn<F>(
    slot: &Arc<Slot>,
    generation: u64,
    at: SpawnedAt,
    future: F,
) -> Option<JoinHandle<Outcome<<F::Output as SubTaskOutput>::Value>>>
where
    F: Future<Output: SubTaskOutput<Value: Send>> + Send + 'static,
{
    let (member, key) = Member::enter(slot, generation, Role::SubTask, at)?;
    let handle = runtime(slot).spawn(Async::new(future, member));
    slot.spawned(key, || DropBy::Abort(handle.abort_handle()));
    Some(handle)
}

/// Spawns a future on the thread of a local child; none if the attempt is over.
pub(crate) fn spawn_local<F>(
    slot: &Arc<Slot>,
    generation: u64,
    at: SpawnedAt,
    future: F,
) -> Option<JoinHandle<Outcome<<F::Output as SubTaskOutput>::Value>>>
where
    F: Future<Output: SubTaskOutput> + 'static,
{
    let (member, key) = Member::enter(slot, generation, Role::SubTask, at)?;
    let handle = tokio::task::spawn_local(Async::new(future, member));
    slot.spawned(key, || DropBy::Abort(handle.abort_handle()));
    Some(handle)
}

/// Runs a function on the blocking pool of the tree's runtime; none if the attempt is over.
pub(crate) fn spawn_blocking<F, T>(
    slot: &Arc<Slot>,
    generation: u64,
    role: Role,
    at: SpawnedAt,
    code: F,
) -> Option<JoinHandle<Outcome<T::Value>>>
where
    F: FnOnce() -> T + Send + 'static,
    T: SubTaskOutput<Value: Send>,
{
    let (member, key) = Member::enter(slot, generation, role, at)?;
    let queued = Arc::new(Queued(Mutex::new(Some(Blocking {
        code: Some(code),
        member,
    }))));
    let job = Job(Arc::clone(&queued));
    let spawn = || {
        runtime(slot).spawn_blocking(move || match job.0.take() {
            Some(mut job) => job.run(),
            None => Err(SubTaskError::Cancelled),
        })
    };
    let handle = catch_unwind(AssertUnwindSafe(spawn)).unwrap_or_else(|panic| {
        // There is no thread, and tokio has it in its queue all the same.
        queued.unqueue();
        resume_unwind(panic)
    });
    slot.spawned(key, || DropBy::Unqueue(queued));
    Some(handle)
}

/// A detached context has no tree; it runs where it is.
fn runtime(slot: &Slot) -> Handle {
    slot.tree
        .as_ref()
        .map_or_else(Handle::current, |tree| tree.runtime.clone())
}

/// The membership of a sub-task in an attempt; it ends as the last thing of the sub-task.
#[derive(Debug)]
pub(crate) struct Member {
    slot: Arc<Slot>,
    generation: u64,
    /// None outside of a tree.
    key: Option<u64>,
    at: SpawnedAt,
    /// That of the one who spawned it.
    span: Span,
}

impl Member {
    fn enter(
        slot: &Arc<Slot>,
        generation: u64,
        role: Role,
        at: SpawnedAt,
    ) -> Option<(Self, Option<u64>)> {
        let key = match &slot.tree {
            Some(_) => Some(slot.enter_sub_task(generation, role)?),
            None => None,
        };
        let member = Self {
            slot: Arc::clone(slot),
            generation,
            key,
            at,
            span: Span::none(),
        };
        Some((member, key))
    }

    /// Runs code of the sub-task as code of its child.
    fn run<R>(&self, during: During, code: impl FnOnce() -> R) -> Result<R, Panic> {
        let tree = self.slot.tree.as_ref();
        let _mark = tree.map(|tree| current::enter(tree.address(), self.slot.id));
        panics::catch(during, || {
            let _entered = self.span.enter();
            code()
        })
    }

    /// The sub-task has ended so. A failure is one of its attempt, which is asked to stop at once.
    fn ended<T: SubTaskOutput>(&self, ended: Result<T, Panic>) -> Outcome<T::Value> {
        match ended.map(SubTaskOutput::into_value) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => {
                self.failed(failure.into());
                Err(SubTaskError::Failed)
            }
            Err(panic) => {
                self.failed(ExitKind::Panicked(panic));
                Err(SubTaskError::Panicked)
            }
        }
    }

    fn failed(&self, kind: ExitKind) {
        let end = End {
            kind,
            sub_task: Some(self.at.clone()),
        };
        let Some(tree) = &self.slot.tree else {
            // Nobody else would hear of it.
            rest::tell_further(&self.slot, self.generation, end);
            return quietly(|| self.slot.token(self.generation).cancel());
        };
        match self.slot.sub_tasks().failed(self.generation, end) {
            Ok(()) => tree.tell(Input::Ending(self.slot.id, self.generation)),
            Err(further) => rest::tell_further(&self.slot, self.generation, further),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        match self.slot.sub_tasks().left(key) {
            Left::Nothing => {}
            Left::WakeDriver => quietly(|| self.slot.wake_driver()),
            Left::Tell(orphans) => rest::tell_orphans(&self.slot, orphans),
        }
    }
}

pin_project! {
    /// Fields are dropped in order: the membership ends when nothing else is left.
    struct Async<F> {
        // Empty once it has ended.
        #[pin]
        future: Option<F>,
        member: Member,
    }

    impl<F> PinnedDrop for Async<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            clear(this.future, this.member);
        }
    }
}

impl<F> Async<F> {
    fn new(future: F, mut member: Member) -> Self {
        member.span = Span::current();
        Self {
            future: Some(future),
            member,
        }
    }
}

/// Drops the future. A panic in that is a failure of the sub-task.
fn clear<F>(mut future: Pin<&mut Option<F>>, member: &Member) {
    if future.is_some() {
        if let Err(panic) = member.run(During::Drop, || future.set(None)) {
            member.failed(ExitKind::Panicked(panic));
        }
    }
}

impl<F: Future<Output: SubTaskOutput>> Future for Async<F> {
    type Output = Outcome<<F::Output as SubTaskOutput>::Value>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match this.future.as_mut().as_pin_mut() {
            Some(future) => this.member.run(During::Poll, || future.poll(cx)),
            None => return Poll::Pending,
        };
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        let outcome = this.member.ended(ended);
        clear(this.future, this.member);
        Poll::Ready(outcome)
    }
}

/// What waits for a thread, or has been taken by one.
struct Queued<F>(Mutex<Option<Blocking<F>>>);

impl<F> Queued<F> {
    fn take(&self) -> Option<Blocking<F>> {
        lock(&self.0).take()
    }
}

impl<F: Send> Unqueue for Queued<F> {
    fn unqueue(&self) {
        drop(self.take());
    }
}

/// The place in the queue; given up, when it is run or when the runtime goes.
struct Job<F>(Arc<Queued<F>>);

impl<F> Drop for Job<F> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

/// Fields are dropped in order, as in [`Async`].
struct Blocking<F> {
    code: Option<F>,
    member: Member,
}

impl<F> Blocking<F> {
    fn run<T: SubTaskOutput>(&mut self) -> Outcome<T::Value>
    where
        F: FnOnce() -> T,
    {
        let Some(code) = self.code.take() else {
            return Err(SubTaskError::Cancelled);
        };
        let ended = self.member.run(During::Poll, code);
        self.member.ended(ended)
    }
}

impl<F> Drop for Blocking<F> {
    fn drop(&mut self) {
        let Some(code) = self.code.take() else { return };
        if let Err(panic) = self.member.run(During::Drop, || drop(code)) {
            self.member.failed(ExitKind::Panicked(panic));
        }
    }
}

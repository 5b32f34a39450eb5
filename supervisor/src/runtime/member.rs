//! One sub-task: code that belongs to an attempt, and runs beside its body.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
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
use crate::task::subtask::{SubTaskError, SubTaskFailure, SubTaskOutput};

/// What the handle of a sub-task resolves to.
pub(crate) type Outcome<V> = Result<V, SubTaskError>;

/// A sub-task that the runtime has taken on, and its result: there when the task has ended.
///
/// It does not lie in the task: tokio would drop a result that nobody takes after the sub-task has
/// left its attempt, and keep silent where that panics.
#[derive(Debug)]
pub(crate) struct Spawned<V> {
    pub(crate) task: JoinHandle<()>,
    pub(crate) outcome: oneshot::Receiver<Outcome<V>>,
}

/// Spawns a future on the tree's runtime; none if the attempt is over.
pub(crate) fn spawn<F>(
    slot: &Arc<Slot>,
    generation: u64,
    at: SpawnedAt,
    future: F,
) -> Option<Spawned<<F::Output as SubTaskOutput>::Value>>
where
    F: Future<Output: SubTaskOutput<Value: Send>> + Send + 'static,
{
    spawn_by(slot, generation, at, future, |task| {
        runtime(slot).spawn(task)
    })
}

/// Spawns a future on the thread of a local child; none if the attempt is over.
pub(crate) fn spawn_local<F>(
    slot: &Arc<Slot>,
    generation: u64,
    at: SpawnedAt,
    future: F,
) -> Option<Spawned<<F::Output as SubTaskOutput>::Value>>
where
    F: Future<Output: SubTaskOutput> + 'static,
{
    spawn_by(slot, generation, at, future, tokio::task::spawn_local)
}

fn spawn_by<F, V>(
    slot: &Arc<Slot>,
    generation: u64,
    at: SpawnedAt,
    future: F,
    spawn: impl FnOnce(Async<F, V>) -> JoinHandle<()>,
) -> Option<Spawned<V>> {
    let (member, key) = Member::enter(slot, generation, Role::SubTask, at)?;
    let (tell, outcome) = oneshot::channel();
    let task = spawn(Async::new(future, tell, member));
    slot.spawned(key, || DropBy::Abort(task.abort_handle()));
    Some(Spawned { task, outcome })
}

/// Runs a function on the blocking pool of the tree's runtime; none if the attempt is over.
pub(crate) fn spawn_blocking<F, T>(
    slot: &Arc<Slot>,
    generation: u64,
    role: Role,
    at: SpawnedAt,
    code: F,
) -> Option<Spawned<T::Value>>
where
    F: FnOnce() -> T + Send + 'static,
    T: SubTaskOutput<Value: Send>,
{
    let (member, key) = Member::enter(slot, generation, role, at)?;
    let (tell, outcome) = oneshot::channel();
    let queued = Arc::new(Queued(Mutex::new(Some(Blocking {
        code: Some((code, tell)),
        member,
    }))));
    let job = Job(Arc::clone(&queued));
    let spawn = || {
        runtime(slot).spawn_blocking(move || {
            if let Some(mut job) = job.0.take() {
                job.run();
            }
        })
    };
    let task = catch_unwind(AssertUnwindSafe(spawn)).unwrap_or_else(|panic| {
        // There is no thread, and tokio has it in its queue all the same.
        queued.unqueue();
        resume_unwind(panic)
    });
    slot.spawned(key, || DropBy::Unqueue(queued));
    Some(Spawned { task, outcome })
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
    fn ended<V>(&self, ended: Result<Result<V, SubTaskFailure>, Panic>) -> Outcome<V> {
        match ended {
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

    /// Drops a value of the sub-task. A panic in that is a failure of the sub-task.
    fn drop_inside(&self, drop: impl FnOnce()) {
        if let Err(panic) = self.run(During::Drop, drop) {
            self.failed(ExitKind::Panicked(panic));
        }
    }

    /// Leaves the outcome to whoever has the handle; where nobody has, it is dropped here.
    fn deliver<V>(&self, tell: oneshot::Sender<Outcome<V>>, outcome: Outcome<V>) {
        if let Err(unwanted) = tell.send(outcome) {
            self.drop_inside(|| drop(unwanted));
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
    struct Async<F, V> {
        // Empty once it has ended.
        #[pin]
        future: Option<F>,
        tell: Option<oneshot::Sender<Outcome<V>>>,
        member: Member,
    }

    impl<F, V> PinnedDrop for Async<F, V> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            clear(this.future, this.member);
        }
    }
}

impl<F, V> Async<F, V> {
    fn new(future: F, tell: oneshot::Sender<Outcome<V>>, mut member: Member) -> Self {
        member.span = Span::current();
        Self {
            future: Some(future),
            tell: Some(tell),
            member,
        }
    }
}

/// Drops the future.
fn clear<F>(mut future: Pin<&mut Option<F>>, member: &Member) {
    if future.is_some() {
        member.drop_inside(|| future.set(None));
    }
}

impl<F: Future<Output: SubTaskOutput<Value = V>>, V> Future for Async<F, V> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        // What turns the output into a failure is code of users, too.
        let poll = || future.poll(cx).map(SubTaskOutput::into_value);
        let ended = match this.member.run(During::Poll, poll) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        let outcome = this.member.ended(ended);
        clear(this.future, this.member);
        if let Some(tell) = this.tell.take() {
            this.member.deliver(tell, outcome);
        }
        Poll::Ready(())
    }
}

/// What waits for a thread, or has been taken by one.
struct Queued<F, V>(Mutex<Option<Blocking<F, V>>>);

impl<F, V> Queued<F, V> {
    fn take(&self) -> Option<Blocking<F, V>> {
        lock(&self.0).take()
    }
}

impl<F: Send, V: Send> Unqueue for Queued<F, V> {
    fn unqueue(&self) {
        drop(self.take());
    }
}

/// The place in the queue; given up, when it is run or when the runtime goes.
struct Job<F, V>(Arc<Queued<F, V>>);

impl<F, V> Drop for Job<F, V> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

/// Fields are dropped in order, as in [`Async`].
struct Blocking<F, V> {
    /// And who is to be told. Empty once it runs.
    code: Option<(F, oneshot::Sender<Outcome<V>>)>,
    member: Member,
}

impl<F, V> Blocking<F, V> {
    fn run<T>(&mut self)
    where
        F: FnOnce() -> T,
        T: SubTaskOutput<Value = V>,
    {
        let Some((code, tell)) = self.code.take() else {
            return;
        };
        let ended = self.member.run(During::Poll, || code().into_value());
        let outcome = self.member.ended(ended);
        self.member.deliver(tell, outcome);
    }
}

impl<F, V> Drop for Blocking<F, V> {
    fn drop(&mut self) {
        if let Some(code) = self.code.take() {
            self.member.drop_inside(|| drop(code));
        }
    }
}

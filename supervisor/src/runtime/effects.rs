//! What has to be done once the lock is free: everything that wakes, spawns, or drops.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::sync::oneshot;

use super::current;
use super::driver::Driver;
use super::places::Left;
use super::slot::{Slot, Word};
use super::tree::{Reply, Tree};
use super::watchdog::Watchdog;
use super::{nudge, records};
use crate::machine::Trash;
use crate::machine::mirror::Mirror;
use crate::panics::{drop_quietly, quietly};
use crate::task::launch::Launch;

thread_local! {
    /// Empty ones, whose lists keep their memory: most calls would otherwise pay for a list.
    static SPARE: Cell<Option<Box<Effects>>> = const { Cell::new(None) };
}

/// The memory of longer lists than this is not kept for the next call.
const KEPT: usize = 256;

/// Collected under the lock, carried out after it. A panic in one of them must not keep the others
/// from happening.
#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, each set and cleared alone"
)]
pub(super) struct Effects {
    pub(super) changed: Vec<(Arc<Slot>, Word)>,
    pub(super) arm: bool,
    /// There is an earlier deadline, in so much time.
    pub(super) expect: Option<Duration>,
    pub(super) spawns: Vec<(Arc<Slot>, Launch)>,
    /// Children that are to be watched for stalls of this length; none: that are not any more.
    pub(super) watched: Vec<(Arc<Slot>, Option<Duration>)>,
    pub(super) answers: Vec<(oneshot::Sender<Reply>, Reply)>,
    /// Of commands that will not be answered any more.
    pub(super) unanswered: Vec<oneshot::Sender<Reply>>,
    pub(super) readers: Vec<Waker>,
    /// There are others, who are to be woken a little later.
    pub(super) unread: bool,
    /// Of children whose state has changed.
    pub(super) mirrors: Vec<Arc<Mirror>>,
    pub(super) trash: Trash,
    pub(super) launches: Vec<Launch>,
    /// A list of code in which none is left.
    pub(super) emptied: Vec<Option<Launch>>,
    /// There are new events, and a `tracing` subscriber that wants them.
    pub(super) traces: bool,
    /// A task has been woken that may sit where only this thread takes from.
    hidden: bool,
    /// The child whose task that is, where nobody has been woken behind it.
    pub(super) next: Option<Arc<Slot>>,
}

impl Effects {
    /// Nothing to do yet.
    pub(super) fn none() -> Box<Self> {
        let spare = SPARE.try_with(Cell::take);
        spare.ok().flatten().unwrap_or_default()
    }

    /// Keeps the memory of lists that have been carried out; answers whether a task has been woken
    /// that may sit where only this thread takes from.
    pub(super) fn keep(mut self: Box<Self>) -> bool {
        let hidden = std::mem::take(&mut self.hidden);
        // Not while the thread's locals are being destroyed.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        hidden
    }

    /// What was left at a place of a tree that has ended.
    pub(super) fn left(&mut self, left: Left) {
        match left {
            Left::Code(launch) => self.launches.push(launch),
            Left::Task(slot, before) => self.changed.push((slot, before)),
        }
    }

    /// Carries everything out, in an order in which nobody waits for somebody's `Drop`.
    ///
    /// Answers whether other tasks of the tree have been woken.
    pub(super) fn carry_out(&mut self, tree: &Arc<Tree>) -> bool {
        current::assert_unlocked();
        if let Some(left) = self.expect.take() {
            nudge::expect(left);
        }
        let others = self.arm || !self.spawns.is_empty() || !self.answers.is_empty();
        let strangers = !self.readers.is_empty()
            || !self.unanswered.is_empty()
            || !self.watched.is_empty()
            || !self.mirrors.is_empty();
        let woke = others || !self.changed.is_empty();
        if woke || strangers {
            self.next = None;
            if self.changed.len() == 1 && !others && !strangers {
                self.wake_next();
            } else {
                self.wake(tree);
            }
            self.hidden = true;
        }
        // From here on code of users may block this thread, also in a later part of the same call.
        if self.hidden && (self.traces || self.owns_foreign()) {
            Tree::push();
            self.hidden = false;
            self.next = None;
        }
        each(&mut self.trash.records, records::give_up);
        if !self.trash.is_empty() {
            self.trash.clear();
        }
        if !self.emptied.is_empty() {
            self.emptied = Vec::new();
        }
        if !(self.launches.is_empty() && self.mirrors.is_empty()) {
            self.drop_owned();
        }
        if std::mem::take(&mut self.traces) {
            let _ = super::lifecycle::report(tree);
        }
        woke
    }

    fn wake_next(&mut self) {
        if let Some((slot, before)) = self.changed.pop() {
            quietly(|| slot.notify(before));
            // Who waits for its token has been woken behind it.
            self.next = (!before.has_token()).then_some(slot);
        }
    }

    /// Whether code of users runs when it is dropped.
    fn owns_foreign(&self) -> bool {
        !self.launches.is_empty() || !self.mirrors.is_empty() || self.trash.runs_user_code()
    }

    fn wake(&mut self, tree: &Arc<Tree>) {
        each(&mut self.changed, |(slot, before)| {
            quietly(|| slot.notify(before));
        });
        if std::mem::take(&mut self.arm) {
            tree.timekeeper.notify_one();
        }
        each(&mut self.watched, |(slot, longest)| {
            Watchdog::watch(tree, slot, longest);
        });
        each(&mut self.spawns, |(slot, launch)| {
            launch.launch(Driver::new(slot), &tree.runtime);
        });
        // Who does not wait for the answer any more does not want it.
        each(&mut self.answers, |(sender, reply)| {
            quietly(|| drop(sender.send(reply)));
        });
        each(&mut self.unanswered, drop_quietly);
        each(&mut self.readers, |reader| quietly(|| reader.wake()));
        for waker in self.mirrors.iter().flat_map(|mirror| mirror.take_waiting()) {
            quietly(|| waker.wake());
        }
    }

    /// Each alone: a panic of one must not meet that of another.
    fn drop_owned(&mut self) {
        each(&mut self.launches, drop_quietly);
        each(&mut self.mirrors, drop_quietly);
    }
}

/// Takes everything out of a list. Most are empty, and to drain one costs something then, too.
#[inline]
fn each<T>(list: &mut Vec<T>, f: impl FnMut(T)) {
    if !list.is_empty() {
        list.drain(..).for_each(f);
        if list.capacity() > KEPT {
            *list = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;
    use crate::id::called::Called;
    use crate::machine::node::{Ix, NodeId};
    use crate::spec::child::Body;
    use crate::{ChildSpec, Supervisor, SupervisorSpec};

    /// Blocks its thread when it is dropped, until somebody has run; tells whether anybody has.
    struct Blocks(mpsc::Receiver<()>, mpsc::Sender<bool>);

    impl Drop for Blocks {
        fn drop(&mut self) {
            let ran = self.0.recv_timeout(Duration::from_secs(10));
            let _ = self.1.send(ran.is_ok());
        }
    }

    fn code_that_owns(value: impl Send + 'static) -> Launch {
        let value = std::sync::Mutex::new(value);
        let spec = ChildSpec::from_fn("child", move |_| {
            let _owned = &value;
            std::future::pending::<()>()
        });
        match spec.body {
            Body::Worker(launch) => launch,
            Body::Declared | Body::Supervisor(_) => unreachable!("it has code"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_woken_runs_also_where_a_later_part_of_the_call_blocks_its_thread() {
        let spec = SupervisorSpec::root(Vec::new());
        let handle = Supervisor::start(spec).await.expect("starts");
        let (waits, mut waiting) = tokio::sync::mpsc::unbounded_channel();
        let (runs, ran) = mpsc::channel();
        let (says, said) = mpsc::channel();
        let reader = tokio::spawn(async move {
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                let first = polls == 1;
                if first {
                    waits.send(cx.waker().clone()).expect("it is waited for");
                }
                if first {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            runs.send(()).expect("it is waited for");
        });
        let waker = waiting.recv().await.expect("the reader leaves its waker");
        let blocks = tokio::spawn(async move {
            let mut effects = Effects::none();
            effects.readers.push(waker);
            assert!(!effects.carry_out(handle.inner()));
            effects.launches.push(code_that_owns(Blocks(ran, says)));
            assert!(!effects.carry_out(handle.inner()));
            effects.keep();
        });
        blocks.await.expect("it does not panic");
        assert_eq!(
            said.try_recv(),
            Ok(true),
            "the reader did not run meanwhile"
        );
        reader.await.expect("it does not panic");
    }

    #[tokio::test]
    async fn whom_to_watch_is_told_also_where_there_is_nothing_else_to_do() {
        let spec = SupervisorSpec::root(Vec::new());
        let handle = Supervisor::start(spec).await.expect("starts");
        let tree = handle.inner();
        let id = NodeId {
            ix: Ix::NONE,
            tenancy: 0,
        };
        let slot = Arc::new(Slot::new(id, Called::new("child".into()), None));
        let mut effects = Effects::none();
        effects.watched.push((Arc::clone(&slot), None));
        assert!(!effects.carry_out(tree));
        assert!(effects.watched.is_empty(), "it would be told another tree");
        effects.keep();
    }
}

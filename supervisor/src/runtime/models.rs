//! What is written by hand here, under every interleaving that loom finds: see `CONTRIBUTING.md`.
//!
//! These run the code that is shipped, with loom's primitives in place of those of the standard
//! library. A wake-up that gets lost shows as a deadlock.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, Thread};
use tokio::runtime::{Builder, Runtime};

use super::core::Listen;
use super::slot::{Slot, Word};
use super::subtasks::{DropBy, Left, Role, Unqueue};
use super::tree::Tree;
use super::watchdog::{Watchdog, Watched};
use crate::event::exit::ExitKind;
use crate::event::snapshot::ChildState;
use crate::id::called::Called;
use crate::machine::input::Input;
use crate::machine::mirror::{Mirror, Seen};
use crate::machine::node::{Ix, NodeId};
use crate::machine::time::Nanos;
use crate::spec::plan::Plan;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::start_reason::StartReason;

/// Lets the thread of the model go on.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Trees need one; nothing runs on it.
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("builds")
}

fn tree(runtime: &tokio::runtime::Handle) -> Arc<Tree> {
    let plan = Plan::try_from(SupervisorSpec::root(Vec::new())).expect("sound");
    Tree::new(plan, runtime.clone())
}

fn slot(tree: Option<Arc<Tree>>) -> Arc<Slot> {
    let id = NodeId {
        ix: Ix(1),
        tenancy: 0,
    };
    Arc::new(Slot::new(id, Called::new("a".into()), tree))
}

fn model(f: impl Fn(&tokio::runtime::Handle) + Send + Sync + 'static) {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let _entered = handle.enter();
        f(&handle);
    });
}

/// Waits as a driver does: registers, looks, and sleeps.
fn drive_until(slot: &Slot, is: impl Fn(Word) -> bool) {
    let waker = waker();
    loop {
        slot.register(&waker);
        if is(slot.load()) {
            return;
        }
        thread::park();
    }
}

#[test]
fn a_stop_and_an_abort_reach_a_driver_whenever_it_registers() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        slot.want_start(0, 1, StartReason::First);
        let stops = Arc::clone(&slot);
        let stopper = thread::spawn(move || {
            let before = stops.want_stop();
            stops.notify(before);
            let before = stops.want_abort();
            stops.notify(before);
        });
        drive_until(&slot, Word::is_stopping);
        drive_until(&slot, Word::is_aborting);
        stopper.join().expect("no panic");
    });
}

#[test]
fn a_start_and_the_release_reach_a_driver_that_parks() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        let starts = Arc::clone(&slot);
        let starter = thread::spawn(move || {
            let before = starts.want_start(0, 1, StartReason::First);
            starts.notify(before);
            let before = starts.want_release();
            starts.notify(before);
        });
        drive_until(&slot, |word| word.generation() == Some(0));
        drive_until(&slot, Word::is_released);
        starter.join().expect("no panic");
    });
}

#[test]
fn a_token_that_is_made_beside_a_stop_is_cancelled() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        slot.want_start(0, 1, StartReason::First);
        let stops = Arc::clone(&slot);
        let stopper = thread::spawn(move || {
            let before = stops.want_stop();
            stops.notify(before);
        });
        let asks = Arc::clone(&slot);
        let asker = thread::spawn(move || asks.token(0));
        let token = slot.token(0);
        let other = asker.join().expect("no panic");
        stopper.join().expect("no panic");
        assert!(token.is_cancelled() && other.is_cancelled());
    });
}

#[test]
fn a_token_is_cancelled_by_the_end_of_its_own_attempt_and_not_of_the_one_before() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        slot.want_start(0, 1, StartReason::First);
        let ends = Arc::clone(&slot);
        let driver = thread::spawn(move || {
            let before = ends.end_attempt();
            if before.has_token() {
                ends.tell_token(before);
            }
            ends.want_start(1, 2, StartReason::First);
            ends.token(1)
        });
        let first = slot.token(0);
        let second = driver.join().expect("no panic");
        assert!(first.is_cancelled(), "its attempt is over");
        assert!(!second.is_cancelled(), "its attempt is not");
        let before = slot.want_stop();
        slot.notify(before);
        assert!(second.is_cancelled());
    });
}

/// Spawns a sub-task that runs for a moment; `runs` is true while it does.
fn sub_task(slot: &Slot, runs: &AtomicBool) {
    if let Some(key) = slot.enter_sub_task(0, Role::SubTask) {
        runs.store(true, Ordering::Release);
        thread::yield_now();
        runs.store(false, Ordering::Release);
        if let Left::WakeDriver = slot.sub_tasks().left(key) {
            slot.wake_driver();
        }
    }
}

/// Ends an attempt as its driver does: no end before its sub-tasks have ended.
fn end(slot: &Slot) {
    let before = slot.end_attempt();
    if before.has_sub_tasks() {
        assert!(slot.sub_tasks().close(0, ExitKind::Succeeded).is_none());
        while slot.sub_tasks().poll_end().is_none() {
            thread::park();
        }
    }
}

#[test]
fn a_sub_task_is_waited_for_or_refused() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        slot.want_start(0, 1, StartReason::First);
        slot.register(&waker());
        let runs = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let spawners: Vec<_> = (0..2)
            .map(|n| {
                let (slot, runs) = (Arc::clone(&slot), Arc::clone(&runs));
                thread::spawn(move || sub_task(&slot, &runs[n]))
            })
            .collect();
        end(&slot);
        for runs in &*runs {
            assert!(!runs.load(Ordering::Acquire), "it outlives its attempt");
        }
        assert_eq!(slot.enter_sub_task(0, Role::SubTask), None, "it is over");
        for spawner in spawners {
            spawner.join().expect("no panic");
        }
        assert!(slot.sub_tasks().is_empty());
    });
}

/// What is dropped at once when it is to be.
struct Queued {
    slot: Arc<Slot>,
    key: u64,
    gone: AtomicBool,
}

impl Unqueue for Queued {
    fn unqueue(&self) {
        assert!(!self.gone.swap(true, Ordering::AcqRel), "dropped twice");
        if let Left::WakeDriver = self.slot.sub_tasks().left(self.key) {
            self.slot.wake_driver();
        }
    }
}

#[test]
fn a_sub_task_is_dropped_by_an_abort_whenever_the_runtime_takes_it_on() {
    model(|runtime| {
        let slot = slot(Some(tree(runtime)));
        slot.want_start(0, 1, StartReason::First);
        slot.register(&waker());
        let spawns = Arc::clone(&slot);
        let spawner = thread::spawn(move || {
            if let Some(key) = spawns.enter_sub_task(0, Role::SubTask) {
                let queued = Arc::new(Queued {
                    slot: Arc::clone(&spawns),
                    key,
                    gone: AtomicBool::new(false),
                });
                spawns.spawned(Some(key), || DropBy::Unqueue(queued));
            }
        });
        slot.want_abort();
        if slot.end_attempt().has_sub_tasks() {
            assert!(slot.sub_tasks().close(0, ExitKind::Aborted).is_none());
            slot.sub_tasks().abort_all();
            while slot.sub_tasks().poll_end().is_none() {
                thread::park();
            }
        }
        spawner.join().expect("no panic");
        assert!(slot.sub_tasks().is_empty(), "it is left");
    });
}

#[test]
fn a_subscriber_is_woken_by_every_event_and_by_the_end() {
    model(|runtime| {
        let tree = tree(runtime);
        let moves = Arc::clone(&tree);
        let mover = thread::spawn(move || {
            for input in [Input::Start, Input::RuntimeGone] {
                let now = moves.now_inside();
                let told = moves.with(now, |core| core.machine.handle(now, input));
                assert!(told.is_ok());
            }
        });
        let waker = waker();
        let mut id = 0;
        let mut wait = |listen, is: &dyn Fn(&mut super::core::Core) -> bool| {
            let waits = || tree.poll_until(&mut id, listen, &waker, |core| is(core).then_some(()));
            let mut waits = waits;
            while waits().is_none() {
                thread::park();
            }
            tree.stop_listening(std::mem::take(&mut id), listen);
        };
        wait(Listen::Events, &|core| core.machine.journal().seq() >= 1);
        wait(Listen::Stage, &|core| {
            core.stage() == super::core::Stage::Over
        });
        mover.join().expect("no panic");
        let left = tree.with(tree.now_inside(), |core| core.listeners_left());
        assert_eq!(left.expect("sound"), 0);
    });
}

#[test]
fn a_subscriber_is_woken_by_what_the_task_of_a_child_has_told_before_it_pauses() {
    model(|runtime| {
        let tree = tree(runtime);
        let task = slot(Some(Arc::clone(&tree)));
        let tells = thread::spawn(move || {
            let tree = task.tree.as_ref().expect("it has one");
            // The clock stands still, so a reader has always come just now.
            let now = Nanos::default();
            let mut unread = tree.report_in_turn(&task, now, Input::Start).unread;
            unread |= tree.report_in_turn(&task, now, Input::RuntimeGone).unread;
            // It yields, comes back, and pauses.
            if unread && tree.wake_settled_readers() {
                tree.wake_readers();
            }
        });
        let (waker, mut id, mut seen) = (waker(), 0, 0);
        while seen < 2 {
            let read = |core: &mut super::core::Core| {
                let newest = core.machine.journal().seq();
                (newest > seen).then_some(newest)
            };
            match tree.poll_until(&mut id, Listen::Events, &waker, read) {
                Some(newest) => seen = newest,
                None => thread::park(),
            }
        }
        tree.stop_listening(id, Listen::Events);
        tells.join().expect("no panic");
    });
}

#[test]
fn whoever_waits_for_a_state_is_woken_by_it() {
    model(|_| {
        let seen = |state| Seen::new(state, false, Some(0));
        let mirror = Arc::new(Mirror::new(seen(ChildState::Running), None));
        let turns = Arc::clone(&mirror);
        let turner = thread::spawn(move || {
            for state in [ChildState::Stopping, ChildState::Stopped] {
                assert!(turns.turn(seen(state)));
                for waker in turns.take_waiting() {
                    waker.wake();
                }
            }
        });
        let (waker, mut id) = (waker(), 0);
        loop {
            drop(mirror.listen(&mut id, waker.clone()));
            if mirror.seen().state() == ChildState::Stopped {
                break;
            }
            thread::park();
        }
        drop(mirror.forget(id));
        turner.join().expect("no panic");
        assert!(mirror.take_waiting().is_empty());
    });
}

#[test]
fn whoever_is_to_be_watched_is_watched_by_somebody() {
    model(|runtime| {
        let watchdog = Arc::new(Watchdog::default());
        let new = |slot| Watched::new(slot, Duration::from_secs(1));
        let first = slot(Some(tree(runtime)));
        let place = Arc::as_ptr(&first).addr();
        assert!(watchdog.enlist(new(first)));
        let keeps = Arc::clone(&watchdog);
        // A child goes, as another one comes.
        let keeper = thread::spawn(move || {
            let mut watched = HashMap::new();
            let mut goes_on = keeps.take_over(&mut watched, false).is_some();
            if goes_on {
                watched.remove(&place);
                goes_on = keeps.take_over(&mut watched, false).is_some();
            }
            (goes_on, watched.len())
        });
        let starts_another = watchdog.enlist(new(slot(Some(tree(runtime)))));
        let (goes_on, watches) = keeper.join().expect("no panic");
        assert!(goes_on != starts_another, "one thread, no more and no less");
        assert_eq!(watches, usize::from(goes_on));
    });
}

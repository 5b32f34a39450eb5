//! Code of users never runs under the tree's lock: every place where it can hide calls the tree.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TaskResult, TreeRef};
use supervisor_tests::{Log, obedient};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

/// Calls the tree wherever it is used: a deadlock, or a debug assertion, if under the lock.
#[derive(Clone, Default)]
struct Caller {
    tree: Arc<OnceLock<TreeRef>>,
    called: Arc<AtomicUsize>,
}

impl Caller {
    fn call(&self) {
        if let Some(tree) = self.tree.get() {
            let _ = tree.snapshot();
            let _ = tree.is_ready();
            self.called.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// An error that calls the tree in its `Display`, its `source` and its `Drop`.
struct Calling(Caller);

impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.call();
        f.write_str("Calling")
    }
}

impl fmt::Display for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.call();
        f.write_str("calling")
    }
}

impl Error for Calling {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.call();
        None
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        self.0.call();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_that_are_evicted_from_the_journal_may_call_the_tree() {
    let caller = Caller::default();
    let (seen, log) = (caller.clone(), Log::new());
    let done = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let (caller, log) = (seen.clone(), done.clone());
        async move {
            // Three events for each restart: the ring is lapped.
            if ctx.generation().value < 8_000 {
                return TaskResult::failed(Calling(caller));
            }
            log.write("done");
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
    })
    .backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![child]).intensity(UNLIMITED);
    let handle = Supervisor::start(spec).await.expect("starts");
    caller.tree.set(handle.downgrade()).expect("once");
    log.wait_for("done", 1).await;
    assert!(
        caller.called.load(Ordering::Relaxed) > 1_000,
        "evicted errors have been dropped"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn factories_and_futures_may_call_the_tree_when_they_are_dropped() {
    struct CallsInDrop(Caller);

    impl Drop for CallsInDrop {
        fn drop(&mut self) {
            self.0.call();
        }
    }

    let caller = Caller::default();
    let log = Log::new();
    let (in_factory, in_future) = (CallsInDrop(caller.clone()), caller.clone());
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let _ = &in_factory;
        let (live, log) = (CallsInDrop(in_future.clone()), seen.clone());
        async move {
            let _live = live;
            log.write("runs");
            ctx.cancelled().await;
        }
    });
    let never = CallsInDrop(caller.clone());
    let unborn = ChildSpec::from_fn("unborn", move |_ctx: TaskContext| {
        let _ = &never;
        async {}
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![obedient(
        "sibling",
        &log,
        Duration::ZERO,
    )]))
    .await
    .expect("starts");
    caller.tree.set(handle.downgrade()).expect("once");
    handle.start_child("/", child).await.expect("added");
    log.wait_for("runs", 1).await;
    // Refused: what it owns is dropped all the same.
    handle
        .start_child("/", unborn.named("sibling"))
        .await
        .expect_err("the name is taken");
    assert_eq!(caller.called.load(Ordering::Relaxed), 1);
    handle
        .remove_child("child", "test", "drop it")
        .await
        .expect("removes");
    handle.shutdown().await.expect("stops");
    assert_eq!(
        caller.called.load(Ordering::Relaxed),
        3,
        "the future, and the factory"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_that_panic_when_they_are_dropped_or_shown_end_nothing() {
    struct Spiteful;

    impl fmt::Debug for Spiteful {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not to be shown")
        }
    }

    impl fmt::Display for Spiteful {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not to be shown")
        }
    }

    impl Error for Spiteful {}

    impl Drop for Spiteful {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "not to be dropped");
        }
    }

    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            if ctx.generation().value < 50 {
                return TaskResult::failed(Spiteful);
            }
            log.write("done");
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
    })
    .backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]).intensity(UNLIMITED))
        .await
        .expect("starts");
    log.wait_for("done", 1).await;
    let exit = handle
        .snapshot_of("child")
        .expect("is there")
        .last_exit
        .expect("has failed");
    assert_eq!(exit.to_string(), "error: (its description panicked)");
    drop(exit);
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_destructor_of_users_that_blocks() {
    struct WaitsForOther(std::sync::mpsc::Receiver<()>, Log);

    impl Drop for WaitsForOther {
        fn drop(&mut self) {
            let told = self.0.recv_timeout(Duration::from_secs(20)).is_ok();
            self.1.write(if told {
                "the other went first"
            } else {
                "nobody came"
            });
        }
    }

    struct Tells(std::sync::mpsc::Sender<()>);

    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    let log = Log::new();
    let (tell, told) = std::sync::mpsc::channel();
    let (waits, tells) = (
        std::sync::Mutex::new(WaitsForOther(told, log.clone())),
        Tells(tell),
    );
    // It has ended, and its task is parked with what it owns.
    let parked = ChildSpec::from_fn("parked", move |_ctx: TaskContext| {
        let _ = &tells;
        async {}
    });
    let seen = log.clone();
    let never_ready =
        ChildSpec::from_fn("never ready".replace(' ', "-"), move |ctx: TaskContext| {
            seen.write("runs");
            async move { ctx.cancelled().await }
        })
        .readiness(rust_supervisor::spec::policy::Readiness::Explicit)
        .critical(false);
    // Waits for the one above, so its code is never moved into a task.
    let unborn = ChildSpec::from_fn("unborn", move |_ctx: TaskContext| {
        let _ = &waits;
        async {}
    })
    .after(["never-ready"])
    .critical(false);
    let spec = SupervisorSpec::root(vec![parked, never_ready, unborn])
        .start(rust_supervisor::spec::policy::StartOrder::Concurrent);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("runs", 1).await;
    handle.stopped("parked").await.expect("has ended");
    handle.shutdown().await.expect("stops");
    log.wait_for("the other went first", 1).await;
}

/// A value that calls the tree, and panics, when it is dropped.
struct Loud(Caller, bool);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.call();
        assert!(!self.1 || std::thread::panicking(), "not quietly");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_refused_is_dropped_without_the_lock_and_takes_nothing_along() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+a", 1).await;
    let caller = Caller::default();
    caller.tree.set(handle.downgrade()).expect("once");
    let owns = |name: &str, panics| {
        let owned = Loud(caller.clone(), panics);
        ChildSpec::from_fn(name.to_owned(), move |_ctx: TaskContext| {
            let _ = &owned;
            async {}
        })
    };
    let both = || {
        let inner = SupervisorSpec::root(vec![owns("x", true), owns("y", true)]);
        ChildSpec::supervisor("a", inner)
    };
    // Its name is taken: what it owns goes through the machine, and both destructors panic.
    handle
        .start_child("/", both())
        .await
        .expect_err("the name is taken");
    assert_eq!(caller.called.load(Ordering::Relaxed), 2);
    // There is no such supervisor: dropped by the one who asked.
    handle
        .start_child("nowhere", owns("z", false))
        .await
        .expect_err("no such supervisor");
    assert_eq!(caller.called.load(Ordering::Relaxed), 3);
    assert_eq!(log.alive(), 1, "the sibling runs on");
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

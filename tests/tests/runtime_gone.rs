//! The runtime goes away under a tree: that is an end that is observed, not a hang.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::spec::policy::RestartPolicy;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TreeRef};
use supervisor_tests::Log;
use tokio::runtime::{Builder, Runtime};

const CHILDREN: usize = 500;

/// A tree on a runtime of its own, whose children call it when they are dropped.
fn tree_on(runtime: &Runtime, log: &Log) -> TreeRef {
    struct CallsTree(Arc<Mutex<Option<TreeRef>>>);

    impl Drop for CallsTree {
        fn drop(&mut self) {
            if let Some(tree) = &*self.0.lock().expect("no panic") {
                let _ = tree.is_ready();
            }
        }
    }

    let known = Arc::new(Mutex::new(None));
    let children = (0..CHILDREN).map(|n| {
        let (log, known) = (log.clone(), Arc::clone(&known));
        ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
            let (live, calls) = (log.live("child"), CallsTree(Arc::clone(&known)));
            async move {
                let (_live, _calls) = (live, calls);
                // Half of them have ended, and their tasks are parked.
                if n % 2 == 0 {
                    ctx.cancelled().await;
                }
            }
        })
        .restart(RestartPolicy::Transient)
    });
    let spec = SupervisorSpec::root(children.collect());
    let handle = runtime.block_on(Supervisor::start(spec)).expect("starts");
    let tree = handle.downgrade();
    *known.lock().expect("no panic") = Some(tree.clone());
    runtime.block_on(log.wait_for("+child", CHILDREN));
    runtime.block_on(log.wait_for("-child", CHILDREN / 2));
    handle.detach();
    tree
}

fn assert_ends(tree: &TreeRef, log: &Log) {
    let other = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    other.block_on(async {
        let joined = tokio::time::timeout(Duration::from_secs(20), tree.join());
        joined
            .await
            .expect("in time")
            .expect("no failure of its own");
    });
    assert_eq!(log.alive(), 0);
    assert_eq!(
        log.count("+child"),
        CHILDREN,
        "nothing has been started again"
    );
}

#[test]
fn a_runtime_that_is_dropped_ends_its_tree() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let (runtime, log) = (runtime.expect("builds"), Log::new());
    let tree = tree_on(&runtime, &log);
    drop(runtime);
    assert_ends(&tree, &log);
}

#[test]
fn a_runtime_that_is_shut_down_in_the_background_ends_its_tree() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let (runtime, log) = (runtime.expect("builds"), Log::new());
    let tree = tree_on(&runtime, &log);
    runtime.shutdown_background();
    assert_ends(&tree, &log);
}

#[test]
fn a_current_thread_runtime_that_is_dropped_ends_its_tree() {
    let runtime = Builder::new_current_thread().enable_all().build();
    let (runtime, log) = (runtime.expect("builds"), Log::new());
    let tree = tree_on(&runtime, &log);
    drop(runtime);
    assert_ends(&tree, &log);
}

#[test]
fn an_empty_tree_notices_too() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    let start = Supervisor::start(SupervisorSpec::root(Vec::new()));
    let handle = runtime.block_on(start).expect("starts");
    let tree = handle.downgrade();
    handle.detach();
    // Not even its timekeeper has been polled.
    drop(runtime);
    let other = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    other.block_on(async {
        let joined = tokio::time::timeout(Duration::from_secs(20), tree.join());
        joined
            .await
            .expect("in time")
            .expect("no failure of its own");
    });
}

#[test]
fn children_that_have_not_been_polled_yet_are_accounted_for() {
    for threads in [0, 2] {
        let mut builder = if threads == 0 {
            Builder::new_current_thread()
        } else {
            Builder::new_multi_thread()
        };
        let runtime = builder.enable_all().build().expect("builds");
        let log = Log::new();
        let children = (0..CHILDREN).map(|n| {
            let log = log.clone();
            ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
                let live = log.live("child");
                async move {
                    let _live = live;
                    ctx.cancelled().await;
                }
            })
        });
        let start = Supervisor::start(SupervisorSpec::root(children.collect()));
        let handle = runtime.block_on(start).expect("starts");
        let tree = handle.downgrade();
        handle.detach();
        runtime.shutdown_background();
        let other = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("builds");
        other.block_on(async {
            let joined = tokio::time::timeout(Duration::from_secs(20), tree.join());
            joined
                .await
                .expect("in time")
                .expect("no failure of its own");
        });
        assert_eq!(log.alive(), 0);
    }
}

#[test]
fn a_child_that_blocks_its_thread_is_told_to_be_stuck_without_a_runtime() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("builds");
    let log = Log::new();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let (seen, held) = (log.clone(), Arc::new(Mutex::new(held)));
    let blocker = ChildSpec::from_fn("blocker", move |_ctx: TaskContext| {
        let (log, held) = (seen.clone(), Arc::clone(&held));
        async move {
            let _live = log.live("blocker");
            let held = held.lock().expect("one attempt at a time");
            let _ = held.recv_timeout(Duration::from_secs(20));
        }
    })
    .shutdown(Duration::from_millis(50));
    let start = Supervisor::start(SupervisorSpec::root(vec![blocker]));
    let handle = runtime.block_on(start).expect("starts");
    runtime.block_on(log.wait_for("+blocker", 1));
    let tree = handle.downgrade();
    handle.detach();
    runtime.shutdown_background();
    let other = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    let report = other.block_on(async {
        let joined = tokio::time::timeout(Duration::from_secs(15), tree.join());
        joined
            .await
            .expect("in bounded time")
            .expect("no failure of its own")
    });
    assert_eq!(report.stuck().count(), 1, "{report}");
    assert_eq!(log.count("-blocker"), 0);
    let_go.send(()).expect("still held");
    other.block_on(log.wait_for("-blocker", 1));
}

//! A child that does not yield is declared stuck in time, by somebody else, and stays fenced.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stuck::Doing;
use rust_supervisor::shutdown::report::{ChildShutdownStatus, ResourceReconcileStatus};
use rust_supervisor::spec::policy::{OnStuck, Readiness, StartOrder, Strategy};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, fragile, obedient, until_state};
use tokio::sync::Notify;

/// A child whose first attempt occupies its thread until it is let go.
fn blocker(log: &Log) -> (ChildSpec, mpsc::Sender<()>) {
    let (child, let_go) = supervisor_tests::blocker(log);
    (child.shutdown(Duration::from_millis(50)), let_go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_restart_beside_a_stuck_child_is_bounded_and_never_copies_it() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let (blocker, let_go) = blocker(&log);
    let spec = SupervisorSpec::root(vec![
        obedient("a", &log, Duration::ZERO),
        blocker,
        fragile("c", &log, &fail),
    ])
    .strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+blocker", 1).await;
    log.wait_for("+c", 1).await;
    fail.notify_one();
    // The others are back while the blocker still occupies its thread.
    log.wait_for("+a", 2).await;
    log.wait_for("+c", 2).await;
    let stuck = handle.snapshot_of("blocker").expect("is there");
    assert_eq!(stuck.state, ChildState::Stuck);
    let stuck = stuck.stuck.expect("what it does is told");
    let Doing::InPoll { at_least } = stuck.doing else {
        panic!("it blocks inside its poll: {stuck}");
    };
    assert!(at_least >= Duration::from_secs(1), "{stuck}");
    assert!(!handle.is_ready(), "a stuck child is not ready");
    assert_eq!(log.count("+blocker"), 1, "fenced");
    let_go.send(()).expect("still held");
    log.wait_for("+blocker", 2).await;
    until_state(&handle, "blocker", ChildState::Running).await;
    assert_eq!(log.most_alive(), 1);
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.alive(), 0);
}

/// Occupies the thread that it is dropped on until it is let go.
struct Clings(mpsc::Receiver<()>);

impl Drop for Clings {
    fn drop(&mut self) {
        let _ = self.0.recv_timeout(Duration::from_secs(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_child_owns_is_dropped_within_the_budget_of_its_last_stop() {
    let (log, (let_go, held)) = (Log::new(), mpsc::channel());
    let owned = Clings(held);
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let _kept_across_attempts = &owned;
        async move { ctx.cancelled().await }
    });
    let child = child.shutdown(Duration::from_millis(50));
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO), child]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let report = handle
        .shutdown()
        .await
        .expect("stops, though what the child owns has not gone");
    let [child, a] = &report.children[..] else {
        panic!("two children: {report}");
    };
    assert_eq!(child.status, ChildShutdownStatus::AbortFailed);
    let doing = child.stuck.expect("what it does is told").doing;
    assert!(matches!(doing, Doing::InPoll { .. }), "{doing:?}");
    assert_eq!(a.status, ChildShutdownStatus::Graceful);
    let_go.send(()).expect("still held");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_beside_a_stuck_child_is_bounded_and_says_who_is_stuck() {
    let log = Log::new();
    let (blocker, let_go) = blocker(&log);
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO), blocker]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+blocker", 1).await;
    let report = handle
        .shutdown()
        .await
        .expect("stops, though the blocker has not ended");
    assert_eq!(log.count("-blocker"), 0);
    let ends: Vec<_> = report
        .children
        .iter()
        .map(|child| (&*child.path, child.status))
        .collect();
    assert_eq!(
        ends,
        [
            ("blocker", ChildShutdownStatus::AbortFailed),
            ("a", ChildShutdownStatus::Graceful)
        ]
    );
    assert!(!report.is_clean());
    let stuck = report.children[0].stuck.expect("what it does is told");
    assert!(matches!(stuck.doing, Doing::InPoll { .. }), "{stuck}");
    assert_eq!(
        report.reconcile.task_status,
        ResourceReconcileStatus::Recorded
    );
    let_go.send(()).expect("still held");
    log.wait_for("-blocker", 1).await;
    assert_eq!(log.alive(), 0);
}

#[test]
fn on_one_thread_the_bound_runs_from_the_moment_the_thread_is_free() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    runtime.block_on(async {
        let log = Log::new();
        let seen = log.clone();
        let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                let _live = log.live("child");
                std::thread::sleep(Duration::from_millis(300));
                ctx.cancelled().await;
            }
        });
        let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
            .await
            .expect("starts");
        let report = handle.shutdown().await.expect("stops");
        assert!(
            report.is_clean(),
            "it heard the stop as soon as it looked: {report}"
        );
        assert_eq!(log.alive(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ignores_the_stop_is_dropped_when_its_budget_is_spent() {
    let log = Log::new();
    let seen = log.clone();
    let deaf = ChildSpec::from_fn("deaf", move |_ctx: TaskContext| {
        let live = seen.live("deaf");
        async move {
            let _live = live;
            std::future::pending::<()>().await;
        }
    })
    .shutdown(Duration::from_secs(7));
    let handle = Supervisor::start(SupervisorSpec::root(vec![deaf]))
        .await
        .expect("starts");
    log.wait_for("+deaf", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert_eq!(report.children[0].status, ChildShutdownStatus::Aborted);
    assert_eq!(report.children[0].took.as_secs(), 7);
    assert_eq!(
        report.reconcile.task_status,
        ResourceReconcileStatus::Cleaned
    );
    assert_eq!(log.alive(), 0);
}

/// `start` of a tree whose critical child blocks its thread before it is ready.
async fn a_blocked_first_start(nested: bool) {
    let log = Log::new();
    let (blocker, let_go) = blocker(&log);
    let blocker = blocker
        .readiness(Readiness::Explicit)
        .ready_within(Duration::from_millis(100));
    let mut children = vec![obedient("a", &log, Duration::ZERO)];
    let path = if nested {
        let inner = SupervisorSpec::root(vec![blocker]);
        children.push(ChildSpec::supervisor("sub", inner));
        "sub/blocker"
    } else {
        children.push(blocker);
        "blocker"
    };
    let error = Supervisor::start(SupervisorSpec::root(children))
        .await
        .expect_err("it is not ready in time");
    assert_eq!(log.count("-blocker"), 0, "it has not ended yet");
    assert_eq!(log.alive(), 1, "what else was started has been stopped");
    let text = error.to_string();
    assert!(text.contains(path), "{text}");
    let_go.send(()).expect("still held");
    log.wait_for("-blocker", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_blocks_its_thread_fails_in_bounded_time() {
    a_blocked_first_start(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_blocks_its_thread_fails_the_supervisors_above_it() {
    a_blocked_first_start(true).await;
}

/// The supervisor of a stuck child comes back in its group, twice, and the siblings behind it do.
async fn a_group_restart_above_a_stuck_child(order: StartOrder, on_stuck: OnStuck) {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let (blocker, let_go) = blocker(&log);
    let below = SupervisorSpec::root(vec![
        obedient("x", &log, Duration::ZERO),
        blocker.on_stuck(on_stuck),
        obedient("y", &log, Duration::ZERO),
    ]);
    let spec = SupervisorSpec::root(vec![
        fragile("c", &log, &fail),
        ChildSpec::supervisor("sub", below.start(order)),
        obedient("later", &log, Duration::ZERO),
    ])
    .strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+blocker", 1).await;
    for restart in 2..4 {
        log.wait_for("+c", restart - 1).await;
        log.wait_for("+later", restart - 1).await;
        fail.notify_one();
        for name in ["+x", "+y", "+later"] {
            log.wait_for(name, restart).await;
        }
        assert_eq!(log.count("+blocker"), 1, "fenced");
        let stuck = handle.snapshot_of("sub/blocker").expect("is there");
        assert_eq!(stuck.state, ChildState::Stuck);
        assert!(!handle.is_ready());
    }
    let_go.send(()).expect("still held");
    log.wait_for("+blocker", 2).await;
    handle.ready().await.expect("everything is there");
    assert_eq!(log.most_alive(), 1);
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_restart_above_a_stuck_child_is_bounded_and_never_copies_it() {
    a_group_restart_above_a_stuck_child(StartOrder::Ordered, OnStuck::Wait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_concurrent_group_restart_above_a_stuck_child_is_bounded_and_never_copies_it() {
    a_group_restart_above_a_stuck_child(StartOrder::Concurrent, OnStuck::Wait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_gives_up_for_a_stuck_child_whose_supervisor_comes_down_anyway() {
    a_group_restart_above_a_stuck_child(StartOrder::Ordered, OnStuck::Escalate).await;
}

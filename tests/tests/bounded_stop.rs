//! Every stop is bounded, whatever the child does, and what could not be stopped is told and fenced.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::event::stuck::Doing;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Strategy;
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
    supervised, supervisor_tree,
};
use supervisor_tests::{Live, Log, fragile, obedient, until_state};
use tokio::sync::{Notify, mpsc};

const BUDGET: Duration = Duration::from_millis(100);

/// Holds up whoever comes to it until it is opened; not for longer than a test may take.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn block(&self) {
        let (open, opened) = &*self.0;
        let guard = open.lock().expect("no panic under it");
        let patience = Duration::from_secs(30);
        drop(opened.wait_timeout_while(guard, patience, |open| !*open));
    }

    fn open(&self) {
        *self.0.0.lock().expect("no panic under it") = true;
        self.0.1.notify_all();
    }
}

/// Does something in its destructor, and is alive until the end of it.
struct AtDrop<F: FnMut() + Unpin>(F, #[allow(dead_code, reason = "lives as long")] Live);

impl<F: FnMut() + Unpin> Drop for AtDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<F: FnMut() + Unpin> Future for AtDrop<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// A child that never ends by itself; what it does when it is dropped is its own affair.
fn deaf<F>(name: &'static str, log: &Log, at_drop: F) -> ChildSpec
where
    F: FnMut() + Clone + Unpin + Send + 'static,
{
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx| AtDrop(at_drop.clone(), log.live(name)))
        .shutdown(BUDGET)
        .backoff(Backoff::none())
}

/// Blocks its thread when it is asked to stop, for the first time.
fn blocks(name: &'static str, log: &Log, gate: &Gate) -> ChildSpec {
    let (log, gate) = (log.clone(), gate.clone());
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let (live, gate) = (log.live(name), gate.clone());
        async move {
            let _live = live;
            ctx.cancelled().await;
            if ctx.generation().value == 0 {
                gate.block();
            }
        }
    })
    .shutdown(BUDGET)
    .backoff(Backoff::none())
}

/// Is woken by a timer of its own, on a runtime that is idle otherwise, and blocks its thread.
fn blocks_by_itself(name: &'static str, log: &Log, gate: &Gate) -> ChildSpec {
    let (log, gate) = (log.clone(), gate.clone());
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let (live, gate, log) = (log.live(name), gate.clone(), log.clone());
        async move {
            let _live = live;
            if ctx.generation().value == 0 {
                tokio::time::sleep(BUDGET).await;
                log.write("blocks");
                gate.block();
            }
            ctx.cancelled().await;
        }
    })
    .shutdown(BUDGET)
    .backoff(Backoff::none())
}

/// One of every kind.
fn zoo(log: &Log, gate: &Gate) -> Vec<ChildSpec> {
    let at_drop = gate.clone();
    let mut dropped = 0;
    vec![
        obedient("cooperative", log, Duration::ZERO).shutdown(BUDGET),
        obedient("slow", log, BUDGET / 4).shutdown(BUDGET),
        deaf("ignores", log, || {}),
        deaf("panics in drop", log, || {
            assert!(std::thread::panicking(), "in a destructor");
        })
        .named("panics_in_drop"),
        deaf("blocks_in_drop", log, move || {
            dropped += 1;
            if dropped == 1 {
                at_drop.block();
            }
        }),
        blocks("blocks_in_poll", log, gate),
    ]
}

fn states(handle: &SupervisorHandle) -> Vec<(String, ChildState)> {
    let snapshot = handle.snapshot().expect("runs");
    let children = snapshot.children.iter();
    children
        .map(|child| (child.path.to_string(), child.state))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shutdown_is_bounded_whatever_the_children_do_and_the_report_says_what_they_did() {
    let (log, gate) = (Log::new(), Gate::default());
    let handle = Supervisor::start(SupervisorSpec::root(zoo(&log, &gate)))
        .await
        .expect("starts");
    log.wait_for("+blocks_in_poll", 1).await;
    let mut events = handle.events_after(0);
    let began = Instant::now();
    let report = handle.shutdown().await.expect("stops");
    // Two of them get a second to be dropped after their budget.
    let most = 6 * BUDGET + Duration::from_millis(3_500);
    assert!(began.elapsed() < most, "{report}");
    let told: Vec<String> = report
        .children
        .iter()
        .map(|child| format!("{} {}", child.path, child.status))
        .collect();
    let expected = [
        "blocks_in_poll stuck",
        "blocks_in_drop stuck",
        "panics_in_drop aborted",
        "ignores aborted",
        "slow graceful",
        "cooperative graceful",
    ];
    assert_eq!(told, expected, "{report}");
    assert!(!report.is_clean());
    for stuck in report.stuck() {
        let doing = stuck.stuck.expect("told").doing;
        assert!(matches!(doing, Doing::InPoll { .. }), "{stuck:?}");
    }
    let mut stuck = Vec::new();
    while let Some(Observed::Event(event)) = events.next().await {
        if matches!(event.kind, EventKind::Stuck(_)) {
            stuck.push(event.path.to_string());
        }
    }
    assert_eq!(stuck, ["blocks_in_poll", "blocks_in_drop"]);
    assert_eq!(log.alive(), 2, "exactly those have not gone");
    gate.open();
    log.wait_for("-blocks_in_poll", 1).await;
    log.wait_for("-blocks_in_drop", 1).await;
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_restart_is_bounded_whatever_the_children_do_and_never_copies_one() {
    let (log, gate, fail) = (Log::new(), Gate::default(), Arc::new(Notify::new()));
    let mut children = zoo(&log, &gate);
    children.push(fragile("culprit", &log, &fail));
    let spec = SupervisorSpec::root(children).strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+culprit", 1).await;
    log.wait_for("+blocks_in_poll", 1).await;
    let began = Instant::now();
    fail.notify_one();
    log.wait_for("+culprit", 2).await;
    let most = 7 * BUDGET + Duration::from_millis(3_500);
    assert!(began.elapsed() < most, "{:?}", began.elapsed());
    let stuck = ["blocks_in_drop", "blocks_in_poll"];
    for (path, state) in states(&handle) {
        let expected = if stuck.contains(&path.as_str()) {
            ChildState::Stuck
        } else {
            ChildState::Running
        };
        assert_eq!(state, expected, "{path}");
    }
    gate.open();
    for path in stuck {
        until_state(&handle, path, ChildState::Running).await;
        log.wait_for(&format!("+{path}"), 2).await;
    }
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_after_a_stuck_child_waits_for_it_visibly() {
    let (log, gate, fail) = (Log::new(), Gate::default(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![
        blocks("first", &log, &gate),
        obedient("second", &log, Duration::ZERO).after(["first"]),
        fragile("culprit", &log, &fail),
    ])
    .strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+culprit", 1).await;
    log.wait_for("+first", 1).await;
    fail.notify_one();
    log.wait_for("+culprit", 2).await;
    let state = |path: &str| handle.snapshot_of(path).expect("is there").state;
    assert_eq!(
        (state("first"), state("second")),
        (ChildState::Stuck, ChildState::Waiting)
    );
    assert_eq!(log.count("+second"), 1);
    gate.open();
    log.wait_for("+second", 2).await;
    let lines = log.lines();
    let at = |line: &str| lines.iter().rposition(|written| written == line);
    assert!(at("-first") < at("+second"), "{lines:?}");
    handle.shutdown().await.expect("stops");
}

/// Blocks its thread in its first attempt, with what was lent to it.
#[supervised(shutdown = "100ms", backoff = "none")]
async fn consumer(ctx: TaskContext, log: Log, gate: Gate, jobs: &mut mpsc::Receiver<u32>) {
    let _live = log.live("consumer");
    if ctx.generation().value == 0 {
        ctx.cancelled().await;
        gate.block();
    }
    while let Some(job) = ctx.until_cancelled(jobs.recv()).await.flatten() {
        log.write(format!("job {job}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_fence_of_a_stuck_child_outlives_its_supervisor_and_keeps_what_was_lent_to_it() {
    let (log, gate) = (Log::new(), Gate::default());
    let (sender, receiver) = mpsc::channel(8);
    let other = obedient("other", &log, Duration::ZERO);
    let handle = Supervisor::start(supervisor_tree! {
        sub: { consumer(log.clone(), gate.clone(), receiver), ..Some(other) },
    })
    .await
    .expect("starts");
    log.wait_for("+consumer", 1).await;
    log.wait_for("+other", 1).await;
    for job in 0..3 {
        sender.send(job).await.expect("there is room");
    }
    handle
        .restart_child("sub", "test", "a new incarnation")
        .await
        .expect("accepted");
    log.wait_for("+other", 2).await;
    let state = |path: &str| handle.snapshot_of(path).expect("is there").state;
    assert_eq!(state("sub/consumer"), ChildState::Stuck);
    assert_eq!((log.count("+consumer"), log.count("job 0")), (1, 0));
    let again = ChildSpec::from_fn("consumer", |_ctx| async {});
    let refused = handle
        .start_child("sub", again)
        .await
        .expect_err("its path is fenced");
    assert!(
        matches!(refused, SupervisorError::ChildExists { .. }),
        "{refused}"
    );
    gate.open();
    log.wait_for("job 2", 1).await;
    assert_eq!((log.count("+consumer"), log.most_alive()), (2, 1));
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadline_is_kept_although_the_thread_that_looks_after_timers_is_blocked() {
    let (log, gate) = (Log::new(), Gate::default());
    let child = blocks_by_itself("a", &log, &gate).timeout(Duration::from_secs(1));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    // Nobody else does anything: the wait is for the tree itself.
    let mut events = handle.events();
    let mut told = Vec::new();
    while let Some(Observed::Event(event)) = events.next().await {
        match event.kind {
            EventKind::TimedOut { .. } => told.push(("timed out", event.at)),
            EventKind::Stuck(_) => {
                told.push(("stuck", event.at));
                break;
            }
            _ => {}
        }
    }
    let what: Vec<&str> = told.iter().map(|(what, _)| *what).collect();
    assert_eq!(what, ["timed out", "stuck"]);
    let late = told[1].1.saturating_sub(Duration::from_secs(2) + BUDGET);
    assert!(late < Duration::from_secs(1), "{told:?}");
    assert_eq!(log.count("-a"), 0, "it blocks still");
    gate.open();
    log.wait_for("+a", 2).await;
    handle.shutdown().await.expect("stops");
}

/// Does not look at its context.
#[supervised(blocking, shutdown = "100ms", restart = "temporary")]
fn computes(_ctx: TaskContext, log: Log, gate: Gate) {
    let _live = log.live("computes");
    gate.block();
}

/// Leaves the work to a sub-task, which blocks.
#[supervised(shutdown = "100ms", restart = "temporary")]
async fn delegates(ctx: TaskContext, log: Log, gate: Gate) {
    let _live = log.live("delegates");
    drop(ctx.spawn(async move { gate.block() }));
    ctx.cancelled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_does_not_end_beside_the_body_of_an_attempt_is_told() {
    let (log, gate) = (Log::new(), Gate::default());
    let handle = Supervisor::start(supervisor_tree! {
        computes(log.clone(), gate.clone()),
        delegates(log.clone(), gate.clone()),
    })
    .await
    .expect("starts");
    log.wait_for("+computes", 1).await;
    log.wait_for("+delegates", 1).await;
    let report = handle.shutdown().await.expect("stops");
    let doing: Vec<_> = report
        .stuck()
        .map(|child| (&*child.path, child.stuck.expect("told").doing))
        .collect();
    let expected = [
        ("delegates", Doing::SubTasks { left: 1 }),
        ("computes", Doing::Blocking),
    ];
    assert_eq!(doing, expected, "{report}");
    gate.open();
    log.wait_for("-computes", 1).await;
}

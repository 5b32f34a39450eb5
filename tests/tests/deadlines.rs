//! `shutdown_within`: one deadline for a subtree, `ctx.deadline()`, and who was cut short.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::event::failure::Why;
use rust_supervisor::shutdown::report::{ChildShutdownStatus, ShutdownReport};
use rust_supervisor::spec::error::SpecProblem;
use rust_supervisor::spec::policy::{OnStuck, Shutdown};
use rust_supervisor::{
    ChildSpec, StartError, Supervisor, SupervisorError, SupervisorSpec, TaskContext,
};
use supervisor_tests::{Log, deaf, obedient};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn statuses(report: &ShutdownReport) -> Vec<String> {
    let children = report.children.iter();
    children
        .map(|child| format!("{} {}", child.path, child.status))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_tree_stops_within_its_deadline_in_order_and_says_who_was_cut_short() {
    let log = Log::new();
    let inner = SupervisorSpec::root(vec![deaf("x", &log), deaf("y", &log)]);
    let spec = SupervisorSpec::root(vec![
        obedient("a", &log, Duration::ZERO),
        deaf("b", &log).shutdown(4 * SECOND),
        ChildSpec::supervisor("sub", inner),
        obedient("c", &log, SECOND),
    ])
    .shutdown_within(7 * SECOND);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+c", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert_eq!(report.took.as_secs(), 7);
    let told = statuses(&report);
    let expected = [
        "c graceful",
        "sub/y aborted",
        "sub/x cut short",
        "b cut short",
        // Nothing is left: it is dropped before it can hear.
        "a cut short",
    ];
    assert_eq!(told, expected, "{report}");
    assert!(!report.is_clean());
    let ends: Vec<String> = log.lines();
    let ends: Vec<&str> = ends
        .iter()
        .map(String::as_str)
        .filter(|line| line.starts_with('-'))
        .collect();
    assert_eq!(ends, ["-c", "-y", "-x", "-b", "-a"], "in reverse");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_call_holds_for_the_whole_tree() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![deaf("a", &log), deaf("b", &log), deaf("c", &log)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+c", 1).await;
    let begun = Instant::now();
    let report = handle.shutdown_within(2 * SECOND).await.expect("stops");
    assert_eq!(begun.elapsed().as_secs(), 2);
    let cut = |child: &rust_supervisor::shutdown::report::Stopped| child.status;
    assert!(
        report
            .children
            .iter()
            .map(cut)
            .all(|it| it == ChildShutdownStatus::CutShort)
    );
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_under_way_is_hurried_by_a_second_call_and_both_get_the_report() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![deaf("a", &log).shutdown(Shutdown::Infinity)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+a", 1).await;
    let patient = handle.downgrade();
    let patient = tokio::spawn(async move { patient.shutdown().await });
    sleep(60 * SECOND).await;
    assert_eq!(log.alive(), 1, "its stop has no bound");
    let report = handle.shutdown_within(SECOND).await.expect("stops");
    assert_eq!(report.took.as_secs(), 61);
    assert_eq!(patient.await.expect("no panic").expect("stops"), report);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_knows_when_it_will_be_dropped() {
    let seen: Arc<Mutex<Vec<Option<Duration>>>> = Arc::default();
    let child = |name: &'static str| {
        let seen = Arc::clone(&seen);
        ChildSpec::from_fn(name, move |ctx: TaskContext| {
            let seen = Arc::clone(&seen);
            async move {
                assert_eq!(ctx.deadline(), None, "it has not been asked to stop");
                ctx.cancelled().await;
                let left = ctx.deadline().map(|at| at.duration_since(Instant::now()));
                seen.lock().expect("no panic").push(left);
                sleep(SECOND).await;
            }
        })
    };
    let spec = SupervisorSpec::root(vec![
        child("a"),
        child("b").shutdown(2 * SECOND),
        child("c").shutdown(6 * SECOND),
    ])
    .shutdown_within(6 * SECOND);
    let handle = Supervisor::start(spec).await.expect("starts");
    tokio::task::yield_now().await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    let seen: Vec<Option<u64>> = seen
        .lock()
        .expect("no panic")
        .iter()
        .map(|left| left.map(|left| (left + Duration::from_millis(10)).as_secs()))
        .collect();
    // One second has gone each time: of what is left, `b` gets its own two, `a` what remains.
    assert_eq!(seen, [Some(6), Some(2), Some(4)]);
}

#[tokio::test(start_paused = true)]
async fn a_context_without_a_tree_has_no_deadline() {
    let ctx = TaskContext::detached();
    ctx.heartbeat();
    assert_eq!(ctx.deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_run_has_25_seconds_to_stop_unless_it_says_otherwise() {
    for (spec, call, took) in [
        (None, None, 25),
        (Some(60 * SECOND), None, 60),
        (Some(60 * SECOND), Some(3 * SECOND), 3),
        (None, Some(3 * SECOND), 3),
        (None, Some(Duration::MAX), 50),
    ] {
        let log = Log::new();
        // Each of them would be waited for.
        let children = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let mut tree = SupervisorSpec::root(children.map(|name| deaf(name, &log)).into());
        if let Some(deadline) = spec {
            tree = tree.shutdown_within(deadline);
        }
        let started = log.clone();
        let mut builder =
            Supervisor::builder(tree).shutdown_when(async move { started.wait_for("+j", 1).await });
        if let Some(deadline) = call {
            builder = builder.shutdown_within(deadline);
        }
        let begun = Instant::now();
        let report = builder.run().await.into_result().expect("it was asked to");
        let least = took.min(50);
        assert_eq!(
            begun.elapsed().as_secs(),
            least,
            "{spec:?} {call:?}: {report}"
        );
        assert_eq!(log.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_does_not_fit_into_the_deadline_of_a_run_is_refused_and_named() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![deaf("a", &log).shutdown(30 * SECOND)]);
    let outcome = Supervisor::builder(spec).run().await;
    let error = outcome.into_result().expect_err("it does not fit");
    let text = error.to_string();
    assert!(text.contains("`a` may take 30s to stop"), "{text}");
    assert!(
        text.contains("25s") && text.contains("shutdown_within"),
        "{text}"
    );
    assert!(log.lines().is_empty(), "nothing has run");
}

#[tokio::test(start_paused = true)]
async fn a_budget_above_the_deadline_of_a_supervisor_is_refused_when_it_is_built() {
    let log = Log::new();
    let inner = SupervisorSpec::root(vec![deaf("x", &log).shutdown(3 * SECOND)]);
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("sub", inner)]);
    let error = Supervisor::start(spec.shutdown_within(2 * SECOND))
        .await
        .expect_err("it does not fit");
    let StartError::Invalid(invalid) = error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(
            invalid.problems[..],
            [SpecProblem::BudgetAboveDeadline { .. }]
        ),
        "{invalid}"
    );
}

/// Occupies its thread from the request to stop on, for this long.
fn blocks_when_stopped(name: String, log: &Log, time: Duration) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name.clone(), move |ctx: TaskContext| {
        let live = log.live(&name);
        async move {
            let _live = live;
            ctx.cancelled().await;
            std::thread::sleep(time);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_children_that_do_not_yield_are_given_up_together_after_the_deadline() {
    let log = Log::new();
    // One after the other they would take six seconds to be given up.
    let block = Duration::from_secs(8);
    let children = (0..6).map(|n| blocks_when_stopped(format!("c{n}"), &log, block));
    let handle = Supervisor::start(SupervisorSpec::root(children.collect()))
        .await
        .expect("starts");
    log.wait_for("+c5", 1).await;
    let began = std::time::Instant::now();
    let report = handle
        .shutdown_within(Duration::from_millis(100))
        .await
        .expect("stops");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(!report.is_clean());
    // Whoever had not heard yet could be dropped.
    let stuck = report.stuck().count();
    assert!(stuck >= 1, "{report}");
    assert_eq!(report.children.len(), 6, "{report}");
    assert!(log.most_alive() <= 1);
    log.wait_for("-c5", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_supervisor_that_is_to_escalate_gives_up_when_a_child_cannot_be_stopped() {
    let log = Log::new();
    let block = Duration::from_secs(5);
    let stubborn = blocks_when_stopped("stubborn".to_owned(), &log, block)
        .shutdown(Duration::from_millis(50))
        .on_stuck(OnStuck::Escalate);
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO), stubborn]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+stubborn", 1).await;
    handle
        .restart_child("stubborn", "test", "to see it stick")
        .await
        .expect("accepted");
    let error = timeout(4 * SECOND, handle.join())
        .await
        .expect("while it still blocks")
        .expect_err("gives up");
    let SupervisorError::GaveUp { failure } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (&*failure.decisive().child, failure.why),
        ("stubborn", Why::Stuck)
    );
    assert!(error.to_string().contains("`stubborn` is stuck"), "{error}");
    assert_eq!(log.count("-a"), 1, "the others have been stopped");
    log.wait_for("-stubborn", 1).await;
}

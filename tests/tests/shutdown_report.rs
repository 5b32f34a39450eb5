//! The phases of a shutdown, and its report.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::control::command::CommandResult;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::shutdown::report::{
    ChildShutdownStatus, ResourceReconcileStatus, ShutdownReport, ShutdownResult,
};
use rust_supervisor::shutdown::stage::{ShutdownCause, ShutdownPhase};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

fn deaf(name: &'static str, log: &Log) -> ChildSpec {
    supervisor_tests::deaf(name, log).shutdown(Duration::from_secs(3))
}

async fn shut_down(handle: &SupervisorHandle, who: &str) -> ShutdownResult {
    match handle
        .shutdown_tree(who, "rollout 17")
        .await
        .expect("stops")
    {
        CommandResult::Shutdown { result } => result,
        other => panic!("{other:?}"),
    }
}

fn phases(report: &ShutdownReport) -> Vec<(ShutdownPhase, Duration)> {
    let phases = report.phases.iter();
    phases.map(|it| (it.phase, it.after)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_goes_through_its_phases_and_reports_when() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![
        obedient("first", &log, Duration::ZERO),
        deaf("deaf", &log),
        obedient("slow", &log, Duration::from_secs(1)),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+slow", 1).await;
    let result = shut_down(&handle, "ada").await;
    assert_eq!(
        (result.phase, result.idempotent),
        (ShutdownPhase::Completed, false)
    );
    let report = result.report.expect("complete");
    let second = Duration::from_secs(1);
    assert_eq!(
        phases(&report),
        [
            (ShutdownPhase::RequestStop, Duration::ZERO),
            (ShutdownPhase::GracefulDrain, Duration::ZERO),
            (ShutdownPhase::AbortStragglers, 4 * second),
            (ShutdownPhase::Reconcile, 4 * second),
            (ShutdownPhase::Completed, 4 * second),
        ]
    );
    let ShutdownCause::Requested(audit) = &report.cause else {
        panic!("{:?}", report.cause);
    };
    assert_eq!(
        (&*audit.requested_by, &*audit.reason),
        ("ada", "rollout 17")
    );
    let ends: Vec<_> = report
        .children
        .iter()
        .map(|it| (&*it.path, it.status))
        .collect();
    assert_eq!(
        ends,
        [
            ("slow", ChildShutdownStatus::Graceful),
            ("deaf", ChildShutdownStatus::Aborted),
            ("first", ChildShutdownStatus::Graceful),
        ]
    );
    assert_eq!(report.took, 4 * second);
    assert_eq!(
        report.reconcile.task_status,
        ResourceReconcileStatus::Cleaned
    );
    assert_eq!(report.reconcile.tasks_left, 0);
    let (mut events, mut told) = (handle.events_after(0), Vec::new());
    while let Some(Observed::Event(event)) = events.next().await {
        if let EventKind::Shutdown(phase) = event.kind {
            told.push(phase);
        }
    }
    let reported: Vec<_> = report.phases.iter().map(|it| it.phase).collect();
    assert_eq!(told, reported, "the events say the same");
}

#[tokio::test(start_paused = true)]
async fn every_later_shutdown_gets_the_report_of_the_first() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("slow", &log, Duration::from_secs(1))]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+slow", 1).await;
    let first = tokio::spawn({
        let handle = handle.clone();
        async move { shut_down(&handle, "ada").await }
    });
    log.wait_for("-slow", 0).await;
    while handle.snapshot_of("slow").expect("is there").state != ChildState::Stopping {
        tokio::task::yield_now().await;
    }
    let during = shut_down(&handle, "ben").await;
    let first = first.await.expect("no panic");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let after = shut_down(&handle, "cyd").await;
    assert_eq!(
        (first.idempotent, during.idempotent, after.idempotent),
        (false, true, true)
    );
    let report = first.report.expect("complete");
    assert!(matches!(&report.cause, ShutdownCause::Requested(by) if &*by.requested_by == "ada"));
    assert_eq!(during.report.as_ref(), Some(&report));
    assert_eq!(after.report.as_ref(), Some(&report));
    assert_eq!(handle.join().await.expect("it ended well"), report);
    let read: ShutdownReport =
        serde_json::from_value(serde_json::to_value(&report).expect("plain data"))
            .expect("can be read back");
    assert_eq!(read, report);
}

#[tokio::test]
async fn questions_are_answered_during_a_long_drain() {
    let (log, go) = (Log::new(), Arc::new(Notify::new()));
    let patient = ChildSpec::from_fn("patient", {
        let (log, go) = (log.clone(), Arc::clone(&go));
        move |ctx: TaskContext| {
            let (log, go) = (log.clone(), Arc::clone(&go));
            async move {
                log.write("runs");
                ctx.cancelled().await;
                log.write("drains");
                go.notified().await;
            }
        }
    })
    .shutdown(Duration::from_secs(3_600));
    let handle = Supervisor::start(SupervisorSpec::root(vec![
        obedient("other", &log, Duration::ZERO),
        patient,
    ]))
    .await
    .expect("starts");
    log.wait_for("runs", 1).await;
    handle.request_shutdown();
    log.wait_for("drains", 1).await;
    // Nothing lets the drain go on before all of this has been answered.
    let snapshot = handle.snapshot().expect("answers");
    assert_eq!(snapshot.shutdown, ShutdownPhase::GracefulDrain);
    assert!(!snapshot.ready && !handle.is_ready() && handle.is_alive());
    assert_eq!(
        snapshot.child("patient").expect("is there").state,
        ChildState::Stopping
    );
    assert_eq!(
        handle.snapshot_of("other").expect("answers").state,
        ChildState::Running
    );
    assert!(handle.why("patient").expect("answers").ends.is_empty());
    assert!(handle.explain("patient").expect("answers").steps.is_empty());
    let refused = handle
        .restart_child("other", "test", "too late")
        .await
        .expect("answers");
    assert!(matches!(refused, CommandResult::ChildControl { .. }));
    assert!(handle.events_after(0).next().await.is_some());
    go.notify_one();
    let report = handle.join().await.expect("stops");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_report_says_what_has_brought_the_shutdown_about() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::none());
    let spec =
        SupervisorSpec::root(vec![weak]).intensity(Intensity::new(0, Duration::from_secs(1)));
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+weak", 1).await;
    fail.notify_one();
    let error = handle.join().await.expect_err("it gives up");
    assert!(matches!(error, SupervisorError::GaveUp { .. }), "{error}");
    let report = shut_down(&handle, "ada").await.report.expect("complete");
    assert_eq!(report.cause, ShutdownCause::GaveUp);
    assert_eq!(
        report.children[0].status,
        ChildShutdownStatus::AlreadyExited
    );
}

//! `run`: a tree as the `main` of a service.

use std::process::{ExitCode, Termination};
use std::time::Duration;

use rust_supervisor::runtime::outcome::RunError;
use rust_supervisor::spec::policy::{AutoShutdown, Intensity, Readiness};
use rust_supervisor::{
    ChildSpec, StartError, Supervisor, SupervisorError, SupervisorSpec, TaskContext,
};
use supervisor_tests::{Log, obedient};
use tokio::sync::oneshot;

fn code(outcome: rust_supervisor::RunOutcome) -> String {
    format!("{:?}", outcome.quiet().report())
}

fn expected(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_told_to_stop_ends_with_zero() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO)]);
    let done = tokio::time::sleep(Duration::from_secs(10));
    let outcome = Supervisor::builder(spec).shutdown_when(done).run().await;
    assert_eq!(log.lines(), ["+a", "-a"]);
    assert_eq!(code(outcome), expected(0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_has_ended_ends_the_run_with_zero() {
    let log = Log::new();
    let children = (1..=3).map(|n| {
        let log = log.clone();
        ChildSpec::from_fn(format!("step{n}"), move |_ctx: TaskContext| {
            log.write(format!("step{n}"));
            async {}
        })
        .readiness(Readiness::Completed)
    });
    let spec = SupervisorSpec::root(children.collect()).auto_shutdown(AutoShutdown::AllEnded);
    let outcome = Supervisor::builder(spec).run().await;
    assert_eq!(log.lines(), ["step1", "step2", "step3"]);
    assert_eq!(code(outcome), expected(0));
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_gives_up_ends_with_one_and_the_cause() {
    let failing = ChildSpec::from_fn("failing", |_ctx| async { Err::<(), _>("no disk") });
    let limit = Intensity::new(0, Duration::from_secs(1));
    let spec = || {
        let failing = ChildSpec::from_fn("failing", |_ctx| async { Err::<(), _>("no disk") });
        SupervisorSpec::root(vec![failing]).intensity(limit)
    };
    drop(failing);
    assert_eq!(code(Supervisor::builder(spec()).run().await), expected(1));
    let error = Supervisor::builder(spec())
        .run()
        .await
        .into_result()
        .expect_err("gives up");
    assert!(
        matches!(error, RunError::Ended(SupervisorError::GaveUp { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains("no disk"), "{error}");
}

/// A child that occupies its thread for a while when it is asked to stop.
fn blocker(log: &Log, time: Duration) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn("blocker", move |ctx: TaskContext| {
        let live = log.live("blocker");
        async move {
            let _live = live;
            ctx.cancelled().await;
            std::thread::sleep(time);
        }
    })
    .shutdown(Duration::from_millis(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_that_leaves_something_running_does_not_end_with_zero_and_says_what() {
    let log = Log::new();
    let run = || {
        let spec = SupervisorSpec::root(vec![
            obedient("a", &log, Duration::ZERO),
            blocker(&log, Duration::from_secs(3)),
        ]);
        let (begun, so_far) = (log.clone(), log.count("+blocker"));
        Supervisor::builder(spec)
            .shutdown_when(async move { begun.wait_for("+blocker", so_far + 1).await })
            .run()
    };
    assert_eq!(code(run().await), expected(1));
    let error = run().await.into_result().expect_err("not all has stopped");
    let text = error.to_string();
    assert!(text.contains("`blocker` stuck for"), "{text}");
    assert!(text.contains("inside one poll"), "{text}");
    let RunError::Stuck { report } = error else {
        panic!("{error:?}");
    };
    assert_eq!((report.children.len(), report.stuck().count()), (2, 1));
    log.wait_for("-blocker", 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_whose_child_had_to_be_dropped_has_stopped_all_the_same() {
    let deaf = ChildSpec::from_fn("deaf", |_ctx: TaskContext| std::future::pending::<()>());
    let done = tokio::time::sleep(Duration::from_secs(10));
    let outcome = Supervisor::builder(SupervisorSpec::root(vec![deaf]))
        .shutdown_when(done)
        .run()
        .await;
    assert!(!outcome.as_result().expect("stopped").is_clean());
    assert_eq!(code(outcome), expected(0));
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_cannot_start_ends_with_two() {
    let twice = || {
        let log = Log::new();
        let a = || obedient("a", &log, Duration::ZERO);
        SupervisorSpec::root(vec![a(), a()])
    };
    assert_eq!(code(Supervisor::builder(twice()).run().await), expected(2));
    let error = Supervisor::builder(twice())
        .run()
        .await
        .into_result()
        .expect_err("invalid");
    assert!(
        matches!(error, RunError::NotStarted(StartError::Invalid(_))),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_stops_a_run_also_ends_a_start_that_is_under_way() {
    let log = Log::new();
    let seen = log.clone();
    let silent = ChildSpec::from_fn("silent", move |ctx: TaskContext| {
        let live = seen.live("silent");
        async move {
            let _live = live;
            ctx.cancelled().await;
        }
    })
    .readiness(Readiness::Explicit);
    let spec = SupervisorSpec::root(vec![obedient("first", &log, Duration::ZERO), silent]);
    let (stop, stopped) = oneshot::channel::<()>();
    let run = Supervisor::builder(spec)
        .shutdown_when(async { drop(stopped.await) })
        .run();
    let run = tokio::spawn(run);
    log.wait_for("+silent", 1).await;
    stop.send(()).expect("it listens");
    let outcome = run.await.expect("no panic");
    assert_eq!(log.lines(), ["+first", "+silent", "-silent", "-first"]);
    assert_eq!(code(outcome), expected(0));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_stops_the_tree() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO)]);
    let run = Supervisor::builder(spec).run();
    assert!(
        tokio::time::timeout(Duration::from_secs(5), run)
            .await
            .is_err()
    );
    log.wait_for("-a", 1).await;
    assert_eq!(log.lines(), ["+a", "-a"]);
}

/// Gives up, in a process of its own, as the test below has started it.
#[tokio::test]
async fn as_the_main_of_a_process() {
    let Ok(how) = std::env::var("RUN_AS_MAIN") else {
        return;
    };
    let failing = ChildSpec::from_fn("failing", |_ctx| async { Err::<(), _>("no disk") });
    let inner = SupervisorSpec::root(vec![failing]).intensity(limit_of_none());
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("inner", inner)]);
    let outcome = Supervisor::builder(spec.intensity(limit_of_none()))
        .run()
        .await;
    let outcome = if how == "quiet" {
        outcome.quiet()
    } else {
        outcome
    };
    let _code = outcome.report();
}

fn limit_of_none() -> Intensity {
    Intensity::new(0, Duration::from_secs(60))
}

#[test]
fn the_tree_of_causes_is_written_to_standard_error_unless_it_is_to_be_quiet() {
    let ran = |how: &str| {
        let own = std::env::current_exe().expect("it runs");
        let output = std::process::Command::new(own)
            .args(["--exact", "as_the_main_of_a_process", "--nocapture"])
            .env("RUN_AS_MAIN", how)
            .output()
            .expect("it runs");
        assert!(output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    let expected = "`/` gave up: more than 0 restarts in 60s
  - `inner` gave up: more than 0 restarts in 60s
    - first cause: `inner/failing` error: no disk
";
    assert_eq!(ran("loud"), expected);
    assert_eq!(ran("quiet"), "");
}

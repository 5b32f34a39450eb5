//! A supervisor that gives up stops its children, says why, and leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::failure::Why;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy};
use rust_supervisor::{ChildSpec, Fatal, Supervisor, SupervisorError, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};

fn crashing(name: &'static str, log: &Log) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx: TaskContext| {
        let live = log.live(name);
        async move {
            drop(live);
            Err::<(), _>("cannot do it")
        }
    })
    .backoff(Backoff::none())
}

async fn a_root_that_gives_up() {
    struct Owned(Log);

    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.write("dropped");
        }
    }

    let log = Log::new();
    let owned = Owned(log.clone());
    // It has ended long before, and its task is parked.
    let parked = ChildSpec::from_fn("parked", move |_ctx: TaskContext| {
        let _ = &owned;
        async {}
    });
    let spec = SupervisorSpec::root(vec![
        parked,
        obedient("a", &log, Duration::ZERO),
        crashing("b", &log),
    ])
    .intensity(Intensity::new(3, Duration::from_secs(60)));
    let handle = Supervisor::start(spec).await.expect("starts");
    let error = handle.join().await.expect_err("gives up");
    let SupervisorError::GaveUp { failure } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (&*failure.supervisor, &*failure.decisive().child),
        ("/", "b")
    );
    assert_eq!(
        failure.why,
        Why::Intensity(Intensity::new(3, Duration::from_secs(60)))
    );
    assert!(error.to_string().contains("cannot do it"), "{error}");
    assert_eq!(log.count("+b"), 4, "three restarts are allowed");
    assert_eq!(
        log.count("dropped"),
        1,
        "what children own is dropped before the end is told"
    );
    assert_eq!(log.alive(), 0);
    let again = handle.join().await.expect_err("the same answer");
    assert_eq!(again.to_string(), error.to_string());
    assert!(!handle.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_root_that_gives_up_names_the_first_cause_on_one_thread() {
    a_root_that_gives_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_root_that_gives_up_names_the_first_cause_on_four_threads() {
    a_root_that_gives_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_escalates_up_to_the_root() {
    let log = Log::new();
    let limit = Intensity::new(1, Duration::from_secs(60));
    let inner = SupervisorSpec::root(vec![crashing("worker", &log)]).intensity(limit);
    let middle = SupervisorSpec::root(vec![
        ChildSpec::supervisor("inner", inner).backoff(Backoff::none()),
    ])
    .intensity(limit);
    let spec = SupervisorSpec::root(vec![
        obedient("bystander", &log, Duration::ZERO),
        ChildSpec::supervisor("middle", middle).backoff(Backoff::none()),
    ])
    .intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    let error = handle.join().await.expect_err("gives up");
    let SupervisorError::GaveUp { failure } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(&*failure.first_cause().child, "middle/inner/worker");
    // Two attempts for each incarnation, two incarnations for each level.
    assert_eq!(log.count("+worker"), 8);
    assert_eq!(log.count("-bystander"), 1);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_is_not_tried_again() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |_ctx: TaskContext| {
        seen.write("+child");
        async { Err::<(), _>(Fatal("no such table")) }
    })
    .restart(RestartPolicy::Permanent);
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let error = handle.join().await.expect_err("gives up");
    assert!(error.to_string().contains("no such table"), "{error}");
    assert_eq!(log.count("+child"), 1);
}

#[tokio::test(start_paused = true)]
async fn with_default_settings_a_child_that_always_fails_never_ends_the_tree() {
    let log = Log::new();
    let seen = log.clone();
    let failing = ChildSpec::from_fn("failing", move |_ctx: TaskContext| {
        seen.write("+failing");
        async { Err::<(), _>("for ever") }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![failing]))
        .await
        .expect("starts");
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(handle.is_alive());
    // Once in 15 to 30 seconds, after the first few.
    let starts = log.count("+failing");
    assert!((2880..=5770).contains(&starts), "{starts}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn with_default_settings_twenty_children_survive_an_outage_of_three_seconds() {
    let (log, begun) = (Log::new(), tokio::time::Instant::now());
    let children = (0..20).map(|n| {
        let log = log.clone();
        ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
            let log = log.clone();
            async move {
                let outage = Duration::from_secs(60)..Duration::from_secs(63);
                if outage.contains(&begun.elapsed()) {
                    return Err("the database is away");
                }
                log.write("up");
                tokio::select! {
                    () = ctx.cancelled() => Ok(()),
                    () = tokio::time::sleep_until(begun + outage.start),
                        if begun.elapsed() < outage.start => Err("the database went away"),
                }
            }
        })
    });
    let spec = SupervisorSpec::root(children.collect());
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("up", 40).await;
    assert!(handle.is_ready());
    assert!(
        begun.elapsed() < Duration::from_secs(80),
        "{:?}",
        begun.elapsed()
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn with_default_settings_a_hot_loop_without_backoff_ends_the_tree() {
    let log = Log::new();
    let handle = Supervisor::start(SupervisorSpec::root(vec![
        crashing("hot", &log),
        obedient("cool", &log, Duration::ZERO),
    ]))
    .await
    .expect("starts");
    handle.join().await.expect_err("gives up");
    assert_eq!(
        log.count("+hot"),
        21,
        "ten restarts for each of two children"
    );
    let _ = Arc::new(());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_reports_every_child_also_those_that_wait_for_their_restart() {
    let log = Log::new();
    let failing = ChildSpec::from_fn("failing", |_ctx| async { Err::<(), _>("again") })
        .backoff(Backoff::constant(Duration::from_secs(3600)));
    let inner = SupervisorSpec::root(vec![obedient("below", &log, Duration::ZERO)]);
    let spec = SupervisorSpec::root(vec![
        obedient("first", &log, Duration::ZERO),
        failing,
        ChildSpec::supervisor("paused", inner),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    handle
        .pause_child("paused", "test", "report")
        .await
        .expect("pauses");
    handle.stopped("paused").await.expect("stops");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let report = handle.shutdown().await.expect("stops");
    let told: Vec<String> = report
        .children
        .iter()
        .map(|child| format!("{} {}", child.path, child.status))
        .collect();
    assert_eq!(
        told,
        [
            "paused/below already exited",
            "failing already exited",
            "first graceful"
        ]
    );
}

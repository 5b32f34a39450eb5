//! A start that fails stops what it has started, in reverse, and says which child failed and why.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::spec::policy::Readiness;
use rust_supervisor::{ChildSpec, StartError, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};
use tokio::time::Instant;

fn failing(name: &'static str, log: &Log) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx: TaskContext| {
        let log = log.clone();
        async move {
            let _live = log.live(name);
            Err::<(), _>(std::io::Error::other("no route to the database"))
        }
    })
}

fn explicit(child: ChildSpec) -> ChildSpec {
    child.readiness(Readiness::Explicit)
}

async fn third_of_five_fails() {
    let log = Log::new();
    let slow = Duration::from_millis(50);
    let spec = SupervisorSpec::root(vec![
        explicit(obedient("one", &log, slow)),
        explicit(obedient("two", &log, slow)),
        explicit(failing("three", &log)),
        explicit(obedient("four", &log, slow)),
        explicit(obedient("five", &log, slow)),
    ]);
    let error = Supervisor::start(spec)
        .await
        .expect_err("the third child fails");
    let StartError::Failed {
        failure, not_ready, ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        not_ready,
        &["three", "four", "five"],
        "one and two had been ready"
    );
    assert_eq!(&*failure.decisive().child, "three");
    let exit = failure.decisive().exit().expect("an attempt was made");
    let cause: &std::io::Error = exit.downcast_ref().expect("the error itself");
    assert_eq!(cause.to_string(), "no route to the database");
    let text = error.to_string();
    assert!(
        text.contains("`three`") && text.contains("no route to the database"),
        "{text}"
    );
    assert_eq!(
        log.lines(),
        ["+one", "+two", "+three", "-three", "-two", "-one"]
    );
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_third_of_five_fails_on_one_thread() {
    third_of_five_fails().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_third_of_five_fails_on_four_threads() {
    third_of_five_fails().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_not_ready_in_time_fails_the_start() {
    let log = Log::new();
    let seen = log.clone();
    let silent = ChildSpec::from_fn("silent", move |ctx: TaskContext| {
        let live = seen.live("silent");
        async move {
            let _live = live;
            ctx.cancelled().await;
        }
    })
    .readiness(Readiness::Explicit)
    .ready_within(Duration::from_secs(3));
    let first = obedient("first", &log, Duration::ZERO);
    let begun = Instant::now();
    let error = Supervisor::start(SupervisorSpec::root(vec![first, silent]))
        .await
        .expect_err("it never says that it is ready");
    assert_eq!(begun.elapsed().as_secs(), 3);
    assert!(
        error.to_string().contains("`silent` was not ready in time"),
        "{error}"
    );
    assert_eq!(log.lines(), ["+first", "+silent", "-silent", "-first"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_start_stops_what_it_has_started() {
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
    let start = Supervisor::start(spec);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), start)
            .await
            .is_err()
    );
    log.wait_for("-first", 1).await;
    assert_eq!(log.lines(), ["+first", "+silent", "-silent", "-first"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_completes_lets_the_next_one_start() {
    let log = Log::new();
    let seen = log.clone();
    let migration = ChildSpec::from_fn("migration", move |_ctx: TaskContext| {
        let live = seen.live("migration");
        async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(live);
        }
    })
    .readiness(Readiness::Completed);
    let spec = SupervisorSpec::root(vec![migration, obedient("api", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+api", 1).await;
    assert_eq!(log.lines(), ["+migration", "-migration", "+api"]);
    assert!(handle.is_ready());
    handle.shutdown().await.expect("stops");
}

#[test]
fn without_a_runtime_or_a_clock_the_error_says_so() {
    let empty = || Supervisor::start(SupervisorSpec::root(Vec::new()));
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("builds");
    let error = bare.block_on(empty()).expect_err("no clock");
    assert!(matches!(error, StartError::NoTimeDriver), "{error:?}");
    let mut start = std::pin::pin!(empty());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = start.as_mut().poll(&mut cx);
    let std::task::Poll::Ready(Err(error)) = polled else {
        panic!("answers at once");
    };
    assert!(matches!(error, StartError::NoRuntime), "{error:?}");
    let _ = Arc::new(());
}

#[test]
fn a_runtime_that_is_shutting_down_is_refused() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("builds");
    let gone = runtime.handle().clone();
    drop(runtime);
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO)]);
    // It can be entered, and polls what needs nothing of it.
    let error = gone.block_on(Supervisor::start(spec)).expect_err("refused");
    assert!(
        matches!(error, StartError::RuntimeShuttingDown),
        "{error:?}"
    );
    assert!(log.lines().is_empty());
}

//! A context that is kept longer than its attempt says so, and shows nothing under the lock.

use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TaskResult};
use supervisor_tests::Log;
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_is_over_is_cancelled_for_whoever_kept_its_context() {
    let (give, mut kept) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let give = give.clone();
        async move {
            give.send(ctx.clone()).expect("kept");
            Err::<(), _>("at once")
        }
    })
    .backoff(Backoff::constant(Duration::from_secs(3600)));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let ctx = kept.recv().await.expect("an attempt");
    let mut events = handle.events_after(0);
    while handle
        .snapshot_of("child")
        .expect("is there")
        .last_exit
        .is_none()
    {
        events.next().await;
    }
    assert!(ctx.is_cancelled(), "it is over");
    assert!(ctx.cancellation_token().is_cancelled());
    let waiting = ctx.clone();
    let waited = tokio::spawn(async move { waiting.cancelled().await });
    timeout(PATIENCE, waited)
        .await
        .expect("at once")
        .expect("no panic");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_keeps_the_numbers_of_its_attempt() {
    let (give, mut kept) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let give = give.clone();
        async move {
            give.send(ctx.clone()).expect("kept");
            if ctx.generation().value == 3 {
                ctx.cancelled().await;
                return TaskResult::Cancelled;
            }
            TaskResult::failed("again")
        }
    })
    .backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let mut contexts = Vec::new();
    for _ in 0..4 {
        contexts.push(kept.recv().await.expect("an attempt"));
    }
    let numbers: Vec<_> = contexts
        .iter()
        .map(|ctx| (ctx.generation().value, ctx.attempt().value))
        .collect();
    assert_eq!(numbers, [(0, 1), (1, 2), (2, 3), (3, 4)]);
    let cancelled: Vec<_> = contexts.iter().map(TaskContext::is_cancelled).collect();
    assert_eq!(cancelled, [true, true, true, false]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn showing_a_context_or_a_handle_does_not_show_the_tree() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            log.write(format!("{ctx:?}"));
            log.write("shown");
            ctx.cancelled().await;
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    log.wait_for("shown", 1).await;
    for text in [
        &log.lines()[0],
        &format!("{handle:?}"),
        &format!("{:?}", handle.events()),
    ] {
        assert!(text.len() < 2_000, "{} bytes: {text}", text.len());
    }
    handle.shutdown().await.expect("stops");
}

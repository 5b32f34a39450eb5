//! A context that is kept longer than its attempt says so, and shows nothing under the lock.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Strategy};
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

#[tokio::test(start_paused = true)]
async fn an_attempt_knows_why_it_was_started() {
    let (log, fail) = (Log::new(), Arc::new(tokio::sync::Notify::new()));
    let child = |name: &'static str| {
        let (log, fail) = (log.clone(), Arc::clone(&fail));
        ChildSpec::from_fn(name, move |ctx: TaskContext| {
            let (log, fail) = (log.clone(), Arc::clone(&fail));
            async move {
                log.write(format!("{name} {}", ctx.start_reason()));
                if name != "weak" {
                    ctx.cancelled().await;
                    return Ok(());
                }
                match ctx.until_cancelled(fail.notified()).await {
                    None => Ok(()),
                    Some(()) => Err("told to"),
                }
            }
        })
        .backoff(Backoff::none())
    };
    let inner = SupervisorSpec::root(vec![child("weak"), child("strong")])
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::new(1, Duration::from_secs(60)));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![inner]))
        .await
        .expect("starts");
    log.wait_for("strong first start", 1).await;
    fail.notify_one();
    log.wait_for("strong restarted with its group", 1).await;
    log.wait_for("weak restarted", 1).await;
    fail.notify_one();
    log.wait_for("strong restarted with its supervisor", 1)
        .await;
    let strong = handle.child("strong").expect("known");
    strong.restart().await.expect("restarts");
    log.wait_for("strong by command", 1).await;
    strong.pause().await.expect("pauses");
    strong.stopped().await.expect("is down");
    strong.resume().await.expect("resumes");
    log.wait_for("strong by command", 2).await;
    handle
        .start_child("/", child("late"))
        .await
        .expect("started");
    log.wait_for("late added", 1).await;
    handle.shutdown().await.expect("stops");
    let mut lines = log.lines();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "late added",
            "strong by command",
            "strong by command",
            "strong first start",
            "strong restarted with its group",
            "strong restarted with its supervisor",
            "weak first start",
            "weak restarted",
            "weak restarted with its supervisor",
        ]
    );
}

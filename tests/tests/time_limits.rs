//! `timeout`, `ready_within` and `heartbeat`: who exceeds one is ended, and that is an abnormal end.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::exit::{ExitKind, ExitRecord, TimeLimit};
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Readiness;
use rust_supervisor::{ChildSpec, StartError, Supervisor, SupervisorHandle, SupervisorSpec};
use rust_supervisor::{TaskContext, TaskResult};
use supervisor_tests::Log;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// The next end of a child, and when it was told.
async fn next_exit(handle: &SupervisorHandle, path: &str, after: u64) -> (Arc<ExitRecord>, u64) {
    let mut events = handle.events_after(after);
    while let Some(Observed::Event(event)) = events.next().await {
        if let (EventKind::Exited(exit), true) = (&event.kind, &*event.path == path) {
            return (Arc::clone(exit), event.seq);
        }
    }
    panic!("the tree has ended, and `{path}` was never told");
}

fn limit(exit: &ExitRecord) -> Option<(TimeLimit, Duration)> {
    match &exit.kind {
        ExitKind::TimedOut(timed_out) => Some((timed_out.limit, timed_out.after)),
        _ => None,
    }
}

/// Lives for ever, whatever it is asked to, and has two seconds to stop.
fn deaf(name: &'static str, log: &Log) -> ChildSpec {
    supervisor_tests::deaf(name, log)
        .shutdown(2 * SECOND)
        .backoff(Backoff::none())
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_exceeds_its_timeout_is_dropped_after_its_budget_and_restarted() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![deaf("a", &log).timeout(5 * SECOND)]);
    let begun = Instant::now();
    let handle = Supervisor::start(spec).await.expect("starts");
    let (exit, seq) = next_exit(&handle, "a", 0).await;
    assert_eq!(begun.elapsed().as_secs(), 7, "5 s to live, and 2 s to stop");
    assert_eq!(limit(&exit), Some((TimeLimit::Attempt, 5 * SECOND)));
    assert_eq!(exit.uptime.as_secs(), 7);
    let (again, _) = next_exit(&handle, "a", seq).await;
    assert_eq!((again.generation, begun.elapsed().as_secs()), (1, 14));
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_says_when_its_time_is_up_is_kept_whole() {
    let child = ChildSpec::from_fn("a", |ctx: TaskContext| async move {
        ctx.cancelled().await;
        Err::<(), _>(std::io::Error::other("half done"))
    })
    .timeout(SECOND)
    .backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let (exit, _) = next_exit(&handle, "a", 0).await;
    assert_eq!(limit(&exit), Some((TimeLimit::Attempt, SECOND)));
    let error: &std::io::Error = exit.downcast_ref().expect("the error itself");
    assert_eq!(error.to_string(), "half done");
    assert_eq!(
        exit.to_string(),
        "timed out: it lasted longer than 1s; then error: half done"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_silent_child_is_ended_and_one_that_beats_is_left_alone() {
    let log = Log::new();
    let beating = ChildSpec::from_fn("beating", |ctx: TaskContext| async move {
        while ctx.until_cancelled(sleep(SECOND)).await.is_some() {
            ctx.heartbeat();
        }
    })
    .heartbeat(2 * SECOND);
    let silent = deaf("silent", &log)
        .heartbeat(2 * SECOND)
        .shutdown(Duration::ZERO);
    let begun = Instant::now();
    let handle = Supervisor::start(SupervisorSpec::root(vec![beating, silent]))
        .await
        .expect("starts");
    let (exit, _) = next_exit(&handle, "silent", 0).await;
    assert_eq!(limit(&exit), Some((TimeLimit::Heartbeat, 2 * SECOND)));
    let noticed = begun.elapsed();
    let bounds = (2 * SECOND)..=(Duration::from_millis(2_510));
    assert!(bounds.contains(&noticed), "{noticed:?}");
    sleep(60 * SECOND).await;
    let beating = handle.snapshot_of("beating").expect("is there");
    assert_eq!(beating.generation, Some(0), "it has beaten all the time");
    assert!(log.count("+silent") > 20);
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_context_of_a_former_attempt_does_not_beat_for_its_successor() {
    let child = ChildSpec::from_fn("a", |ctx: TaskContext| async move {
        if ctx.generation().value > 0 {
            std::future::pending::<()>().await;
        }
        // It outlives its attempt, and goes on beating.
        tokio::spawn(async move {
            loop {
                ctx.heartbeat();
                sleep(Duration::from_millis(100)).await;
            }
        });
        TaskResult::failed("left something behind")
    })
    .heartbeat(SECOND)
    .backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let (_, seq) = next_exit(&handle, "a", 0).await;
    let (exit, _) = next_exit(&handle, "a", seq).await;
    assert_eq!(
        (exit.generation, limit(&exit)),
        (1, Some((TimeLimit::Heartbeat, SECOND)))
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_first_start_that_takes_too_long_fails_and_names_the_child_and_the_limit() {
    let log = Log::new();
    let slow = deaf("slow", &log)
        .readiness(Readiness::Explicit)
        .ready_within(3 * SECOND);
    let begun = Instant::now();
    let error = Supervisor::start(SupervisorSpec::root(vec![slow]))
        .await
        .expect_err("it is never ready");
    assert_eq!(
        begun.elapsed().as_secs(),
        5,
        "3 s to get ready, and 2 s to stop"
    );
    let StartError::Failed { failure, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(&*failure.decisive().child, "slow");
    let text = error.to_string();
    assert!(text.contains("was not ready within 3s"), "{text}");
    assert_eq!(log.alive(), 0, "nothing of it is left");
}

/// Blocks its thread in its first attempt; afterwards it waits to be stopped.
fn blocks_once(name: &'static str, log: &Log, time: Duration) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let live = log.live(name);
        async move {
            let _live = live;
            if ctx.generation().value == 0 {
                std::thread::sleep(time);
            }
            while ctx
                .until_cancelled(sleep(Duration::from_millis(20)))
                .await
                .is_some()
            {
                ctx.heartbeat();
            }
        }
    })
    .shutdown(Duration::from_millis(50))
    .backoff(Backoff::none())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_child_that_blocks_its_thread_is_noticed_by_its_heartbeat_and_never_copied() {
    let log = Log::new();
    let time = Duration::from_millis(2_500);
    let child = blocks_once("a", &log, time).heartbeat(Duration::from_millis(400));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let mut events = handle.events_after(0);
    let mut told = Vec::new();
    while let Some(Observed::Event(event)) = events.next().await {
        match event.kind {
            EventKind::TimedOut { limit, .. } => told.push((format!("{limit:?}"), event.at)),
            EventKind::Stuck(_) => told.push(("Stuck".to_owned(), event.at)),
            EventKind::Exited(_) => break,
            _ => {}
        }
    }
    let what: Vec<&str> = told.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(what, ["Heartbeat", "Stuck"]);
    assert!(told[1].1 < time, "while it still blocks: {told:?}");
    log.wait_for("+a", 2).await;
    assert_eq!(log.most_alive(), 1);
    let child = handle.snapshot_of("a").expect("is there");
    assert_eq!(
        (child.state, child.generation),
        (ChildState::Running, Some(1))
    );
    handle.shutdown().await.expect("stops");
}

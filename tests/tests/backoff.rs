//! Back-off is a deadline in the state of the child that waits: whatever comes first replaces it.

use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::Log;
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);

/// A tree whose only child has failed and waits for an hour.
async fn in_backoff(log: &Log) -> SupervisorHandle {
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |_ctx: TaskContext| {
        let live = seen.live("child");
        async move {
            drop(live);
            Err::<(), _>("fails at once")
        }
    })
    .backoff(Backoff::constant(HOUR));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let mut events = handle.events_after(0);
    while handle.snapshot_of("child").expect("is there").state != ChildState::Backoff {
        events.next().await;
    }
    handle
}

/// Time passes that would have led to many restarts.
async fn much_later() {
    tokio::time::sleep(24 * HOUR).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_paused_in_backoff_does_not_start_any_more() {
    let log = Log::new();
    let handle = in_backoff(&log).await;
    handle
        .pause_child("child", "test", "in back-off")
        .await
        .expect("pauses");
    much_later().await;
    assert_eq!(log.take(), ["+child", "-child"]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_stopped_in_backoff_does_not_start_any_more() {
    let log = Log::new();
    let handle = in_backoff(&log).await;
    handle
        .stop_child("child", "test", "in back-off")
        .await
        .expect("stops");
    much_later().await;
    assert_eq!(log.take(), ["+child", "-child"]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_removed_in_backoff_is_gone() {
    let log = Log::new();
    let handle = in_backoff(&log).await;
    handle
        .remove_child("child", "test", "in back-off")
        .await
        .expect("removes");
    assert!(handle.snapshot_of("child").is_err());
    much_later().await;
    assert_eq!(log.take(), ["+child", "-child"]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_backoff() {
    let log = Log::new();
    let handle = in_backoff(&log).await;
    let before = Instant::now();
    let report = handle.shutdown().await.expect("stops");
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(report.is_clean(), "{report}");
    much_later().await;
    assert_eq!(log.take(), ["+child", "-child"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_resumed_after_a_pause_in_backoff_starts_at_once() {
    let log = Log::new();
    let handle = in_backoff(&log).await;
    handle
        .pause_child("child", "test", "in back-off")
        .await
        .expect("pauses");
    let before = Instant::now();
    handle
        .resume_child("child", "test", "go on")
        .await
        .expect("resumes");
    log.wait_for("+child", 2).await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn delays_double_with_half_jitter_up_to_the_upper_bound() {
    let (log, begun) = (Log::new(), Instant::now());
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |_ctx: TaskContext| {
        seen.write(format!("{}", begun.elapsed().as_millis()));
        async { Err::<(), _>("fails at once") }
    })
    .backoff(Backoff::exponential(
        Duration::from_millis(100),
        Duration::from_millis(800),
    ));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    tokio::time::sleep(Duration::from_secs(5)).await;
    handle.shutdown().await.expect("stops");
    let at: Vec<u64> = log
        .take()
        .iter()
        .map(|line| line.parse().expect("a number"))
        .collect();
    let delays: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (place, ceiling) in [100, 200, 400, 800, 800, 800].into_iter().enumerate() {
        let delay = delays[place];
        // A millisecond is what tokio's timer rounds up to.
        assert!(
            (ceiling / 2..=ceiling + 1).contains(&delay),
            "delay {place}: {delay} ms"
        );
    }
}

//! How long a child waits before it is started again; `tests/backoff.rs` says what ends the wait.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_restart_waits_half_of_it_at_least_and_no_longer() {
    let log = Log::new();
    let began = Instant::now();
    let handle = started(supervisor_tree! {
        fails("child", log.clone(), 1) { backoff = "10s" },
    })
    .await;
    log.wait_for("+child", 2).await;
    let waited = began.elapsed();
    assert!(waited >= 5 * SECOND && waited <= 10 * SECOND, "{waited:?}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn none_waits_for_nothing() {
    let log = Log::new();
    let began = Instant::now();
    let handle = started(supervisor_tree! { fails("child", log.clone(), 3) }).await;
    log.wait_for("+child", 4).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    handle.shutdown().await.expect("stops");
}

//! How long one attempt may last; `tests/time_limits.rs` has the rest.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(timeout = "7s", shutdown = "abort", backoff = "none")]
async fn for_ever(_ctx: TaskContext, log: Log) {
    let _live = log.live("for_ever");
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_lasts_longer_is_ended_and_the_child_restarted() {
    let log = Log::new();
    let began = Instant::now();
    let handle = started(supervisor_tree! { for_ever(log.clone()) }).await;
    log.wait_for("+for_ever", 3).await;
    assert_eq!(began.elapsed(), 14 * SECOND);
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
}

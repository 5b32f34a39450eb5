//! How long a child may be silent before it counts as hung; `tests/time_limits.rs` has the rest.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(heartbeat = "5s", shutdown = "abort", backoff = "none")]
async fn beats(ctx: TaskContext, log: Log, times: u64) {
    let _live = log.live("beats");
    for _ in 0..times {
        tokio::time::sleep(4 * SECOND).await;
        ctx.heartbeat();
    }
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_falls_silent_is_restarted() {
    let log = Log::new();
    let began = Instant::now();
    let handle = started(supervisor_tree! { beats(log.clone(), 3) }).await;
    log.wait_for("+beats", 2).await;
    let lived = began.elapsed();
    // Looks are taken four times in each such span.
    assert!(lived > 16 * SECOND && lived < 19 * SECOND, "{lived:?}");
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
}

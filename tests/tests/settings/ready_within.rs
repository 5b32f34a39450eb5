//! How long a start may take; `tests/time_limits.rs` has the rest.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit", ready_within = "2s", shutdown = "abort")]
async fn never_ready(ctx: TaskContext) {
    ctx.cancelled().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_not_ready_by_then_has_failed_to_start() {
    let began = Instant::now();
    let error = Supervisor::start(supervisor_tree! { never_ready() })
        .await
        .expect_err("never ready");
    assert_eq!(began.elapsed(), 2 * SECOND);
    assert!(error.to_string().contains("never_ready"), "{error}");
}

//! In which order children start.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit")]
async fn slow(ctx: TaskContext) {
    tokio::time::sleep(SECOND).await;
    ctx.mark_ready();
    ctx.cancelled().await;
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_or_all_at_once() {
    let began = Instant::now();
    let ordered = started(supervisor_tree! { start = "ordered", a: slow(), b: slow() }).await;
    assert_eq!(began.elapsed(), 2 * SECOND);
    let began = Instant::now();
    let concurrent = started(supervisor_tree! { start = "concurrent", a: slow(), b: slow() }).await;
    assert_eq!(began.elapsed(), SECOND);
    ordered.shutdown().await.expect("stops");
    concurrent.shutdown().await.expect("stops");
}

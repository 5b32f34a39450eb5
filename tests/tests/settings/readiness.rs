//! When a start counts as complete, so that the next sibling may start.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit")]
async fn explicit(ctx: TaskContext, log: Log) {
    tokio::time::sleep(SECOND).await;
    log.write("ready");
    ctx.mark_ready();
    ctx.cancelled().await;
}

#[supervised(readiness = "completed")]
async fn completed(log: Log) {
    tokio::time::sleep(SECOND).await;
    log.write("completed");
}

#[tokio::test(start_paused = true)]
async fn the_next_sibling_waits_for_it() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        explicit(log.clone()),
        completed(log.clone()),
        works("next", log.clone()),
    })
    .await;
    log.wait_for("+next", 1).await;
    assert_eq!(log.lines(), ["ready", "completed", "+next"]);
    handle.shutdown().await.expect("stops");
}

//! How long a child may take to stop before it is dropped.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_is_dropped_after_its_budget() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        slow: never_stops("slow", log.clone()) { shutdown = "3s" },
        at_once: never_stops("at_once", log.clone()) { shutdown = "abort" },
    })
    .await;
    log.wait_for("+at_once", 1).await;
    let began = Instant::now();
    handle.shutdown().await.expect("stops");
    assert_eq!(began.elapsed(), 3 * SECOND);
    assert_eq!(log.lines()[2..], ["-at_once", "-slow"]);
}

#[supervised(shutdown = "infinity")]
async fn patient(ctx: TaskContext, log: Log) {
    let _live = log.live("patient");
    ctx.cancelled().await;
    tokio::time::sleep(3600 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn without_end_it_is_waited_for() {
    let log = Log::new();
    let handle = started(supervisor_tree! { patient(log.clone()) }).await;
    log.wait_for("+patient", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.lines(), ["+patient", "-patient"]);
}

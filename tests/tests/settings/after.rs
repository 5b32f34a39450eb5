//! The siblings that must be up before a child starts.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit")]
async fn slow(ctx: TaskContext, log: Log) {
    tokio::time::sleep(SECOND).await;
    log.write("ready");
    ctx.mark_ready();
    ctx.cancelled().await;
    log.write("stopped");
}

#[tokio::test(start_paused = true)]
async fn a_child_waits_for_them_and_stops_before_them_whatever_the_order_is() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        start = "concurrent",
        waits: works("waits", log.clone()) { after = [slow] },
        slow(log.clone()),
        free: works("free", log.clone()),
    })
    .await;
    log.wait_for("+waits", 1).await;
    assert_eq!(log.take(), ["+free", "ready", "+waits"]);
    handle.shutdown().await.expect("stops");
    let lines = log.lines();
    let place = |line: &str| lines.iter().position(|written| written == line);
    assert!(place("-waits") < place("stopped"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_added_may_have_children_that_are_after_later_ones() {
    let log = Log::new();
    let handle = started(supervisor_tree! {}).await;
    let added = supervisor_tree! {
        start = "concurrent",
        strategy = "dependents",
        waits: works("waits", log.clone()) { after = [fails] },
        fails("fails", log.clone(), 1) { readiness = "immediate" },
    };
    handle
        .start_child("", rust_supervisor::ChildSpec::supervisor("added", added))
        .await
        .expect("starts");
    log.wait_for("+fails", 2).await;
    log.wait_for("+waits", 1).await;
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

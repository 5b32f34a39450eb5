//! What a stop does to a child that is starting.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit")]
async fn slow(ctx: TaskContext, log: Log) {
    let _live = log.live("slow");
    if ctx.until_cancelled(tokio::time::sleep(5 * SECOND)).await.is_some() {
        log.write("ready");
        ctx.mark_ready();
        ctx.cancelled().await;
    }
}

/// What is done by a child that is added, and is starting when the tree is stopped.
async fn stopped_while_starting(tree: SupervisorSpec) -> Vec<String> {
    let log = Log::new();
    let handle = started(tree).await;
    let (adds, added) = (handle.clone(), slow::spec(log.clone()));
    let add = tokio::spawn(async move { adds.start_child("", added).await });
    log.wait_for("+slow", 1).await;
    handle.shutdown().await.expect("stops");
    drop(add.await.expect("no panic"));
    log.lines()
}

#[tokio::test(start_paused = true)]
async fn it_ends_the_start_or_waits_for_it() {
    let interrupted = stopped_while_starting(supervisor_tree! {}).await;
    assert_eq!(interrupted, ["+slow", "-slow"]);
    let waited = stopped_while_starting(supervisor_tree! { while_starting = "wait" }).await;
    assert_eq!(waited, ["+slow", "ready", "-slow"]);
}

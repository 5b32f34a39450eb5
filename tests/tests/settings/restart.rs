//! After which ends a child is started again.

use rust_supervisor::supervisor_tree;

use super::*;

/// Ends at once the first time, well or badly.
#[supervised(backoff = "none")]
async fn once(ctx: TaskContext, name: &'static str, log: Log, end: Result<(), &'static str>) -> Result<(), &'static str> {
    let _live = log.live(name);
    if ctx.generation().value == 0 {
        return end;
    }
    ctx.cancelled().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn permanent_after_any_transient_after_bad_and_temporary_after_none() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        permanent: once("permanent", log.clone(), Ok(())) { restart = "permanent" },
        done: once("done", log.clone(), Ok(())) { restart = "transient" },
        failed: once("failed", log.clone(), Err("fails")),
        temporary: once("temporary", log.clone(), Err("fails")) { restart = "temporary" },
    })
    .await;
    log.wait_for("+permanent", 2).await;
    log.wait_for("+failed", 2).await;
    until(&handle, "done", ChildState::Finished).await;
    log.wait_for("-temporary", 1).await;
    tokio::time::sleep(100 * SECOND).await;
    let starts = ["+permanent", "+done", "+failed", "+temporary"].map(|line| log.count(line));
    assert_eq!(starts, [2, 1, 2, 1]);
    handle.shutdown().await.expect("stops");
}

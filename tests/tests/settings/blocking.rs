//! A synchronous function on the blocking pool; `tests/blocking.rs` has the rest.

use std::thread::{self, ThreadId};

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(blocking, backoff = "none")]
fn reads(ctx: TaskContext, log: &Log, threads: &mut Vec<ThreadId>) -> Result<(), &'static str> {
    threads.push(thread::current().id());
    log.write(format!("{} on it", threads.len()));
    if ctx.generation().value == 0 {
        return Err("fails");
    }
    while !ctx.is_cancelled() {
        thread::yield_now();
    }
    log.write("stopped");
    Ok(())
}

#[tokio::test]
async fn it_is_restarted_with_what_it_was_lent_and_stops_when_it_looks() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        reads(log.clone(), vec![thread::current().id()]),
    })
    .await;
    log.wait_for("3 on it", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.lines(), ["2 on it", "3 on it", "stopped"]);
}

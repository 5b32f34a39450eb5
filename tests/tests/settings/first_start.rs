//! What a failed first start of a child does; `tests/start_failure.rs` has the rest.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(readiness = "explicit", backoff = "1s")]
async fn comes_up_late(ctx: TaskContext, log: Log) -> Result<(), &'static str> {
    let _live = log.live("late");
    if ctx.generation().value < 2 {
        return Err("not yet");
    }
    ctx.mark_ready();
    ctx.cancelled().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_fails_the_start_or_is_tried_again() {
    let log = Log::new();
    Supervisor::start(supervisor_tree! {
        works("before", log.clone()),
        comes_up_late(log.clone()),
    })
    .await
    .expect_err("fails");
    assert_eq!(log.take().last().map(String::as_str), Some("-before"), "rolled back");

    let handle = started(supervisor_tree! {
        first_start = "retry",
        works("before", log.clone()),
        comes_up_late(log.clone()),
    })
    .await;
    assert_eq!([log.count("+late"), log.count("-before")], [3, 0]);
    handle.shutdown().await.expect("stops");
}

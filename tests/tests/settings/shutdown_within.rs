//! How long everything below a supervisor may take to stop; `tests/deadlines.rs` has the rest.

use tokio::time::Instant;

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn all_of_it_has_stopped_by_then() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        shutdown_within = "3s",
        a: never_stops("a", log.clone()),
        inner: { b: never_stops("b", log.clone()), c: never_stops("c", log.clone()) },
    })
    .await;
    log.wait_for("+c", 1).await;
    let began = Instant::now();
    handle.shutdown().await.expect("stops");
    assert_eq!(began.elapsed(), 3 * SECOND, "and not three budgets of 5 s");
    assert_eq!(log.alive(), 0);
}

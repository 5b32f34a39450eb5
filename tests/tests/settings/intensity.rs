//! How many restarts a supervisor accepts before it gives up; `tests/giving_up.rs` has the rest.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_restart_after_the_last_one_allowed_is_the_end() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        intensity = "2/1h",
        works("other", log.clone()),
        fails("child", log.clone(), 100),
    })
    .await;
    handle.join().await.expect_err("gives up");
    assert_eq!(log.count("+child"), 3);
    assert_eq!(log.count("-other"), 1);
}

#[tokio::test(start_paused = true)]
async fn zero_accepts_none() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        intensity = "0/1h",
        fails("child", log.clone(), 1),
    })
    .await;
    handle.join().await.expect_err("gives up");
    assert_eq!(log.count("+child"), 1);
}

//! Whether the tree counts as ready only while a child is.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(backoff = "1h")]
async fn fails_at_once() -> Result<(), &'static str> {
    Err("fails")
}

#[tokio::test(start_paused = true)]
async fn only_one_that_is_critical_makes_the_tree_unready() {
    for (critical, ready) in [(true, false), (false, true)] {
        let handle = started(supervisor_tree! { fails_at_once() { critical = critical } }).await;
        until(&handle, "fails_at_once", ChildState::Backoff).await;
        assert_eq!(handle.is_ready(), ready);
        handle.shutdown().await.expect("stops");
    }
}

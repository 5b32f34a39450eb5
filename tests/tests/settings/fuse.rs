//! A child's own limit of restarts; `tests/exhausted.rs` says what becomes of it then.

use rust_supervisor::control::outcome::ChildControlOperation;

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_restart_after_the_last_one_allowed_is_a_quarantine_and_counts_nowhere_else() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        intensity = "0/1h",
        weak: fails("weak", log.clone(), 100) { fuse = "2/1h" },
        strong: works("strong", log.clone()),
    })
    .await;
    until(&handle, "weak", ChildState::Failed).await;
    assert_eq!(log.count("+weak"), 3);
    let weak = handle.snapshot_of("weak").expect("is there");
    assert_eq!(weak.operation, ChildControlOperation::Quarantined);
    assert_eq!(log.count("-strong"), 0);
    assert!(handle.is_alive());
    handle.shutdown().await.expect("stops");
}

//! Whether children may be added at run time.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn they_may_unless_it_says_no() {
    let log = Log::new();
    let handle = started(supervisor_tree! { open: {}, closed: { add = "no" } }).await;
    let added = handle.start_child("open", works::spec("a", log.clone())).await;
    added.expect("added");
    let refused = handle.start_child("closed", works::spec("b", log.clone())).await;
    refused.expect_err("refused");
    log.wait_for("+a", 1).await;
    handle.shutdown().await.expect("stops");
    assert_eq!(log.count("+b"), 0);
}

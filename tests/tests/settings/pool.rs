//! A pool of instances that are added at run time.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn it_takes_as_many_as_it_says_and_forgets_them_when_they_end() {
    let log = Log::new();
    let handle = started(supervisor_tree! { uploads: { pool = 2 } }).await;
    let add = |name: &'static str| {
        handle.start_child("uploads", works::spec(name, log.clone()).named(name))
    };
    add("a").await.expect("has a place");
    add("b").await.expect("has a place");
    add("c").await.expect_err("full");
    log.wait_for("+a", 1).await;
    handle
        .stop_child("uploads/a", "test", "to make a place")
        .await
        .expect("stops");
    log.wait_for("-a", 1).await;
    assert!(handle.snapshot_of("uploads/a").is_err(), "forgotten");
    add("c").await.expect("has a place again");
    handle.shutdown().await.expect("stops");
}

//! How many children a supervisor may have.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn one_more_is_refused_and_those_declared_count() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        max_children = 2,
        declared: works("declared", log.clone()),
    })
    .await;
    let add = |name: &'static str| {
        handle.start_child("", works::spec(name, log.clone()).named(name))
    };
    add("a").await.expect("has a place");
    let error = add("b").await.expect_err("full");
    assert!(error.to_string().contains('2'), "{error}");
    handle.shutdown().await.expect("stops");
}

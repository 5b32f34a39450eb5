//! Words for people and filters.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(tags = ["io", "edge"])]
async fn tagged(ctx: TaskContext) {
    ctx.cancelled().await;
}

#[tokio::test]
async fn a_snapshot_shows_them_and_those_of_the_tree_take_the_place_of_the_functions() {
    let handle = started(supervisor_tree! {
        as_it_is: tagged(),
        other: tagged() { tags = ["eu"] },
        none: tagged() { tags = [] },
        inner: { tags = ["inside"], tagged() },
    })
    .await;
    let tags = |path: &str| {
        let child = handle.snapshot_of(path).expect("is there");
        child.tags.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(tags("as_it_is"), ["io", "edge"]);
    assert_eq!(tags("other"), ["eu"]);
    assert_eq!(tags("none"), Vec::<String>::new());
    assert_eq!(tags("inner"), ["inside"]);
    handle.shutdown().await.expect("stops");
}

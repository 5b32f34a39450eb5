//! How many ends of each child are kept.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_last_ones_and_no_more() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        history = 2,
        fails("child", log.clone(), 5),
        inner: { history = 3, fails("child", log.clone(), 5) },
    })
    .await;
    log.wait_for("+child", 12).await;
    let kept = |path: &str| handle.why(path).expect("is there").ends.len();
    assert_eq!([kept("fails"), kept("inner/fails")], [2, 3]);
    handle.shutdown().await.expect("stops");
}

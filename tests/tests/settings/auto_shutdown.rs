//! Which ends of its children make a supervisor shut down; `tests/batch.rs` has the rest.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised]
async fn ends(log: Log, name: &'static str, after: Duration) {
    let _live = log.live(name);
    tokio::time::sleep(after).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_over_when_all_have_ended() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        auto_shutdown = "all_ended",
        early: ends(log.clone(), "early", SECOND),
        late: ends(log.clone(), "late", 5 * SECOND),
    })
    .await;
    handle.join().await.expect("ends by itself");
    assert_eq!(log.lines(), ["+early", "+late", "-early", "-late"]);
}

#[tokio::test(start_paused = true)]
async fn by_default_an_idle_tree_stays_up() {
    let log = Log::new();
    let handle = started(supervisor_tree! { ends(log.clone(), "early", SECOND) }).await;
    tokio::time::sleep(100 * SECOND).await;
    assert!(handle.is_alive());
    handle.shutdown().await.expect("stops");
}

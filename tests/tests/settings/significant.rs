//! Whose end counts for the auto-shutdown of the supervisor.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(restart = "temporary")]
async fn ends(log: Log, name: &'static str, after: Duration) {
    let _live = log.live(name);
    tokio::time::sleep(after).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_that_is_significant_ends_the_supervisor_and_of_others_does_not() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        auto_shutdown = "any_significant",
        works("other", log.clone()),
        early: ends(log.clone(), "early", SECOND),
        late: ends(log.clone(), "late", 5 * SECOND) { significant },
    })
    .await;
    log.wait_for("-early", 1).await;
    assert!(handle.is_alive());
    handle.join().await.expect("ends by itself");
    assert_eq!(log.lines()[3..], ["-early", "-late", "-other"]);
}

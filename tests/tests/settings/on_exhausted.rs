//! What a supervisor does when it has restarted too often; `tests/exhausted.rs` has the rest.

use rust_supervisor::supervisor_tree;

use super::*;

#[tokio::test(start_paused = true)]
async fn it_can_put_the_child_into_quarantine_and_go_on() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        intensity = "1/1h",
        on_exhausted = "quarantine",
        weak: fails("weak", log.clone(), 100),
        strong: works("strong", log.clone()),
    })
    .await;
    until(&handle, "weak", ChildState::Failed).await;
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!([log.count("+weak"), log.count("+strong"), log.count("-strong")], [2, 1, 0]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn it_can_end_the_whole_tree() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        strong: works("strong", log.clone()),
        inner: {
            intensity = "0/1h",
            on_exhausted = "shutdown",
            weak: fails("weak", log.clone(), 1),
        },
    })
    .await;
    handle.join().await.expect_err("ends");
    assert_eq!([log.count("+weak"), log.count("-strong")], [1, 1]);
}

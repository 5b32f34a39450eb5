//! How long a child must be healthy for its back-off to begin anew.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(backoff = "1s..1h", backoff_reset = "10s")]
async fn healthy(ctx: TaskContext, log: Log, lives: Duration) -> Result<(), &'static str> {
    log.write(format!("attempt {}", ctx.attempt().value));
    tokio::time::sleep(lives).await;
    Err("fails")
}

async fn attempts(lives: Duration) -> Vec<String> {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        intensity = "1000/1s",
        healthy(log.clone(), lives),
    })
    .await;
    tokio::time::sleep(60 * SECOND).await;
    handle.shutdown().await.expect("stops");
    log.lines().into_iter().take(3).collect()
}

/// The attempt that was healthy is the first of those since, so the next one is the second.
#[tokio::test(start_paused = true)]
async fn whoever_was_healthy_that_long_begins_anew_and_nobody_else() {
    assert_eq!(attempts(9 * SECOND).await, ["attempt 1", "attempt 2", "attempt 3"]);
    assert_eq!(attempts(11 * SECOND).await, ["attempt 1", "attempt 2", "attempt 2"]);
}

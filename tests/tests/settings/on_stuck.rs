//! What a supervisor does about a child that cannot be stopped; `tests/deadlines.rs` and
//! `tests/stuck.rs` have the rest.

use std::sync::mpsc;

use rust_supervisor::spec::policy::OnStuck;
use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(on_stuck = "escalate", shutdown = "50ms", backoff = "none")]
async fn blocks(ctx: TaskContext, log: Log, held: &mut mpsc::Receiver<()>) {
    let _live = log.live("blocks");
    ctx.cancelled().await;
    // Without a limit a failed test would not end either.
    let _ = held.recv_timeout(20 * SECOND);
}

/// The tree, once its child is asked to stop and does not.
async fn stuck(wait: bool, log: &Log) -> (SupervisorHandle, mpsc::Sender<()>) {
    let (let_go, held) = mpsc::channel();
    let child = blocks::spec(log.clone(), held);
    let handle = if wait {
        started(supervisor_tree! { blocks: ..child.on_stuck(OnStuck::Wait) }).await
    } else {
        started(supervisor_tree! { ..child }).await
    };
    log.wait_for("+blocks", 1).await;
    handle
        .restart_child("blocks", "test", "to see it stick")
        .await
        .expect("accepted");
    (handle, let_go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_gives_up_or_waits_until_the_child_has_gone() {
    let log = Log::new();
    let (handle, let_go) = stuck(false, &log).await;
    handle.join().await.expect_err("gives up");
    drop(let_go);
    log.wait_for("-blocks", 1).await;

    let log = Log::new();
    let (handle, let_go) = stuck(true, &log).await;
    until(&handle, "blocks", ChildState::Stuck).await;
    assert!(handle.is_alive());
    drop(let_go);
    log.wait_for("+blocks", 2).await;
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
}

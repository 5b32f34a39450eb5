//! How long one poll may last before it is reported; `tests/stalls.rs` has the rest.

use std::sync::mpsc;

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::Observed;

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(stall_after = "50ms")]
async fn blocks(ctx: TaskContext, held: &mut mpsc::Receiver<()>) {
    // Without a limit a failed test would not end either.
    let _ = held.recv_timeout(20 * SECOND);
    ctx.cancelled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_lasts_longer_is_reported_while_it_does() {
    let (let_go, held) = mpsc::channel();
    let handle = started(supervisor_tree! { blocks(held) }).await;
    let mut events = handle.events_after(0);
    loop {
        let Some(Observed::Event(event)) = events.next().await else {
            panic!("the tree lives, and few events have been");
        };
        if matches!(event.kind, EventKind::Stalled { .. }) {
            assert_eq!(&*event.path, "blocks");
            break;
        }
    }
    let_go.send(()).expect("it still waits");
    handle.shutdown().await.expect("stops");
}

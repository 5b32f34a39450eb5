//! A future that is not `Send`; `tests/local.rs` has the rest.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread::{self, ThreadId};

use rust_supervisor::supervisor_tree;

use super::*;

/// Keeps what cannot leave the thread across an await, and is given what is not `Sync`.
#[supervised(local, backoff = "none")]
async fn paints(
    ctx: TaskContext,
    log: Log,
    frames: &Cell<u32>,
    threads: &mut Vec<ThreadId>,
) -> Result<(), &'static str> {
    let here = Rc::new(RefCell::new(thread::current().id()));
    tokio::task::yield_now().await;
    frames.set(frames.get() + 1);
    threads.push(*here.borrow());
    let on_one_thread = threads.windows(2).all(|two| two[0] == two[1]);
    log.write(format!("frame {} on one thread: {on_one_thread}", frames.get()));
    if ctx.generation().value == 0 {
        return Err("fails");
    }
    ctx.cancelled().await;
    Ok(())
}

#[tokio::test]
async fn every_attempt_is_on_the_childs_own_thread_with_what_it_was_given() {
    let log = Log::new();
    let handle = started(supervisor_tree! {
        paints(log.clone(), Cell::new(0), Vec::new()),
    })
    .await;
    log.wait_for("frame 2 on one thread: true", 1).await;
    assert_eq!(log.count("frame 1 on one thread: true"), 1);
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
}

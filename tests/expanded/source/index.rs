//! A batch of all kinds of functions: blocking, on a thread of its own, generic.

use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

use rust_supervisor::{RunOutcome, Supervisor, TaskContext, supervised, supervisor_tree};

/// Reads what it has been lent; what it had read when it fails is gone.
#[supervised(blocking, backoff = "none")]
fn read(ctx: TaskContext, words: &mut Vec<&'static str>) -> Result<(), String> {
    while let Some(word) = words.pop() {
        println!("attempt {} reads {word}", ctx.attempt());
        if word == "illegible" {
            return Err(format!("cannot read {word}"));
        }
    }
    Ok(())
}

/// Keeps on its thread what cannot leave it.
#[supervised(local, readiness = "completed", timeout = "1m")]
async fn count(limit: u8, total: &Cell<u8>) {
    let steps = Rc::new(Cell::new(0));
    for _ in 0..limit {
        tokio::task::yield_now().await;
        steps.set(steps.get() + 1);
    }
    total.set(steps.get());
    println!("counted to {}", total.get());
}

#[supervised]
async fn show<T: Display + Clone + Send + Sync + 'static>(what: T, (low, high): (u8, u8)) {
    println!("{what} from {low} to {high}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunOutcome {
    Supervisor::run(supervisor_tree! {
        auto_shutdown = "all_ended",
        count(3, Cell::new(0)),
        show("numbers", (1, 3)) { after = [count], readiness = "completed" },
        read(vec!["two", "illegible", "one"]) { after = [show] },
    })
    .await
}

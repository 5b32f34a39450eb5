//! The quick start: two children, one of which fails now and then.

use std::time::Duration;

use rust_supervisor::{RunOutcome, Supervisor, TaskContext, supervised, supervisor_tree};
use tokio::sync::mpsc;

/// Counts until it is asked to stop.
#[supervised]
async fn counter(ctx: TaskContext, numbers: mpsc::Sender<u32>) {
    for number in 1.. {
        let pause = tokio::time::sleep(Duration::from_millis(500));
        if ctx.until_cancelled(pause).await.is_none() || numbers.send(number).await.is_err() {
            return;
        }
    }
}

/// Fails at every fifth number; the next attempt is lent the same receiver and goes on.
#[supervised(backoff = "100ms..5s")]
async fn printer(numbers: &mut mpsc::Receiver<u32>) -> Result<(), String> {
    println!("ready to print");
    while let Some(number) = numbers.recv().await {
        println!("{number}");
        if number % 5 == 0 {
            return Err(format!("{number} is too much for me"));
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> RunOutcome {
    let (sender, receiver) = mpsc::channel(8);
    Supervisor::run(supervisor_tree! {
        printer(receiver),
        counter(sender) { after = [printer] },
    })
    .await
}

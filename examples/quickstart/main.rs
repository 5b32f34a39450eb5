//! The quick start: two children, one of which panics now and then.

use std::time::Duration;

use rust_supervisor::{RunOutcome, Supervisor, TaskContext, supervised, supervisor_tree};
use tokio::sync::mpsc;
use tokio::time::sleep;

#[supervised]
async fn counter(ctx: TaskContext, pause: Duration, numbers: mpsc::Sender<u32>) {
    let mut number = 0;
    while ctx.until_cancelled(sleep(pause)).await.is_some() {
        number += 1;
        let _ = numbers.send(number).await;
    }
}

#[supervised(backoff = "100ms..5s")]
async fn printer(numbers: &mut mpsc::Receiver<u32>) {
    println!("ready to print");
    while let Some(number) = numbers.recv().await {
        println!("{number}");
        assert!(number % 5 != 0, "{number} is too much for me");
    }
}

#[tokio::main]
async fn main() -> RunOutcome {
    let (sender, receiver) = mpsc::channel(8);
    Supervisor::run(supervisor_tree! {
        printer(receiver),
        counter(Duration::from_millis(200), sender) { after = [printer] },
    })
    .await
}

//! A supervised function is an ordinary function too, whatever else stands on it.
#![deny(warnings)]

use rust_supervisor::{TaskContext, supervised};

/// Doubles.
#[inline]
#[supervised(blocking)]
#[must_use]
fn double(queue: &mut Vec<u8>) -> rust_supervisor::TaskResult {
    queue.iter_mut().for_each(|n| *n *= 2);
    rust_supervisor::TaskResult::Succeeded
}

#[supervised]
async fn feed(ctx: TaskContext, limit: u8, queue: &mut Vec<u8>) {
    drop(ctx);
    queue.push(limit);
}

fn main() {
    let mut queue = vec![1, 2];
    let _ = double(&mut queue);
    assert_eq!(queue, [2, 4]);
    drop(feed(TaskContext::detached(), 1, &mut queue));
    drop(double::spec(queue));
    drop(feed::spec(1, Vec::new()));
}

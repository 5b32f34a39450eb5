//! `#[tracing::instrument]` goes with it in either order.
#![deny(warnings)]

use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[tracing::instrument(skip_all)]
#[supervised(shutdown = "1s")]
async fn above(ctx: TaskContext, limit: u8, table: &Vec<u8>, queue: &mut Vec<u8>) -> Result<(), String> {
    let _ = (ctx, limit, table);
    queue.push(limit);
    Ok(())
}

#[supervised(shutdown = "1s")]
#[tracing::instrument(skip_all, fields(limit))]
async fn below(ctx: TaskContext, limit: u8, table: &Vec<u8>, queue: &mut Vec<u8>) -> Result<(), String> {
    let _ = (ctx, limit, table);
    queue.push(limit);
    Ok(())
}

#[supervised(blocking)]
#[tracing::instrument(skip_all)]
fn blocking(queue: &mut Vec<u8>) -> Result<(), String> {
    queue.push(1);
    Ok(())
}

#[tracing::instrument(skip_all)]
#[supervised(local)]
async fn local(ctx: TaskContext, limit: u8) {
    let here = std::rc::Rc::new(limit);
    ctx.cancelled().await;
    drop(here);
}

fn main() {
    drop(supervisor_tree! {
        above(1, Vec::new(), Vec::new()),
        below(1, Vec::new(), Vec::new()),
        blocking(Vec::new()),
        local(1),
    });
}

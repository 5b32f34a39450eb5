use std::sync::mpsc::{Receiver, channel};

use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
async fn server(ctx: TaskContext, jobs: Receiver<u32>) {
    let _ = (ctx, jobs);
}

fn main() {
    let _tree = supervisor_tree! { server(channel().1) };
}

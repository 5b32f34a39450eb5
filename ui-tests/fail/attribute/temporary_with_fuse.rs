use rust_supervisor::{TaskContext, supervised};

#[supervised(restart = "temporary", fuse = "5/30s")]
async fn feed(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

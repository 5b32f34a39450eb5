use rust_supervisor::{TaskContext, supervised};

#[supervised(heartbeat = "1m", timeout = "30s")]
async fn feed(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

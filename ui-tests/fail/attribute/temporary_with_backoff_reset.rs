use rust_supervisor::{TaskContext, supervised};

#[supervised(restart = "temporary", backoff_reset = "1s")]
async fn feed(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

use rust_supervisor::{TaskContext, supervised};

#[supervised(ready_within = "5s")]
async fn feed(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

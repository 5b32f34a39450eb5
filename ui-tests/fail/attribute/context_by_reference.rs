use rust_supervisor::{TaskContext, supervised};

#[supervised]
async fn feed(ctx: &TaskContext) {
    let _ = ctx;
}

fn main() {}

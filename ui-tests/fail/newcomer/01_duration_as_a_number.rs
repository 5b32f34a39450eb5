use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised(shutdown = 10)]
async fn server(ctx: TaskContext) {
    ctx.cancelled().await;
}

fn main() {
    let _tree = supervisor_tree! { server() };
}

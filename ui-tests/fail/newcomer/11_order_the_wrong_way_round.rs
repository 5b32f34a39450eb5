use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
async fn server(ctx: TaskContext, port: u16) {
    let _ = (ctx, port);
}

#[supervised(readiness = "explicit")]
async fn database(ctx: TaskContext) {
    ctx.mark_ready();
}

fn main() {
    let _tree = supervisor_tree! { server(80) { after = [database] }, database() };
}

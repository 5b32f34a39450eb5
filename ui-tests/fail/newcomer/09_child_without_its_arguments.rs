use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
async fn server(ctx: TaskContext, port: u16) {
    let _ = (ctx, port);
}

fn main() {
    let _tree = supervisor_tree! { server };
}

use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
fn server(ctx: TaskContext) {
    while !ctx.is_cancelled() {}
}

fn main() {
    let _tree = supervisor_tree! { server() };
}

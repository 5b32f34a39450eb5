use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
async fn server(ctx: TaskContext) {
    let count = std::rc::Rc::new(0);
    ctx.cancelled().await;
    println!("{count}");
}

fn main() {
    let _tree = supervisor_tree! { server() };
}

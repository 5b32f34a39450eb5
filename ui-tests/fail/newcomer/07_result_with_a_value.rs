use rust_supervisor::{TaskContext, supervised, supervisor_tree};

#[supervised]
async fn server(ctx: TaskContext) -> Result<u32, String> {
    ctx.cancelled().await;
    Ok(1)
}

fn main() {
    let _tree = supervisor_tree! { server() };
}

use rust_supervisor::{TaskContext, supervised};

struct Server;

impl Server {
    #[supervised]
    async fn run(&self, ctx: TaskContext) {
        ctx.cancelled().await;
    }
}

fn main() {}

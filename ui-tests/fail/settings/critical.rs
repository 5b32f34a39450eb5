use rust_supervisor::{TaskContext, supervised};

#[supervised(critical = "yes")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(critical = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(critical, critical)]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

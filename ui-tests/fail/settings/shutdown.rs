use rust_supervisor::{TaskContext, supervised};

#[supervised(shutdown = "never")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(shutdown = true)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(shutdown = "10")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(shutdown = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(shutdown = "abort", shutdown = "10s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

use rust_supervisor::{TaskContext, supervised};

#[supervised(timeout = "soon")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(timeout = true)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(timeout = "5")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(timeout = "5sec")]
async fn unknown_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(timeout = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(timeout = "5s", timeout = "6s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

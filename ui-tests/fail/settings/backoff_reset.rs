use rust_supervisor::{TaskContext, supervised};

#[supervised(backoff_reset = "soon")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff_reset = true)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff_reset = "5")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff_reset = "5sec")]
async fn unknown_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff_reset = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff_reset = "5s", backoff_reset = "6s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

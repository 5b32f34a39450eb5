use rust_supervisor::{TaskContext, supervised};

#[supervised(backoff = "slow")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = false)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = "100..30s")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = "100ms..")]
async fn one_bound(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = "none", backoff = "1s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

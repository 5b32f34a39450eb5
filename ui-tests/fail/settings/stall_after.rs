use rust_supervisor::{TaskContext, supervised};

#[supervised(stall_after = "soon")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(stall_after = true)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(stall_after = "5")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(stall_after = "5sec")]
async fn unknown_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(stall_after = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(stall_after = "5s", stall_after = "6s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

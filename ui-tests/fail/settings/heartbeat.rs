use rust_supervisor::{TaskContext, supervised};

#[supervised(heartbeat = "soon")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(heartbeat = true)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(heartbeat = "5")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(heartbeat = "5sec")]
async fn unknown_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(heartbeat = "0s")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(heartbeat = "5s", heartbeat = "6s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

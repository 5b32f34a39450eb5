use rust_supervisor::{TaskContext, supervised};

#[supervised(ready_within = "soon", readiness = "explicit")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(ready_within = true, readiness = "explicit")]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(ready_within = "5", readiness = "explicit")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(ready_within = "5sec", readiness = "explicit")]
async fn unknown_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(ready_within = "0s", readiness = "explicit")]
async fn zero(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(ready_within = "5s", ready_within = "6s", readiness = "explicit")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

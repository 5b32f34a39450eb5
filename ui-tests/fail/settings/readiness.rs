use rust_supervisor::{TaskContext, supervised};

#[supervised(readiness = "explict")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(readiness = explicit)]
async fn not_a_string(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(readiness = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(readiness = "explicit", readiness = "completed")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

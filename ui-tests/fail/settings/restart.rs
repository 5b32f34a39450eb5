use rust_supervisor::{TaskContext, supervised};

#[supervised(restart = "permanant")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(restart = permanent)]
async fn not_a_string(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(restart = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(restart = "permanent", restart = "transient")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

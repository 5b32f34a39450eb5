use rust_supervisor::{TaskContext, supervised};

#[supervised(on_stuck = "escalte")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(on_stuck = escalate)]
async fn not_a_string(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(on_stuck = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(on_stuck = "escalate", on_stuck = "wait")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

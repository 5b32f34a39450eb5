use rust_supervisor::{TaskContext, supervised};

#[supervised(local = "yes")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(local = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(local, local)]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

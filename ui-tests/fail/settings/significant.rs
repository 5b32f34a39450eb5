use rust_supervisor::{TaskContext, supervised};

#[supervised(significant = "yes")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(significant = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(significant, significant)]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

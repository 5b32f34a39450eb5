use rust_supervisor::{TaskContext, supervised};

#[supervised(template = "yes")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(template = 1)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(template, template)]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

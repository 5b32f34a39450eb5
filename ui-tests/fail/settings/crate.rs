use rust_supervisor::{TaskContext, supervised};

#[supervised(crate = "two words")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(crate = supervisor)]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(crate = "supervisor")]
async fn relative(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(crate = "::rust_supervisor", crate = "::rust_supervisor")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

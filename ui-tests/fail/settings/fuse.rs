use rust_supervisor::{TaskContext, supervised};

#[supervised(fuse = "often")]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(fuse = 'a')]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(fuse = "5/30")]
async fn missing_unit(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(fuse = "5/0s")]
async fn zero_window(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(fuse = "5/30s", fuse = "6/30s")]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

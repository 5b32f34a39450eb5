use rust_supervisor::{TaskContext, supervised};

#[supervised(tags = ["two words"])]
async fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(tags = "billing")]
async fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(tags = [1])]
async fn of_wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(tags = ["io", "io"])]
async fn the_same_tag(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(tags)]
async fn no_value(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(tags = ["io"], tags = ["cpu"])]
async fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

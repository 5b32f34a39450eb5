use rust_supervisor::{TaskContext, supervised};

#[supervised(blocking = "yes")]
fn unknown_word(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(blocking = 1)]
fn wrong_type(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(blocking, blocking)]
fn set_twice(ctx: TaskContext) {
    drop(ctx);
}

fn main() {}

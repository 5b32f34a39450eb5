use rust_supervisor::{TaskContext, supervised};

#[supervised]
async fn feed(one: TaskContext, two: TaskContext) {
    let _ = (one, two);
}

fn main() {}

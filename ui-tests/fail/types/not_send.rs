use std::rc::Rc;

use rust_supervisor::supervised;

async fn tick() {}

#[supervised]
async fn feed() {
    let count = Rc::new(1);
    tick().await;
    drop(count);
}

fn main() {}

use std::cell::RefCell;
use std::rc::Rc;

use rust_supervisor::supervised;

async fn tick() {}

async fn inner() {
    let count = Rc::new(RefCell::new(1));
    tick().await;
    drop(count);
}

#[supervised]
async fn feed() {
    inner().await;
}

fn main() {}

use std::cell::Cell;

use rust_supervisor::supervised;

#[supervised]
async fn feed(count: &Cell<u8>) {
    count.set(1);
}

fn main() {}

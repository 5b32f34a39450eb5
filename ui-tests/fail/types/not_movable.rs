use std::rc::Rc;

use rust_supervisor::supervised;

#[supervised(local)]
async fn paint(screen: &Rc<u8>) {
    let _ = screen;
}

fn main() {}

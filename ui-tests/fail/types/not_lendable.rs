use std::rc::Rc;

use rust_supervisor::supervised;

#[supervised]
async fn feed(count: &mut Rc<u8>) {
    *count = Rc::new(1);
}

fn main() {}

use rust_supervisor::supervised;

const BLOCKING: bool = true;

#[supervised(blocking = BLOCKING)]
fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(blocking, stall_after = "1s")]
fn feed() {}

fn main() {}

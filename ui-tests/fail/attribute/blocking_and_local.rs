use rust_supervisor::supervised;

#[supervised(blocking, local)]
fn feed() {}

fn main() {}

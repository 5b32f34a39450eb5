use rust_supervisor::supervised;

#[supervised(local)]
fn feed() {}

fn main() {}

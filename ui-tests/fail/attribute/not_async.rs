use rust_supervisor::supervised;

#[supervised]
fn feed() {}

fn main() {}

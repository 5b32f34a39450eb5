use rust_supervisor::supervised;

#[supervised(crate = "supervisor::reexport")]
async fn feed() {}

fn main() {}

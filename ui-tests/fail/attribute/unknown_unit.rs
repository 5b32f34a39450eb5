use rust_supervisor::supervised;

#[supervised(shutdown = "5x")]
async fn feed() {}

fn main() {}

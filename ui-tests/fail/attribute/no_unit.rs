use rust_supervisor::supervised;

#[supervised(shutdown = "5")]
async fn feed() {}

fn main() {}

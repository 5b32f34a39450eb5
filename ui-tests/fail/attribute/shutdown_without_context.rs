use rust_supervisor::supervised;

#[supervised(shutdown = "10s")]
async fn feed() {}

fn main() {}

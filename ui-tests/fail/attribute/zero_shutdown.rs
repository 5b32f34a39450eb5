use rust_supervisor::supervised;

#[supervised(shutdown = "0s")]
async fn feed() {}

fn main() {}

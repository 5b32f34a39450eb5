use rust_supervisor::supervised;

#[supervised(shutdown = 5s)]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(shutdown = "5s", critical, shutdown = "10s")]
async fn feed() {}

fn main() {}

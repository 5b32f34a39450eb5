use rust_supervisor::supervised;

#[supervised(timeout = "5s", critical, timeout = "10s")]
async fn feed() {}

fn main() {}

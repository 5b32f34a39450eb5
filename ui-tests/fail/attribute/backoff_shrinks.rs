use rust_supervisor::supervised;

#[supervised(backoff = "30s..100ms")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(backoff = 100ms..30s)]
async fn feed() {}

fn main() {}

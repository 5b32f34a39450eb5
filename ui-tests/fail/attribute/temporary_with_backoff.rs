use rust_supervisor::supervised;

#[supervised(restart = "temporary", backoff = "1s")]
async fn feed() {}

fn main() {}

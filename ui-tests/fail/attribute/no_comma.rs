use rust_supervisor::supervised;

#[supervised(restart = "permanent" backoff = "5s")]
async fn feed() {}

fn main() {}

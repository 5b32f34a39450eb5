use rust_supervisor::supervised;

#[supervised(heartbeat = "5s")]
async fn feed() {}

fn main() {}

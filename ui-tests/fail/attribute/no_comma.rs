use rust_supervisor::supervised;

#[supervised(restart = "permanent" shutdown = "5s")]
async fn feed() {}

fn main() {}

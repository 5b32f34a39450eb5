use rust_supervisor::supervised;

#[supervised(restart = "permanent", readiness = "completed")]
async fn feed() {}

fn main() {}

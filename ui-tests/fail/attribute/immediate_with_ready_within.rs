use rust_supervisor::supervised;

#[supervised(readiness = "immediate", ready_within = "5s")]
async fn feed() {}

fn main() {}

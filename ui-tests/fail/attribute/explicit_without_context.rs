use rust_supervisor::supervised;

#[supervised(readiness = "explicit")]
async fn feed() {}

fn main() {}

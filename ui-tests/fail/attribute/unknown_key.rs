use rust_supervisor::supervised;

#[supervised(restrat = "transient")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(strategy = "one_for_all")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(name = "feed-eu")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(critical = "no")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(restart = "transiant")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(restart("permanent"))]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(after = [config])]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(restart =)]
async fn feed() {}

fn main() {}

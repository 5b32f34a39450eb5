use rust_supervisor::supervised;

#[supervised(blocking)]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised]
async fn str() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised]
async fn feed();

fn main() {}

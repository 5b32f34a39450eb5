use rust_supervisor::supervised;

#[supervised(significant, restart = "permanent")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

#[supervised(ready_within = "0s")]
async fn feed() {}

fn main() {}

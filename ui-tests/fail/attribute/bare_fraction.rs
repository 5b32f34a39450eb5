use rust_supervisor::supervised;

#[supervised(ready_within = 1.5s)]
async fn feed() {}

fn main() {}

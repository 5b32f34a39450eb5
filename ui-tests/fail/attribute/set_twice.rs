use rust_supervisor::supervised;

#[supervised(ready_within = "5s", critical, ready_within = "10s")]
async fn feed() {}

fn main() {}

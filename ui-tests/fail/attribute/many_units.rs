use rust_supervisor::supervised;

#[supervised(ready_within = "1h30m")]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

const GRACE: u64 = 5;

#[supervised(ready_within = GRACE)]
async fn feed() {}

fn main() {}

use rust_supervisor::supervised;

const GRACE: u64 = 5;

#[supervised(timeout = GRACE)]
async fn feed() {}

fn main() {}

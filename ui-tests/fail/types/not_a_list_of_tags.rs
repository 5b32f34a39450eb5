use rust_supervisor::supervised;

const TAGS: u8 = 5;

#[supervised(tags = TAGS)]
async fn feed() {}

fn main() {}

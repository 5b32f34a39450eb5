use rust_supervisor::supervised;

const LOCAL: bool = true;

#[supervised(local = LOCAL)]
async fn feed() {}

fn main() {}

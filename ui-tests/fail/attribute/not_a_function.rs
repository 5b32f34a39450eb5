use rust_supervisor::supervised;

#[supervised]
struct Feed;

fn main() {}

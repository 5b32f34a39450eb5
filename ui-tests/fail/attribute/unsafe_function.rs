use rust_supervisor::supervised;

#[supervised]
async unsafe fn feed() {}

fn main() {}

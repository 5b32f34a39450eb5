use rust_supervisor::supervised;

#[supervised("permanent")]
async fn feed() {}

fn main() {}

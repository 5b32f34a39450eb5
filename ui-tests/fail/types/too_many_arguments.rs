use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn risk(limit: u8) {
    let _ = limit;
}

fn main() {
    let _ = supervisor_tree! { risk(2, 3) };
}

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn risk(limit: u8, window: u16) {
    let _ = (limit, window);
}

fn main() {
    let _ = supervisor_tree! { risk(2) };
}

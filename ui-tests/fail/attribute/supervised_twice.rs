use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
#[supervised(restart = "permanent")]
async fn feed(n: u8) {
    let _ = n;
}

fn main() {
    let _ = supervisor_tree! { feed(1) };
}

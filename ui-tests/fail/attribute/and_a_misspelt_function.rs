use rust_supervisor::{supervised, supervisor_tree};

#[supervised(restart = "permanant")]
async fn feed(n: u8) {
    let _ = n;
}

fn main() {
    let _ = supervisor_tree! { feed(1), other: feeed(2) };
}

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

#[supervised]
async fn risk(limit: u8) {
    let _ = limit;
}

fn main() {
    let _ = supervisor_tree! {
        feed().named("other"),
        risk(1),
    };
}

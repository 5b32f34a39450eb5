use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn main() {
    let _ = supervisor_tree! {
        feed() { readiness = "immediate", ready_within = "5s" },
    };
}

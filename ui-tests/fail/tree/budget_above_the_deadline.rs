use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn main() {
    let _ = supervisor_tree! {
        shutdown_within = "10s",
        feed() { shutdown = "30s" },
    };
}

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn main() {
    let _ = supervisor_tree! {
        auto_shutdown = "all_ended",
        feed() { significant },
    };
}

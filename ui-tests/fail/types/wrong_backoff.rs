use rust_supervisor::{supervised, supervisor_tree};

const GRACE: u64 = 5;

#[supervised(backoff = GRACE)]
async fn feed() {}

fn main() {
    let _ = supervisor_tree! {
        intensity = GRACE,
        feed() { fuse = GRACE, shutdown = GRACE, restart = GRACE },
    };
}

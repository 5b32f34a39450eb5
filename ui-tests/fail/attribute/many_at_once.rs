//! Every mistake is reported in one run, and none of them takes the function or its `spec` away.

use rust_supervisor::{supervised, supervisor_tree};

#[supervised(
    restrat = "permanent",
    restart = transient,
    shutdown = "5",
    shutdown = "5s",
    backoff = "30s..100ms",
    readiness = "explicit",
    critical = 1,
    after = [config],
)]
fn feed(name: &str, limit: &'static mut u8) {
    let _ = (name, limit);
}

fn main() {
    feed("eu", Box::leak(Box::new(1)));
    let _ = supervisor_tree! { feed("eu", 1), eu: feed("eu", 1) };
}

//! Every mistake is reported in one run, however deep it lies.

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn main() {
    let spec = supervisor_tree! {
        stratgy = "one_for_all",
        intensity = "5/30",
        feed(),
        feed(),
        feed { shutdown = 5s },
        gateway: {
            strategy = one_for_all,
            eu: feed() { after = [us] },
            us: feed() { after = [uk], restart = "temporary", backoff = "1s" },
            { feed() },
            uploads: { pool, feed() },
        },
        late: feed() { significant, after = [gatewey], },
    };
    // The tree is still one.
    drop(spec.max_children(1));
}

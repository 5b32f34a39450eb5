//! Every setting of a supervisor and of a child in a tree.
#![deny(warnings)]

use std::time::Duration;

use rust_supervisor::spec::policy::{Intensity, OnExhausted, StartOrder};
use rust_supervisor::{SupervisorSpec, supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn concurrent(limit: usize, gentle: bool) -> SupervisorSpec {
    supervisor_tree! {
        strategy = "dependents",
        intensity = Intensity::new(0, Duration::from_secs(1)),
        auto_shutdown = "any_significant",
        start = if gentle { StartOrder::Ordered } else { StartOrder::Concurrent },
        first_start = "retry",
        while_starting = "wait",
        add = "yes",
        max_children = limit,
        history = limit,
        on_exhausted = OnExhausted::Shutdown,
        shutdown_within = Duration::from_secs(10),
        // The order is an expression, so it is not known here what comes too late.
        early: feed() { after = [late] },
        late: feed() {
            restart = "temporary",
            shutdown = "abort",
            readiness = "completed",
            ready_within = "5s",
            significant,
            critical = false,
            timeout = "5s",
            stall_after = "1s",
            on_stuck = "escalate",
            tags = ["late"],
        },
        pool: { pool = limit },
        other_pool: { pool = gentle },
    }
}

fn main() {
    let _ = concurrent(4, true);
    let _ = supervisor_tree! {
        strategy = "rest_for_one",
        intensity = "0/30s",
        auto_shutdown = "all_significant",
        start = "ordered",
        on_exhausted = "quarantine",
        shutdown_within = "30s",
        history = 3,
        feed() { heartbeat = "5s", fuse = "5/30s" },
        gateway: {
            restart = "transient",
            backoff = "1s..1m",
            significant,
            critical = false,
            after = [feed],
            fuse = "1/1h",
            tags = ["edge", "eu"],
            shutdown_within = "30s",
            strategy = "one_for_all",
            max_children = 10,
            feed() { backoff = "none", backoff_reset = "10s" },
        },
        batch: { auto_shutdown = "all_ended", feed(), },
        uploads: { pool },
        downloads: { pool = 1_000, intensity = "5/1s", },
        off: { pool = false, feed() },
    };
    let _ = supervisor_tree! {};
}

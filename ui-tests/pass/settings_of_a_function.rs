//! Every setting of a function, as a word or text and as an expression.
#![deny(warnings)]

use std::time::Duration;

use rust_supervisor::spec::policy::{Intensity, OnStuck, Readiness, RestartPolicy, Shutdown};
use rust_supervisor::{TaskContext, supervised};

const GRACE: Duration = Duration::from_secs(3);
const QUIET: bool = false;
const TAGS: &[&str] = &["io"];

#[supervised(
    restart = "permanent",
    backoff = "100ms..30s",
    backoff_reset = "1m",
    shutdown = "10s",
    readiness = "explicit",
    ready_within = "1h",
    critical = false,
    fuse = "5/30s",
    heartbeat = "5s",
    timeout = "2h",
    stall_after = "100ms",
    on_stuck = "escalate",
    tags = ["io", "team:billing"],
)]
async fn words(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(
    restart = RestartPolicy::Transient,
    backoff = GRACE..GRACE * 2,
    backoff_reset = GRACE,
    shutdown = Shutdown::Within(GRACE),
    readiness = if QUIET { Readiness::Immediate } else { Readiness::Completed },
    ready_within = GRACE,
    significant = QUIET,
    critical = !QUIET,
    fuse = Intensity::new(5, GRACE),
    heartbeat = GRACE,
    timeout = GRACE * 2,
    stall_after = GRACE / 3,
    on_stuck = OnStuck::Wait,
    tags = TAGS.iter().copied(),
)]
async fn expressions(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(significant, critical, restart = "temporary", shutdown = "abort")]
async fn flags() {}

#[supervised(backoff = "none", shutdown = "infinity")]
async fn none(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = "250ms", shutdown = GRACE)]
async fn constant(ctx: TaskContext) {
    drop(ctx);
}

#[supervised(backoff = GRACE)]
async fn constant_expression() {}

#[supervised(tags = [])]
async fn untagged() {}

#[supervised(local)]
async fn local(ctx: TaskContext, shared: &std::cell::Cell<u8>, lent: &mut Vec<u8>, own: u8) {
    let here = std::rc::Rc::new(own);
    ctx.cancelled().await;
    shared.set(*here);
    lent.push(*here);
}

#[supervised(local = false)]
async fn not_local() {}

#[supervised(blocking = true)]
fn blocking() {}

#[supervised(blocking = false)]
async fn not_blocking() {}

fn main() {
    drop(words::spec());
    drop(expressions::spec());
    drop(flags::spec());
    drop(none::spec());
    drop(constant::spec());
    drop(constant_expression::spec());
    drop(untagged::spec());
    drop(local::spec(std::cell::Cell::new(1), Vec::new(), 2));
    drop(not_local::spec());
    drop(blocking::spec());
    drop(not_blocking::spec());
}

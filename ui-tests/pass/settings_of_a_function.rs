//! Every setting of a function, as a word or text and as an expression.
#![deny(warnings)]

use std::time::Duration;

use rust_supervisor::spec::policy::{Readiness, RestartPolicy, Shutdown};
use rust_supervisor::{TaskContext, supervised};

const GRACE: Duration = Duration::from_secs(3);
const QUIET: bool = false;

#[supervised(
    restart = "permanent",
    backoff = "100ms..30s",
    backoff_reset = "1m",
    shutdown = "10s",
    readiness = "explicit",
    ready_within = "1h",
    critical = false,
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
    drop(blocking::spec());
    drop(not_blocking::spec());
}

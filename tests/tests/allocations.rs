//! What a restart costs does not depend on how many siblings there are.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tokio::sync::Notify;

const RESTARTS: u64 = 1_000;

/// Takes one allocation when it is boxed.
#[derive(Debug)]
struct Again(#[allow(dead_code, reason = "only its size counts")] u64);

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl Error for Again {}

/// Allocations of a thousand restarts of one child among so many.
fn allocations_among(siblings: usize) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("builds");
    let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let idle = (0..siblings).map(|n| {
        ChildSpec::from_fn(format!("idle{n}"), |ctx: TaskContext| async move {
            ctx.cancelled().await;
        })
    });
    let (gone, told) = (Arc::clone(&go), Arc::clone(&done));
    let crashing = ChildSpec::from_fn("crashing", move |ctx: TaskContext| {
        let (go, done) = (Arc::clone(&gone), Arc::clone(&told));
        async move {
            match ctx.generation().value {
                0 => go.notified().await,
                RESTARTS => {
                    done.notify_one();
                    ctx.cancelled().await;
                    return Ok(());
                }
                _ => {}
            }
            Err(Again(ctx.generation().value))
        }
    })
    .backoff(Backoff::none());
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(idle.collect())
        .child(crashing)
        .intensity(limit);
    let handle = runtime.block_on(Supervisor::start(spec)).expect("starts");
    // Everybody has been polled once.
    runtime.block_on(async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    });
    let counted = measure(|| {
        runtime.block_on(async {
            go.notify_one();
            done.notified().await;
        });
    });
    runtime.block_on(handle.shutdown()).expect("stops");
    counted.count_total
}

#[test]
fn a_restart_allocates_the_same_among_ten_and_ten_thousand_siblings() {
    let (few, many) = (allocations_among(10), allocations_among(10_000));
    // The rings of the tree may grow by doubling a few times more or less.
    assert!(
        many.abs_diff(few) <= 16,
        "{few} among ten, {many} among ten thousand"
    );
    // The error of the user, and the record of the exit.
    assert!(few <= 2 * RESTARTS + 64, "{few} for {RESTARTS} restarts");
}

//! Restarts leave nothing behind, however many there are.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tokio::time::sleep;

use crate::{ALONE, LIVE, MS, PATIENCE, runtime};

#[test]
fn a_storm_of_restarts_does_not_grow() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for threads in [1, 4] {
        runtime(threads).block_on(storm(threads));
    }
}

async fn storm(threads: usize) {
    let restarts = Arc::new(AtomicUsize::new(0));
    let child = |name: String| {
        let restarts = Arc::clone(&restarts);
        ChildSpec::from_fn(name.as_str(), move |_ctx: TaskContext| {
            restarts.fetch_add(1, Ordering::Relaxed);
            async { Err::<(), _>("fails at once") }
        })
        .backoff(Backoff::none())
    };
    let children = (0..10)
        .map(|place| child(format!("child{place}")))
        .collect();
    let spec =
        SupervisorSpec::root(children).intensity(Intensity::new(u32::MAX, Duration::from_secs(1)));
    let handle = Supervisor::start(spec).await.expect("starts");
    let early = live_after(20_000, &restarts).await;
    let late = live_after(100_000, &restarts).await;
    let limit = early + early / 100;
    assert!(
        late <= limit,
        "{early} bytes after 20 000 restarts, {late} after 100 000"
    );
    handle.shutdown().await.expect("stops");
    println!("{threads} threads: {early} bytes after 20 000 restarts, {late} after 100 000");
}

/// Bytes alive when there have been that many restarts: the least of many looks, because some are
/// under way.
async fn live_after(restarts: usize, counted: &AtomicUsize) -> usize {
    let began = Instant::now();
    while counted.load(Ordering::Relaxed) < restarts {
        assert!(
            began.elapsed() < 5 * PATIENCE,
            "{counted:?} of {restarts} restarts"
        );
        sleep(MS).await;
    }
    let mut least = usize::MAX;
    for _ in 0..20 {
        least = least.min(LIVE.allocated());
        sleep(MS).await;
    }
    least
}

//! How long the lock of a tree is held; for the benchmarks only.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

static CLOCK: OnceLock<fn() -> Duration> = OnceLock::new();
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// The longest hold of any lock since this was last asked; the first call begins to measure, by a
/// clock that the caller has: one of the thread does not count that it is preempted.
pub fn longest_hold(clock: fn() -> Duration) -> Duration {
    CLOCK.get_or_init(|| clock);
    Duration::from_nanos(LONGEST.swap(0, Ordering::Relaxed))
}

/// One hold, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold(Option<Duration>);

impl Hold {
    pub(super) fn begin() -> Self {
        Self(CLOCK.get().map(|clock| clock()))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let (Some(began), Some(clock)) = (self.0, CLOCK.get()) {
            let took = clock().saturating_sub(began);
            let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            LONGEST.fetch_max(took, Ordering::Relaxed);
        }
    }
}

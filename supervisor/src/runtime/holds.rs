//! How long the lock of a tree is held; for the benchmarks only.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

static MEASURES: AtomicBool = AtomicBool::new(false);
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// The longest hold of any lock since this was last asked; the first call begins to measure.
pub fn longest_hold() -> Duration {
    MEASURES.store(true, Ordering::Relaxed);
    Duration::from_nanos(LONGEST.swap(0, Ordering::Relaxed))
}

/// One hold, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold(Option<Instant>);

impl Hold {
    pub(super) fn begin() -> Self {
        let measures = MEASURES.load(Ordering::Relaxed);
        // The clock of the machine, also where that of tokio is paused.
        Self(measures.then(Instant::now))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(began) = self.0 {
            let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            LONGEST.fetch_max(took, Ordering::Relaxed);
        }
    }
}

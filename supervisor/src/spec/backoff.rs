//! How long a failed child waits before it is started again.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Delay between a failure and the restart: doubling, with half jitter.
///
/// The *n*-th failure in a row waits `min * 2^(n-1)`, at most `max`; what is waited is uniform in
/// the upper half of that, so that children that failed together do not come back together.
/// Back-off paces; what it does not pace, the supervisor's intensity stops.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor::spec::backoff::Backoff;
///
/// let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(30));
/// assert_eq!(backoff.ceiling(1), Duration::from_millis(100));
/// assert_eq!(backoff.ceiling(4), Duration::from_millis(800));
/// assert_eq!(backoff.ceiling(60), Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Backoff {
    min: Duration,
    max: Duration,
}

impl Backoff {
    /// Doubles from `min` up to `max`.
    ///
    /// A `min` above `max` is refused when a tree is started:
    /// [`BackoffReversed`](super::error::SpecProblem::BackoffReversed).
    #[must_use]
    pub const fn exponential(min: Duration, max: Duration) -> Self {
        Self { min, max }
    }

    /// Always the same delay, jittered like any other.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self::exponential(delay, delay)
    }

    /// Restarts at once; then only the supervisor's intensity ends a hot loop.
    #[must_use]
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// The first and smallest delay, before jitter.
    #[must_use]
    pub const fn min(&self) -> Duration {
        self.min
    }

    /// The largest delay, before jitter.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// The delay after the `attempt`-th attempt in a row has failed, before jitter.
    ///
    /// `attempt` counts from 1.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.min.saturating_mul(1 << doublings).min(self.max)
    }

    /// How long an attempt must be healthy for the doubling to begin anew, when nothing is set:
    /// the longest delay, at least ten seconds.
    pub(crate) fn default_reset(&self) -> Duration {
        self.max.max(Duration::from_secs(10))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100), Duration::from_secs(30))
    }
}

impl From<Duration> for Backoff {
    fn from(delay: Duration) -> Self {
        Self::constant(delay)
    }
}

/// Both ends are delays that are waited, as in `"100ms..30s"`.
impl From<Range<Duration>> for Backoff {
    fn from(range: Range<Duration>) -> Self {
        Self::exponential(range.start, range.end)
    }
}

impl From<RangeInclusive<Duration>> for Backoff {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Self::exponential(*range.start(), *range.end())
    }
}

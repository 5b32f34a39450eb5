//! How many restarts lie within the sliding window (I4).

use std::collections::VecDeque;
use std::time::Duration;

use super::failure::Counted;
use super::time::{Nanos, nanos};
use crate::spec::policy::Intensity;

/// Up to this many restarts are kept one by one; beyond, neighbours within 1/256 of the window are
/// merged and forgotten together, as late as the youngest of them. That bounds the memory (I11).
const EXACT: u32 = 256;

/// Restarts for each child and window where nothing is written.
pub(super) const DEFAULT_RESTARTS: u32 = 10;
pub(super) const DEFAULT_WINDOW: Duration = Duration::from_secs(10);

/// Restarts that are remembered, and forgotten, together.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// When the first of them was, ...
    since: Nanos,
    /// ... and the last.
    at: Nanos,
    count: u32,
    /// The last of them.
    last: Counted,
}

/// The restarts that one incarnation of a supervisor remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    entries: VecDeque<Entry>,
    sum: u32,
}

/// Whether one more restart is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    Allowed,
    Spent,
}

impl Window {
    /// Records a restart that has just been decided.
    pub(super) fn record(&mut self, now: Nanos, limit: Intensity, counted: Counted) -> Allowance {
        let window = nanos(limit.window);
        self.forget_older(now, window);
        self.add(now, window, counted);
        if self.sum > limit.restarts {
            Allowance::Spent
        } else {
            Allowance::Allowed
        }
    }

    /// Records a restart if one more is allowed; answers whether it is.
    #[inline]
    pub(super) fn record_allowed(
        &mut self,
        now: Nanos,
        limit: Intensity,
        counted: Counted,
    ) -> bool {
        let window = nanos(limit.window);
        self.forget_older(now, window);
        let allowed = self.sum < limit.restarts;
        if allowed {
            self.add(now, window, counted);
        }
        allowed
    }

    #[inline]
    fn add(&mut self, now: Nanos, window: u64, counted: Counted) {
        self.sum = self.sum.saturating_add(1);
        if self.sum > EXACT {
            let grain = window / u64::from(EXACT);
            if let Some(entry) = self.entries.back_mut() {
                if now.0.saturating_sub(entry.since.0) < grain {
                    (entry.at, entry.last) = (now, counted);
                    entry.count = entry.count.saturating_add(1);
                    return;
                }
            }
        }
        self.entries.push_back(Entry {
            since: now,
            at: now,
            count: 1,
            last: counted,
        });
    }

    /// How many restarts lie within the window now.
    pub(super) fn used(&self, now: Nanos, window: Duration) -> u32 {
        let within = self.entries.iter().rev();
        let within = within.take_while(|entry| now.since(entry.at) < window);
        let counts = within.map(|entry| entry.count);
        counts.fold(0, u32::saturating_add)
    }

    /// Restarts that are still allowed, as of the last one that was recorded.
    pub(super) const fn left(&self, limit: Intensity) -> u32 {
        limit.restarts.saturating_sub(self.sum)
    }

    /// The restarts in the window that are remembered one by one, the oldest first.
    pub(super) fn counted(&self) -> impl DoubleEndedIterator<Item = Counted> {
        self.entries.iter().map(|entry| entry.last)
    }

    /// How many restarts lie in the window.
    pub(super) const fn sum(&self) -> u32 {
        self.sum
    }

    /// Leaves no restart of the limit.
    pub(super) fn spend(&mut self, now: Nanos, limit: Intensity, by: Counted) {
        self.clear();
        if limit.restarts > 0 {
            self.sum = limit.restarts;
            self.entries.push_back(Entry {
                since: now,
                at: now,
                count: limit.restarts,
                last: by,
            });
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.sum = 0;
    }

    /// As it looks from now.
    #[cfg(feature = "__world")]
    pub(super) fn describe(&self, now: Nanos, into: &mut String) {
        use std::fmt::Write;
        for entry in &self.entries {
            let age = now.since(entry.at).as_nanos();
            write!(into, " {age}x{}", entry.count).expect("a string");
        }
    }

    #[inline]
    fn forget_older(&mut self, now: Nanos, window: u64) {
        while let Some(entry) = self.entries.front() {
            if now.0.saturating_sub(entry.at.0) < window {
                break;
            }
            self.sum = self.sum.saturating_sub(entry.count);
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::{Ix, NodeId};
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    const SOMEBODY: Counted = Counted {
        child: NodeId {
            ix: Ix::ROOT,
            tenancy: 0,
        },
        generation: 0,
    };

    fn record(window: &mut Window, at_second: u64, limit: u32) -> Allowance {
        window.record(
            Nanos(at_second * SECOND),
            Intensity::new(limit, Duration::from_secs(10)),
            SOMEBODY,
        )
    }

    #[test]
    fn exactly_the_written_number_is_allowed_and_the_next_is_fatal() {
        let mut window = Window::default();
        for _ in 0..3 {
            assert_eq!(record(&mut window, 1, 3), Allowance::Allowed);
        }
        assert_eq!(record(&mut window, 1, 3), Allowance::Spent);
    }

    #[test]
    fn zero_allows_none() {
        assert_eq!(record(&mut Window::default(), 1, 0), Allowance::Spent);
    }

    #[test]
    fn the_window_slides() {
        let mut window = Window::default();
        for second in [0, 4, 8] {
            assert_eq!(record(&mut window, second, 3), Allowance::Allowed);
        }
        assert_eq!(
            record(&mut window, 10, 3),
            Allowance::Allowed,
            "the first is forgotten"
        );
        assert_eq!(
            record(&mut window, 12, 3),
            Allowance::Spent,
            "4, 8 and 10 are not"
        );
    }

    #[test]
    fn the_largest_number_is_never_exceeded() {
        let mut window = Window::default();
        window.spend(
            Nanos(0),
            Intensity::new(u32::MAX, Duration::from_secs(10)),
            SOMEBODY,
        );
        for _ in 0..3 {
            assert_eq!(record(&mut window, 1, u32::MAX), Allowance::Allowed);
        }
        assert_eq!(
            window.used(Nanos(SECOND), Duration::from_secs(10)),
            u32::MAX
        );
        assert_eq!(record(&mut window, 60, u32::MAX), Allowance::Allowed);
        assert_eq!(window.sum, 1, "those before are forgotten");
    }

    #[test]
    fn memory_is_bounded_whatever_the_limit() {
        let mut window = Window::default();
        for i in 0..1_000_000_u64 {
            let limit = Intensity::new(u32::MAX, Duration::from_secs(10));
            window.record(Nanos(i * 1_000_000), limit, SOMEBODY);
        }
        assert!(
            window.entries.len() <= 2 * EXACT as usize + 2,
            "{}",
            window.entries.len()
        );
        assert!((9_900..=10_100).contains(&window.sum), "{}", window.sum);
        let counts: u32 = window.entries.iter().map(|entry| entry.count).sum();
        assert_eq!(window.sum, counts, "each is forgotten once");
    }

    #[test]
    fn those_that_have_left_the_window_are_used_no_more() {
        let mut window = Window::default();
        for second in [0, 4, 8] {
            record(&mut window, second, 9);
        }
        let used = |second| window.used(Nanos(second * SECOND), Duration::from_secs(10));
        assert_eq!([8, 9, 10, 14, 18].map(used), [3, 3, 2, 1, 0]);
    }
}

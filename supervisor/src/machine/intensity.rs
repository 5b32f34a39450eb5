//! How many restarts lie within the sliding window (I4).

use std::collections::VecDeque;
use std::time::Duration;

use super::time::Nanos;
use crate::spec::policy::Intensity;

/// Up to this many restarts are kept one by one; beyond, neighbours within 1/256 of the window are
/// merged and forgotten together, as late as the youngest of them. That bounds the memory (I11).
const EXACT: usize = 256;

/// Restarts for each child and window where nothing is written.
pub(super) const DEFAULT_RESTARTS: u32 = 10;
pub(super) const DEFAULT_WINDOW: Duration = Duration::from_secs(10);

/// The restarts that one incarnation of a supervisor remembers.
#[derive(Debug, Default)]
pub(super) struct Window {
    entries: VecDeque<(Nanos, u32)>,
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
    pub(super) fn record(&mut self, now: Nanos, limit: Intensity) -> Allowance {
        self.forget_older(now, limit.window);
        let grain = limit.window / u32::try_from(EXACT).expect("small");
        match self.entries.back_mut() {
            Some((at, count)) if self.sum as usize >= EXACT && now.since(*at) < grain => {
                *at = now;
                *count += 1;
            }
            _ => self.entries.push_back((now, 1)),
        }
        self.sum += 1;
        if self.sum > limit.restarts {
            Allowance::Spent
        } else {
            Allowance::Allowed
        }
    }

    /// How many restarts lie within the window now.
    pub(super) fn used(&self, now: Nanos, window: Duration) -> u32 {
        let within = self.entries.iter().rev();
        let within = within.take_while(|(at, _)| now.since(*at) < window);
        within.map(|(_, count)| count).sum()
    }

    /// Restarts that are still allowed, as of the last one that was recorded.
    pub(super) const fn left(&self, limit: Intensity) -> u32 {
        limit.restarts.saturating_sub(self.sum)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.sum = 0;
    }

    /// As it looks from now.
    #[cfg(feature = "__world")]
    pub(super) fn describe(&self, now: Nanos, into: &mut String) {
        use std::fmt::Write;
        for (at, count) in &self.entries {
            write!(into, " {}x{count}", now.since(*at).as_nanos()).expect("a string");
        }
    }

    fn forget_older(&mut self, now: Nanos, window: Duration) {
        while let Some(&(at, count)) = self.entries.front() {
            if now.since(at) < window {
                break;
            }
            self.entries.pop_front();
            self.sum -= count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn record(window: &mut Window, at_second: u64, limit: u32) -> Allowance {
        window.record(
            Nanos(at_second * SECOND),
            Intensity::new(limit, Duration::from_secs(10)),
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
    fn memory_is_bounded_whatever_the_limit() {
        let mut window = Window::default();
        for i in 0..1_000_000_u64 {
            let limit = Intensity::new(u32::MAX, Duration::from_secs(10));
            window.record(Nanos(i * 1_000_000), limit);
        }
        assert!(
            window.entries.len() <= 2 * EXACT + 2,
            "{}",
            window.entries.len()
        );
        assert!(window.sum >= 9_900, "{}", window.sum);
    }
}

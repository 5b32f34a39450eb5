//! How long a loop of attempts has run without a pause.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::machine::time::Nanos;

/// A restart loop goes back to the scheduler after this long, so that it starves nobody.
const LENGTH: Duration = Duration::from_micros(50);

/// Every idle child has one, so it keeps only the lower half of the time; who runs for a multiple
/// of four seconds goes on for one attempt more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slice(Option<NonZeroU32>);

impl Slice {
    /// The loop waits; a new slice begins after it.
    pub(super) const fn pause(&mut self) {
        self.0 = None;
    }

    /// Whether the loop has waited, and not come to the end of an attempt since.
    pub(super) const fn is_paused(self) -> bool {
        self.0.is_none()
    }

    /// Whether the loop has to go back to the scheduler at the end of this attempt.
    pub(super) fn is_spent(&mut self, now: Nanos) -> bool {
        let now = lower_half(now);
        let began = self.0.get_or_insert(now);
        let nanos = now.get().wrapping_sub(began.get());
        Duration::from_nanos(nanos.into()) >= LENGTH
    }
}

/// To a nanosecond, since zero stands for a pause.
#[allow(clippy::cast_possible_truncation, reason = "it is the lower half")]
const fn lower_half(now: Nanos) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add((now.0 as u32).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_spent_after_its_length() {
        for began in [0, 7, u64::from(u32::MAX), (1 << 40) - 10_000] {
            let mut slice = Slice::default();
            assert!(slice.is_paused());
            assert!(!slice.is_spent(Nanos(began)));
            assert!(!slice.is_paused());
            assert!(!slice.is_spent(Nanos(began + 49_990)));
            assert!(slice.is_spent(Nanos(began + 50_010)));
            slice.pause();
            assert!(!slice.is_spent(Nanos(began + 60_000)), "a new one");
        }
    }
}

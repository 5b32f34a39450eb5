//! Children that cannot be blamed: asked to end, or expected to beat, while every thread of the runtime
//! is occupied by others (H17).
//!
//! A child that is asked is woken, and a runtime with a free thread polls it then. One whose poll
//! counter has not moved since has not been given the chance. Who notices its deadline says how
//! patient it may be: a task of the runtime is the proof that a thread is free.

use std::time::Duration;

use super::core::Core;
use super::slot::Slot;
use crate::machine::ABORT_BUDGET;
use crate::machine::node::Phase;
use crate::machine::time::Nanos;

/// Children that are starved are looked at again after this long.
const AGAIN: Duration = Duration::from_millis(50);
/// The timekeeper comes later than this only if no thread is free for it.
const LATE: Duration = Duration::from_millis(20);

/// How long to wait for a child that no thread has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Patience {
    /// A thread outside of the runtime looks: as long as no thread is free.
    #[default]
    Endless,
    /// The runtime has gone: no longer.
    None,
    /// The runtime has a free thread now: it will come to the child.
    Once,
}

impl Core {
    /// When to look again at an overdue child, if it cannot be blamed.
    pub(super) fn excused_until(&self, slot: &Slot) -> Option<Nanos> {
        if slot.polls() % 2 == 1 || self.patience == Patience::None {
            return None;
        }
        let now = self.machine.now();
        let phase = self.machine.find(slot.id)?.phase;
        match phase {
            Phase::Stopping(_) | Phase::Aborting(_) if !slot.is_starved() => None,
            Phase::Stopping(_) | Phase::Aborting(_) if self.patience == Patience::Once => {
                slot.excuse();
                Some(now.after(ABORT_BUDGET))
            }
            Phase::Stopping(_) | Phase::Aborting(_) => Some(now.after(AGAIN)),
            // It cannot beat.
            Phase::Running if self.patience == Patience::Endless => {
                self.is_timekeeper_late(now).then(|| now.after(AGAIN))
            }
            _ => None,
        }
    }

    fn is_timekeeper_late(&self, now: Nanos) -> bool {
        // While it is awake, or about to be, it has no deadline.
        let due = if self.armed == Nanos::default() {
            self.woken
        } else {
            self.armed
        };
        now > due.after(LATE)
    }
}

//! A stop in order stays on one thread, although each of its tasks is woken by another.
//!
//! Behind a task tokio runs the one that it has woken last, at once and on the same thread: three in
//! a row. The fourth goes into the queue of the thread, and another worker is woken to take it. That
//! takes the kernel longer than the task takes, which is mostly gone when the worker comes. A row
//! ends as well where the budget of its tasks is spent ([`tokio::task::coop`]): then, too, the next
//! goes into the queue, but no worker is woken. The thread finds it there, and begins a new row.
//!
//! In a queue, a task for which no worker has been woken must not be behind another that may block
//! the thread. For all others that are queued one has been woken, who takes what else there is. So
//! there is no more than one of this kind in a process, until it is polled.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::task::coop;

use super::slot::Slot;
use crate::panics::drop_quietly;

/// So many tasks tokio runs behind the first of a row.
const ROW: u8 = 3;
/// No budget has more units.
const BUDGET: usize = 256;

thread_local! {
    /// How many tasks have handed over since a row has ended here.
    static RUN: Cell<u8> = const { Cell::new(0) };
}

static QUEUED: Queued = Queued(Mutex::new(Weak::new()));

/// The child whose task is queued, or has been, and no worker woken for it.
struct Queued(Mutex<Weak<Slot>>);

/// Who has told of a child has woken the task of one that is to end, and nobody behind it.
pub(super) fn hand_over(next: &Arc<Slot>) {
    let run = RUN.get() + 1;
    RUN.set(run % ROW);
    if run == ROW && QUEUED.admits(next) {
        end_row();
    }
}

impl Queued {
    fn admits(&self, next: &Arc<Slot>) -> bool {
        // Of one that is asked to end it is known whether it has been polled since.
        if !next.is_starved() {
            return false;
        }
        let before = {
            let mut queued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let before = queued.upgrade();
            if before.as_ref().is_some_and(|slot| slot.is_starved()) {
                return false;
            }
            *queued = Arc::downgrade(next);
            before
        };
        // This may be the last that holds it, and with it a whole tree: not to be dropped under a lock.
        drop_quietly(before);
        true
    }
}

/// Spends what is left of the budget of this row.
fn end_row() {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..BUDGET {
        if !coop::has_budget_remaining() {
            break;
        }
        if let Poll::Ready(unit) = coop::poll_proceed(&mut cx) {
            unit.made_progress();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::called::Called;
    use crate::machine::node::{Ix, NodeId};

    fn slot() -> Arc<Slot> {
        let id = NodeId {
            ix: Ix::NONE,
            tenancy: 0,
        };
        Arc::new(Slot::new(id, Called::new("child".into()), None))
    }

    #[test]
    fn no_second_task_is_queued_in_silence_before_the_first_has_been_polled() {
        let queued = Queued(Mutex::new(Weak::new()));
        let (first, second, third) = (slot(), slot(), slot());
        assert!(!queued.admits(&first), "nobody knows when it is polled");
        for slot in [&first, &second, &third] {
            slot.expect_poll(true);
        }
        assert!(queued.admits(&first));
        assert!(!queued.admits(&second));
        first.turn_poll();
        assert!(queued.admits(&second));
        assert!(!queued.admits(&third));
        drop(second);
        assert!(queued.admits(&third), "who is gone is in no queue");
    }
}

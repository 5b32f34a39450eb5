//! What follows the body of an attempt: its sub-tasks, which belong to it, and what they have to
//! tell.

use std::sync::Arc;
use std::task::Poll;

use tracing::warn;

use super::attempt::Progress;
use super::driver::{Driver, exited};
use super::slot::Slot;
use super::subtasks::{End, LastWords, Orphans};
use crate::event::exit::ExitKind;
use crate::machine::input::Input;
use crate::panics::quietly;

impl Driver {
    /// The body has ended. Its sub-tasks have been told to, and have what is left of the budget.
    pub(super) fn follow(&mut self, kind: ExitKind) -> Poll<()> {
        let generation = self.generation();
        if let Some(kind) = self.slot.sub_tasks().close(generation, kind) {
            if kind.is_failure() {
                tell_further(&self.slot, generation, End::of_body(kind));
            }
        }
        self.attempt = Progress::Follows;
        self.pause();
        if let Poll::Ready(()) = self.poll_rest() {
            return Poll::Ready(());
        }
        let now = self.now();
        let input = Input::Ending(self.slot.id, generation);
        self.tree().report(&self.slot, now, input);
        // They may be wanted dropped at once.
        self.poll_rest()
    }

    /// Drops what belongs to an attempt whose body cannot be dropped; whether nothing is left, the
    /// function on the blocking pool included.
    pub(super) fn drop_members(&self) -> bool {
        self.slot.known_sub_tasks().is_none_or(|members| {
            members.abort_all();
            members.is_empty()
        })
    }

    pub(crate) fn waits_for_rest(&self) -> bool {
        self.attempt == Progress::Follows
    }

    /// Reports the end of the attempt when all its sub-tasks have ended.
    pub(super) fn poll_rest(&mut self) -> Poll<()> {
        let sub_tasks = self.slot.sub_tasks();
        if self.slot.load().is_aborting() {
            sub_tasks.abort_all();
        }
        let Some((end, further)) = sub_tasks.poll_end() else {
            return Poll::Pending;
        };
        if let Some(further) = further {
            tell_further(&self.slot, self.generation(), further);
        }
        self.ended(end);
        Poll::Ready(())
    }

    /// Whether sub-tasks are left of an attempt that goes with its runtime; the last of them will
    /// tell of its end.
    pub(super) fn leaves_sub_tasks(&self, attempt: LastWords) -> bool {
        let before = self.slot.end_attempt();
        quietly(|| self.slot.tell_token(before));
        if !before.has_sub_tasks() {
            return false;
        }
        let left = self.slot.sub_tasks().orphan(attempt);
        self.slot.sub_tasks().abort_all();
        left
    }
}

/// The last sub-task of a child whose driver has gone with its runtime tells what that would have.
pub(super) fn tell_orphans(slot: &Arc<Slot>, orphans: Orphans) {
    let Some(tree) = &slot.tree else { return };
    if let Some(attempt) = orphans.attempt {
        let now = tree.now();
        let end = attempt.record(End::of_body(ExitKind::RuntimeGone));
        let input = exited(slot, attempt.generation, end);
        tree.report(slot, now, input);
    }
    if orphans.driver_gone {
        tree.driver_gone(slot);
    }
}

/// A failure that is not the reason of its attempt's end, since another one came first, is not
/// lost.
pub(super) fn tell_further(slot: &Slot, generation: u64, end: End) {
    quietly(|| {
        warn!(
            target: "rust_supervisor::sub_tasks",
            parent: None,
            path = slot.called.path(),
            generation,
            "an attempt that was ending already has failed once more: {end}",
        );
    });
    crate::panics::drop_quietly(end);
}

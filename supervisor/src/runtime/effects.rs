//! What has to be done once the lock is free: everything that wakes, spawns, or drops.

use std::sync::Arc;
use std::task::Waker;

use tokio::sync::oneshot;
use tracing::level_filters::LevelFilter;

use super::current;
use super::driver::{Driver, DriverGuard};
use super::slot::{Slot, Word};
use super::tree::{Reply, Tree};
use crate::machine::Trash;
use crate::panics::{drop_quietly, quietly};
use crate::task::launch::Launch;

/// Collected under the lock, carried out after it. A panic in one of them must not keep the others
/// from happening.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) changed: Vec<(Arc<Slot>, Word)>,
    pub(super) arm: bool,
    pub(super) spawns: Vec<(Arc<Slot>, Launch)>,
    pub(super) answers: Vec<(oneshot::Sender<Reply>, Reply)>,
    /// Of commands that will not be answered any more.
    pub(super) unanswered: Vec<oneshot::Sender<Reply>>,
    pub(super) readers: Vec<Waker>,
    pub(super) trash: Option<Trash>,
    pub(super) launches: Vec<Launch>,
    pub(super) slots: Vec<Arc<Slot>>,
    /// Number of the newest event, if there is a new one.
    pub(super) news: Option<u64>,
}

impl Effects {
    /// Carries everything out, in an order in which nobody waits for somebody's `Drop`.
    ///
    /// Answers whether other tasks of the tree have been woken.
    pub(super) fn carry_out(self, tree: &Arc<Tree>) -> bool {
        current::assert_unlocked();
        let woke = !self.changed.is_empty()
            || self.arm
            || !self.spawns.is_empty()
            || !self.answers.is_empty();
        let woke_any = woke || !self.readers.is_empty();
        let traces = self.news.is_some() && LevelFilter::current() != LevelFilter::OFF;
        for (slot, before) in self.changed {
            quietly(|| slot.notify(before));
        }
        if self.arm {
            tree.timekeeper.notify_one();
        }
        for (slot, launch) in self.spawns {
            let guard = DriverGuard::new(Arc::clone(&slot));
            launch.launch(Driver::new(slot), guard, &tree.runtime);
        }
        for (sender, reply) in self.answers {
            // Who does not wait for the answer any more does not want it.
            quietly(|| drop(sender.send(reply)));
        }
        for sender in self.unanswered {
            drop_quietly(sender);
        }
        for reader in self.readers {
            quietly(|| reader.wake());
        }
        // From here on code of users may block this thread.
        let foreign =
            self.trash.as_ref().is_some_and(Trash::runs_user_code) || !self.launches.is_empty();
        if woke_any && (traces || foreign) {
            Tree::push();
        }
        // Each alone: a panic of one must not meet that of another.
        if let Some(trash) = self.trash {
            for body in trash.bodies {
                drop_quietly(body);
            }
            for failure in trash.failures {
                drop_quietly(failure);
            }
            // They see to it themselves.
            drop(trash.records);
        }
        for launch in self.launches {
            drop_quietly(launch);
        }
        for slot in self.slots {
            drop_quietly(slot);
        }
        if let Some(newest) = self.news {
            quietly(|| super::lifecycle::report(tree, newest));
        }
        woke
    }
}

//! What a test sees of the tree.

use std::sync::Arc;
use std::time::Duration;

use super::{Attempt, Want, World};
use crate::event::explanation::{Explanation, Step};
use crate::event::failure::Failure;
use crate::event::history::Ended;
use crate::event::kind::Event;
use crate::event::snapshot::{ChildState, Snapshot};
use crate::machine::TreePhase;
use crate::machine::rehearsal::Rehearsal;
use crate::machine::time::Nanos;
use crate::machine::walk::End;
use crate::shutdown::report::ShutdownReport;

impl World {
    /// The time, since the tree was made.
    pub fn now(&self) -> Duration {
        self.now.since_start()
    }

    /// When the machine wants to be told that time has passed.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.machine.next_deadline().map(Nanos::since_start)
    }

    /// What the machine has wanted since this was last asked.
    pub fn wants(&mut self) -> Vec<(Arc<str>, Want)> {
        self.wants.drain(..).collect()
    }

    /// Whether [`World::wants`] has something to tell.
    pub fn has_wants(&self) -> bool {
        !self.wants.is_empty()
    }

    /// The live attempt of a path.
    pub fn attempt(&self, path: &str) -> Option<Attempt> {
        self.live.get(path).copied()
    }

    /// Paths that have a live attempt.
    pub fn live(&self) -> impl Iterator<Item = &str> {
        self.live.keys().map(|path| &**path)
    }

    /// Events since this was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let missed = self
            .machine
            .journal()
            .read(self.seen, usize::MAX, &mut events);
        assert_eq!(missed, 0, "events have gone unread");
        self.seen = self.machine.journal().seq();
        events
    }

    /// Forgets what has happened, however much that is.
    pub fn skip_events(&mut self) {
        self.seen = self.machine.journal().seq();
    }

    /// The tree as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.machine.snapshot()
    }

    /// What would follow if the child at a path failed now.
    pub fn explain(&self, path: &str) -> Explanation {
        let id = self.machine.lookup(path).expect("it is there");
        let explained = Rehearsal::new(self.machine.copy(), id).explain();
        explained.expect("it is there")
    }

    /// What has followed from the event of a number.
    pub fn followed(&self, from: u64) -> Vec<Step> {
        let mut events = Vec::new();
        self.machine
            .journal()
            .read(from - 1, usize::MAX, &mut events);
        let story = events.iter().filter(|event| event.correlation == from);
        story
            .filter_map(|event| self.machine.step_of(event))
            .collect()
    }

    /// Number of the newest event.
    pub fn seq(&self) -> u64 {
        self.machine.journal().seq()
    }

    /// Whether a back-off that follows from the event of a number is not over.
    pub fn is_delayed(&self, from: u64) -> bool {
        self.machine.is_delayed(from)
    }

    /// The last ends of the child at a path, the oldest first.
    pub fn ends(&self, path: &str) -> Vec<Ended> {
        let id = self.machine.lookup(path).expect("it is there");
        self.machine.ends(id.ix).cloned().collect()
    }

    /// What the child at a path is doing.
    pub fn state(&self, path: &str) -> Option<ChildState> {
        Some(
            self.machine
                .find(self.machine.lookup(path)?)?
                .phase
                .public(),
        )
    }

    /// Whether every critical child has been up.
    pub fn is_up(&self) -> bool {
        matches!(self.machine.tree_phase(), TreePhase::Up)
    }

    /// Whether nothing runs any more.
    pub fn is_over(&self) -> bool {
        self.machine.is_over()
    }

    /// Why the tree has ended, if it has and there is a culprit.
    pub fn failure(&self) -> Option<Arc<Failure>> {
        match self.machine.tree_phase() {
            TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
                Some(Arc::clone(failure))
            }
            _ => None,
        }
    }

    /// The report of a shutdown that is over.
    pub fn report(&self) -> ShutdownReport {
        Arc::unwrap_or_clone(self.machine.shutdown_report())
    }

    /// A number that worlds share only if they will behave alike.
    #[cfg(feature = "__world")]
    pub fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};

        let mut hasher = DefaultHasher::new();
        self.machine.fingerprint().hash(&mut hasher);
        for (path, attempt) in &self.live {
            (path, attempt.beat, attempt.polls % 2).hash(&mut hasher);
        }
        hasher.finish()
    }
}

//! What is known of an attempt by looking at it: whether it is inside a poll, since when, and
//! whether it beats.
//!
//! The runtime looks when it is asked to ([`Action::Sample`]), and no attempt reads a clock for it.

use std::time::Duration;

use super::Machine;
use super::node::{Ix, NodeId, Phase};
#[cfg(feature = "recorder")]
use super::recorder::Told;
use super::time::Nanos;
use crate::event::kind::EventKind;
use crate::event::stuck::{Doing, Stuck};

/// What was seen of an attempt at one moment.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// It has beaten since it was looked at before.
    pub(crate) beat: bool,
    /// Turns with the beginning and the end of each poll; odd inside one.
    pub(crate) polls: u32,
    /// What of it is not polled with it.
    pub(crate) members: Members,
}

/// What belongs to an attempt beside the body that is polled.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// A function on the blocking pool is its body.
    pub(crate) blocking: bool,
    pub(crate) sub_tasks: usize,
}

/// What has been seen of an attempt so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    /// The poll that it was inside of when it was seen first, and when that was.
    poll: Option<(u32, Nanos)>,
    /// What was left of it when it was given up.
    members: Members,
    /// How often it was looked at since it has beaten last.
    pub(super) silent: u8,
    /// When it was seen to have beaten last.
    pub(super) beaten_at: Nanos,
    /// When it was given up.
    stuck_at: Nanos,
    /// Since when it is inside one poll, where that has been told.
    stalled_since: Nanos,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            poll: None,
            members: Members::default(),
            silent: 0,
            beaten_at: Nanos::NEVER,
            stuck_at: Nanos::NEVER,
            stalled_since: Nanos::NEVER,
        }
    }
}

impl Sample {
    pub(crate) const fn is_in_poll(self) -> bool {
        self.polls % 2 == 1
    }
}

impl Machine {
    /// The attempt has been looked at (I2).
    pub(crate) fn sampled(&mut self, id: NodeId, generation: u64, sample: Sample) {
        #[cfg(feature = "recorder")]
        self.note_told(|| Told::Sampled(id, generation, sample));
        let current = self
            .nodes
            .find(id)
            .filter(|&ix| self.nodes[ix].generation() == Some(generation));
        let Some(ix) = current else {
            return self.stale(None);
        };
        let node = &self.nodes[ix];
        if node.phase == Phase::Running && self.deadlines.of(node) == Nanos::NEVER {
            return self.looked_for_beat(ix, sample);
        }
        debug_assert!(node.sup().is_none(), "a supervisor has no attempt");
        if !matches!(node.phase, Phase::Stopping(_) | Phase::Aborting(_)) {
            return;
        }
        let (phase, overdue) = (node.phase, self.deadlines.of(node) == Nanos::NEVER);
        self.moves += 1;
        self.resume_context(ix);
        self.note_poll(ix, sample);
        if let (Phase::Aborting(ending), true) = (phase, overdue) {
            let now = self.now;
            let watch = self.nodes[ix].watch.get_or_insert_default();
            (watch.stuck_at, watch.members) = (now, sample.members);
            self.declare_stuck(ix, ending);
        }
    }

    /// An attempt has not ended in its budget, and could have.
    pub(crate) fn overdue(&mut self, ix: Ix) {
        #[cfg(feature = "recorder")]
        self.note_told(|| Told::Overdue(ix));
        let node = &self.nodes[ix];
        if let (Phase::Stopping(ending), Nanos::NEVER) = (node.phase, self.deadlines.of(node)) {
            self.resume_context(ix);
            self.abort(ix, ending);
        }
    }

    /// No thread has come to the attempt, so that it cannot be blamed: it is looked at again then.
    pub(crate) fn look_again(&mut self, ix: Ix, at: Nanos) {
        #[cfg(feature = "recorder")]
        self.note_told(|| Told::LookAgain(ix, at.0));
        let node = &self.nodes[ix];
        let is_looked_at = matches!(
            node.phase,
            Phase::Running | Phase::Stopping(_) | Phase::Aborting(_)
        );
        if is_looked_at && self.deadlines.of(node) == Nanos::NEVER {
            self.set_deadline(ix, at);
        }
    }

    fn note_poll(&mut self, ix: Ix, sample: Sample) {
        let now = self.now;
        let node = &mut self.nodes[ix];
        if sample.is_in_poll() {
            let watch = node.watch.get_or_insert_default();
            if watch.poll.is_none_or(|(poll, _)| poll != sample.polls) {
                watch.poll = Some((sample.polls, now));
            }
        } else if let Some(watch) = &mut node.watch {
            watch.poll = None;
        }
    }

    /// An attempt has been inside one poll for too long, and still is (I2).
    pub(super) fn stalled(&mut self, id: NodeId, generation: u64, at_least: Duration) {
        let Some(ix) = self.live_attempt(id, generation) else {
            return;
        };
        let since = self.now.before(at_least);
        self.nodes[ix].watch.get_or_insert_default().stalled_since = since;
        self.begin_context();
        self.emit_beside(ix, EventKind::Stalled { at_least });
    }

    /// It has left that poll. If it has ended since, that is told already.
    pub(super) fn unstalled(&mut self, id: NodeId, generation: u64) {
        let Some(ix) = self.live_attempt(id, generation) else {
            return;
        };
        if self.stalled_for(ix).is_some() {
            self.nodes[ix].watch.get_or_insert_default().stalled_since = Nanos::NEVER;
            self.resume_context(ix);
            self.emit_beside(ix, EventKind::Unstalled);
        }
    }

    fn live_attempt(&self, id: NodeId, generation: u64) -> Option<Ix> {
        let ix = self.nodes.find(id)?;
        let node = &self.nodes[ix];
        (node.phase.is_live() && node.generation() == Some(generation)).then_some(ix)
    }

    /// For how long a child has been inside one poll, where that is too long.
    pub(super) fn stalled_for(&self, ix: Ix) -> Option<Duration> {
        let since = self.nodes[ix].watch.as_deref()?.stalled_since;
        (since != Nanos::NEVER).then(|| self.now.since(since))
    }

    /// What is to be told of a child that is stuck.
    pub(super) fn stuck_of(&self, ix: Ix) -> Option<Stuck> {
        let node = &self.nodes[ix];
        let watch = node.watch.as_deref()?;
        matches!(node.phase, Phase::Stuck(_)).then(|| Stuck {
            doing: watch.doing(self.now),
            since: self.now.since(watch.stuck_at),
        })
    }
}

impl Watch {
    /// What was seen of the attempt is not about the next one.
    pub(super) fn attempt_ended(&mut self) {
        self.poll = None;
        self.stalled_since = Nanos::NEVER;
        self.beaten_at = Nanos::NEVER;
    }

    #[cfg(feature = "__world")]
    pub(super) const fn in_poll(&self) -> bool {
        self.poll.is_some()
    }

    fn doing(&self, now: Nanos) -> Doing {
        match (self.poll, self.members) {
            (Some((_, since)), _) => Doing::InPoll {
                at_least: now.since(since),
            },
            (None, Members { blocking: true, .. }) => Doing::Blocking,
            (None, Members { sub_tasks: 0, .. }) => Doing::Waiting,
            (None, Members { sub_tasks, .. }) => Doing::SubTasks { left: sub_tasks },
        }
    }
}

//! The restart that is over in one step: of one worker, without back-off, ready when it starts.
//!
//! It is what [`Machine::exited`] and what follows it come to for such a child, written once more
//! without the detours. Between its end and its next attempt nothing is looked at but by the events
//! in between, so no count of its supervisor changes, and no readiness above it.

use std::sync::Arc;
use std::time::Duration;

use super::Machine;
use super::answer::Start;
use super::decision::{ExitClass, Verdict, decide};
use super::history::because;
use super::input::Action;
use super::node::{Ix, Phase};
use super::time::Nanos;
use crate::event::exit::ExitRecord;
use crate::event::history::Decision;
use crate::event::kind::EventKind;
use crate::task::start_reason::StartReason;

impl Machine {
    /// Restarts a child that has just ended by itself; false, and nothing is done, if that takes
    /// more.
    pub(super) fn restart_in_place(
        &mut self,
        ix: Ix,
        class: ExitClass,
        exit: &Arc<ExitRecord>,
    ) -> bool {
        let node = &self.nodes[ix];
        let (sup, restart) = (node.parent, node.policy.restart);
        let is_simple = matches!(node.phase, Phase::Running)
            && node.flags.ready
            && !self.is_closing()
            && node.policy.backoff.max().is_zero()
            && decide(restart, class) == Verdict::Restart
            && self.is_taken_up_alone(sup, ix)
            && self.starts_at_once(sup, ix);
        if !is_simple {
            return false;
        }
        // Where it is one too many, that is counted and told elsewhere.
        let Some(left) = self.count_allowed(sup, ix) else {
            return false;
        };
        self.begin_context();
        self.take_into_context(ix);
        let because = because(restart, class);
        let delay = Duration::ZERO;
        self.keep_decided(ix, exit, Decision::Restart { because, delay });
        if left.is_to_be_told() {
            // Between the others.
            self.nodes[ix].phase = Phase::Exited(class);
            self.emit(ix, EventKind::Exited(Arc::clone(exit)));
            let exit = Some(Arc::clone(exit));
            self.emit(ix, EventKind::Restarting { delay, exit });
            self.tell_left(sup, ix, left);
            self.start_in_place(ix);
            self.emit(ix, EventKind::Started);
        } else {
            self.emit_restart(ix, Arc::clone(exit));
            self.start_in_place(ix);
        }
        self.publish(ix);
        self.settled(ix, &Ok(Start::Completed));
        true
    }

    #[inline]
    fn start_in_place(&mut self, ix: Ix) {
        if self.deadlines.of(&self.nodes[ix]) != Nanos::NEVER {
            self.deadlines.clear(&mut self.nodes, ix);
        }
        self.nodes[ix].next_reason = Some(StartReason::Restart);
        self.count_start(ix);
        self.actions.push_back(Action::Start(ix));
        let node = &mut self.nodes[ix];
        (node.phase, node.since, node.ready_since) = (Phase::Running, self.now, self.now);
        self.begins_to_beat(ix);
    }
}

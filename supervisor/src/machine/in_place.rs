//! The restart that is over in one step: of one worker, without back-off, ready when it starts.
//!
//! It is what [`Machine::decide`] and the start after it come to for such a child, written once
//! more without the detours. Between its end and its next attempt nothing is looked at but by the
//! events in between, so no count of its supervisor changes, and no readiness above it.

use super::Machine;
use super::answer::Answer;
use super::decision::{ExitClass, Verdict, decide};
use super::history::because;
use super::input::Action;
use super::node::{Ix, Phase, Retry};
use super::time::Nanos;
use crate::event::kind::EventKind;
use crate::task::start_reason::StartReason;

impl Machine {
    /// Restarts a child that has just ended by itself; false if that takes more.
    pub(super) fn restart_in_place(&mut self, sup: Ix, ix: Ix, class: ExitClass) -> bool {
        let node = &self.nodes[ix];
        let restart = node.policy.restart;
        let is_simple = node.phase == Phase::Running
            && node.flags.ready
            && node.policy.backoff.max().is_zero()
            && decide(restart, class) == Verdict::Restart
            && self.starts_at_once(sup, ix);
        if !is_simple {
            return false;
        }
        // As the events in between show it.
        self.nodes[ix].phase = Phase::Exited(class);
        self.take_into_context(ix);
        if let Err(reason) = self.count_restart(sup, ix) {
            self.nodes[ix].phase = Phase::Running;
            self.set_phase(ix, Phase::Exited(class));
            self.exhausted(sup, ix, Retry::Alone, reason);
            return true;
        }
        let (exit, delay) = (self.nodes[ix].last.clone(), std::time::Duration::ZERO);
        self.emit(ix, EventKind::Restarting { delay, exit });
        self.decided(ix, Retry::Alone.decision(because(restart, class), delay));
        self.warn_of_budget(sup, ix);
        if self.deadlines.of(&self.nodes[ix]) != Nanos::NEVER {
            self.deadlines.clear(&mut self.nodes, ix);
        }
        self.nodes[ix].next_reason = Some(StartReason::Restart);
        self.count_start(ix);
        self.actions.push_back(Action::Start(ix));
        let node = &mut self.nodes[ix];
        (node.phase, node.since, node.ready_since) = (Phase::Running, self.now, self.now);
        self.begins_to_beat(ix);
        self.emit(ix, EventKind::Started);
        self.publish(ix);
        self.settled(ix, &Ok(Answer::Started));
        true
    }
}

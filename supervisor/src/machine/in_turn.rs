//! The end of a worker that was asked to stop in its turn, and that nobody waits for but the walk.
//!
//! It is what [`Machine::exited`] and [`Machine::stopped`] come to for such a child, written once more
//! without the detours. Nobody else becomes unready by it, so its end is the only event, and tells
//! from the beginning what the child does now.

use std::sync::Arc;

use super::Machine;
use super::answer::Refusal;
use super::ended::how_it_stopped;
use super::history::What;
use super::input::Action;
use super::node::{Body, Down, Ending, Ix, Phase, Wish};
use super::walk::{Op, Then};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::end::KeptEnd;
use crate::event::history::Decision;
use crate::event::kind::EventKind;
use crate::spec::policy::RestartPolicy;

impl Machine {
    /// Takes a child down that has ended as it was asked to, if it [goes down alone].
    ///
    /// [goes down alone]: Machine::goes_down_alone
    pub(super) fn stopped_in_turn(&mut self, ix: Ix, down: Down, end: &KeptEnd) {
        let (phase, sup) = (self.nodes[ix].phase, self.nodes[ix].parent);
        self.schedule(sup);
        self.resume_context(ix);
        self.keep_end(ix, What::Asked(end), Decision::Asked);
        if self.is_closing() {
            let node = &self.nodes[ix];
            let status = match end {
                KeptEnd::Plain(end) => how_it_stopped(&end.kind.into(), phase, node),
                KeptEnd::Record(record) => how_it_stopped(&record.kind, phase, node),
            };
            self.report_stopped(ix, status);
        }
        if down == Down::Fresh {
            self.nodes[ix].flags.marked = false;
        }
        self.set_phase_and_ready(ix, Phase::Down(down), false);
        self.pass_stop(sup, ix);
        let state = self.known_state(ix);
        match end {
            KeptEnd::Plain(end) => self.emit_as(ix, *end, state),
            KeptEnd::Record(record) => {
                self.emit_as(ix, EventKind::Exited(Arc::clone(record)), state);
            }
        }
        self.settled(ix, &Err(Refusal::Interrupted));
        if self.is_the_last(ix) {
            self.actions.push_back(Action::Release(ix));
        }
    }

    /// How a child is down that ends now, if it is one that goes down with others and concerns none
    /// of them.
    #[inline]
    pub(super) fn goes_down_alone(&self, ix: Ix) -> Option<Down> {
        let node = &self.nodes[ix];
        if !matches!(node.phase, Phase::Stopping(Ending::Asked)) {
            return None;
        }
        let sup = node.parent.some()?;
        let is_simple = matches!(node.body, Body::Worker)
            && node.wish == Wish::None
            && node.operation == Operation::Active
            && node.policy.restart != RestartPolicy::Temporary
            && !node.flags.awaited
            && !(node.flags.ready && self.nodes[sup].flags.ready);
        match &self.nodes.sup(sup).op {
            Op::Stopping { scope, then, .. } if is_simple && scope.contains(ix, node) => match then
            {
                Then::Down(_) => node.flags.is_static.then_some(Down::Fresh),
                Then::Start { .. } => Some(Down::Group),
                Then::Serve => None,
            },
            _ => None,
        }
    }
}

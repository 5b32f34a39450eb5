//! One deadline for all that is below a supervisor that comes down: `shutdown_within` (I8).
//!
//! A child that is asked to stop gets the smaller of its own budget and what is left. With nothing
//! left it is dropped at once, still in its turn: whoever yields is gone in no time, and order is
//! kept (I3). What has not come to its end one abort budget after the deadline is ended by force,
//! all at once, so that the whole is bounded however many children do not yield.

use std::time::Duration;

use super::node::{Ix, NodeId, Phase};
use super::time::Nanos;
use super::walk::{End, Manner, Op};
use super::{ABORT_BUDGET, Machine};
use crate::event::kind::EventKind;
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::plan::StopPolicy;
use crate::spec::policy::Shutdown;

impl Machine {
    /// A supervisor is about to come down: by when has all below it to have ended?
    pub(super) fn set_end_by(&mut self, sup: Ix) {
        let own = self.nodes.sup(sup).policy.shutdown_within;
        let own = own.map_or(Nanos::NEVER, |within| self.now.after(within));
        let above = self.nodes[sup].parent.some();
        let above = above.map_or(Nanos::NEVER, |above| self.nodes.sup(above).end_by);
        self.hurry(sup, own.min(above));
    }

    /// A supervisor that comes down has to be through by then, if not earlier.
    pub(super) fn hurry(&mut self, sup: Ix, by: Nanos) {
        let state = self.nodes.sup_mut(sup);
        if by >= state.end_by {
            return;
        }
        state.end_by = by;
        // The walk looks anew at those that have been asked already.
        let last = state.last;
        if let Op::Stopping {
            next,
            manner: Manner::Graph,
            ..
        } = &mut state.op
        {
            *next = last;
        }
        self.watch_end(sup);
        self.schedule(sup);
    }

    /// Sets the deadline of a supervisor that comes down.
    pub(super) fn watch_end(&mut self, sup: Ix) {
        if matches!(self.nodes[sup].phase, Phase::Aborting(_) | Phase::Stuck(_)) {
            return;
        }
        let by = self.nodes.sup(sup).end_by;
        let next = if self.comes_down(sup) {
            self.force_by(sup)
        } else {
            by.min(self.force_by(sup))
        };
        if next != Nanos::NEVER {
            self.set_deadline(sup, next);
        }
    }

    /// When what is left below a supervisor is ended by force.
    fn force_by(&self, sup: Ix) -> Nanos {
        let node = &self.nodes[sup];
        let by = self.nodes.sup(sup).end_by.after(ABORT_BUDGET);
        match (node.phase, node.policy.stop) {
            (Phase::Stopping(_), StopPolicy::Shutdown(Shutdown::Within(budget))) => {
                by.min(node.asked.after(budget))
            }
            _ => by,
        }
    }

    /// The deadline of a supervisor that comes down, or is to, has passed.
    pub(super) fn end_overdue(&mut self, sup: Ix) {
        if self.now < self.force_by(sup) {
            // What it had under way is not waited for any longer.
            self.stop_children(sup, End::Requested);
            return self.watch_end(sup);
        }
        match self.nodes[sup].phase {
            Phase::Stopping(ending) => self.kill_supervisor(sup, ending),
            _ => self.kill_children(sup),
        }
    }

    /// How long an attempt has to stop; none where that has no bound. Zero: it is dropped at once.
    pub(super) fn stop_budget(&mut self, ix: Ix) -> Option<Duration> {
        let own = self.nodes[ix].policy.stop.budget();
        let sup = self.nodes[ix].parent.some();
        let by = sup.map_or(Nanos::NEVER, |sup| self.nodes.sup(sup).end_by);
        let left = (by != Nanos::NEVER).then(|| by.since(self.now));
        let budget = match (own, left) {
            (Some(own), Some(left)) => Some(own.min(left)),
            (own, left) => own.or(left),
        };
        self.nodes[ix].flags.cut_short = budget != own;
        budget
    }

    /// A child that has been asked already, for whatever reason, gets no longer than is left.
    pub(super) fn shorten(&mut self, ix: Ix) {
        let Some(sup) = self.nodes[ix].parent.some() else {
            return;
        };
        let by = self.nodes.sup(sup).end_by;
        if by == Nanos::NEVER {
            return;
        }
        if self.nodes[ix].sup().is_some() {
            return self.hurry(ix, by);
        }
        let Phase::Stopping(ending) = self.nodes[ix].phase else {
            return;
        };
        if by >= self.deadlines.of(&self.nodes[ix]) {
            return;
        }
        self.nodes[ix].flags.cut_short = true;
        if by <= self.now {
            self.abort(ix, ending);
        } else {
            self.set_deadline(ix, by);
        }
    }

    /// A child is ended by force: was that before its time?
    pub(super) fn note_cut(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent.some();
        let by = sup.map_or(Nanos::NEVER, |sup| self.nodes.sup(sup).end_by);
        let waits = matches!(
            self.nodes[ix].phase,
            Phase::Starting(_) | Phase::Running | Phase::Stopping(_)
        );
        if waits && by <= self.now && self.nodes[ix].policy.stop.budget() != Some(Duration::ZERO) {
            self.nodes[ix].flags.cut_short = true;
        }
    }

    /// When an attempt that has been asked to end is dropped, if it has not ended by then.
    pub(crate) fn dropped_at(&self, id: NodeId, generation: u64) -> Option<Nanos> {
        let node = self.find(id)?;
        if node.generation() != Some(generation) {
            return None;
        }
        match node.phase {
            Phase::Stopping(_) => Some(self.deadlines.of(node)).filter(|&at| at != Nanos::NEVER),
            Phase::Aborting(_) | Phase::Stuck(_) => Some(node.asked),
            _ => None,
        }
    }

    /// Everything below a supervisor that comes down is ended by force, all at once.
    pub(super) fn kill_children(&mut self, sup: Ix) {
        self.shutdown_comes_to(ShutdownPhase::AbortStragglers);
        self.emit(sup, EventKind::Aborting);
        let state = self.nodes.sup_mut(sup);
        let last = state.last;
        if let Op::Stopping { next, manner, .. } = &mut state.op {
            (*next, *manner) = (last, Manner::Kill);
        }
        self.schedule(sup);
    }
}

impl StopPolicy {
    /// What an attempt gets of its own between the request and the drop; none: no bound.
    pub(super) const fn budget(self) -> Option<Duration> {
        match self {
            Self::Drop | Self::Shutdown(Shutdown::Abort) => Some(Duration::ZERO),
            Self::Shutdown(Shutdown::Infinity) => None,
            Self::Shutdown(Shutdown::Within(budget)) => Some(budget),
        }
    }
}

//! Children that could not be ended: what becomes of them, and of those around them (I8).

use super::Machine;
use super::answer::Refusal;
use super::node::{Cause, Ending, Ix, Phase, Wish};
use super::walk::{End, Op, Then};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::failure::Why;
use crate::event::kind::EventKind;
use crate::shutdown::report::ChildShutdownStatus;
use crate::spec::policy::{FirstStart, OnStuck};

impl Machine {
    /// The child could not be ended: its path is fenced, and nobody waits for it any more (I8).
    pub(super) fn declare_stuck(&mut self, ix: Ix, ending: Ending) {
        let sup = self.nodes[ix].parent;
        self.set_phase(ix, Phase::Stuck(ending));
        self.becomes_unready(ix);
        if let Some(stuck) = self.stuck_of(ix) {
            self.emit(ix, EventKind::Stuck(stuck.doing));
        }
        if sup != Ix::NONE {
            self.leave_behind(sup, ix, ending);
        }
        self.report_stopped(ix, ChildShutdownStatus::AbortFailed);
    }

    /// A supervisor goes on without the child that is stuck, or gives up.
    fn leave_behind(&mut self, sup: Ix, ix: Ix, ending: Ending) {
        if ending.start() == Some(Cause::First) {
            self.first_start_stuck(sup, ix, ending.why());
        }
        if self.nodes[ix].policy.on_stuck == OnStuck::Escalate && !self.comes_down(sup) {
            let failure = self.failure(ix, Why::Stuck);
            self.stop_children(sup, End::GaveUp(failure));
        }
        self.pass_start(ix);
        if self.is_waited_for(ix) {
            let refusal = match ending {
                Ending::Asked => Refusal::Interrupted,
                ending => Refusal::StartFailed(self.failure(ix, ending.why())),
            };
            self.settled(ix, &Err(refusal));
        }
        self.leave_stuck(sup, ix);
        self.no_longer_awaited(ix);
        self.schedule(sup);
    }

    /// A start that has failed has failed, whether or not the attempt can be ended.
    fn first_start_stuck(&mut self, sup: Ix, ix: Ix, why: Why) {
        let fails = self.nodes.sup(sup).policy.first_start == FirstStart::Fail;
        if fails && self.nodes[ix].policy.critical {
            let failure = self.failure(ix, why);
            self.stop_children(sup, End::StartFailed(failure));
        }
    }

    /// A walk that ends children leaves a stuck one behind: what becomes of it when it has gone?
    pub(super) fn leave_stuck(&mut self, sup: Ix, ix: Ix) {
        let Op::Stopping { scope, then, .. } = &self.nodes.sup(sup).op else {
            return;
        };
        if !scope.contains(ix, &self.nodes[ix]) {
            return;
        }
        let starts = match then {
            Then::Start { .. } => true,
            Then::Down(_) => false,
            Then::Serve => return,
        };
        // Whatever it was to end for before, it has been stopped.
        self.set_phase(ix, Phase::Stuck(Ending::Asked));
        let node = &mut self.nodes[ix];
        if starts {
            self.start_when_gone(ix);
        } else if !node.flags.is_static {
            node.wish = Wish::Remove;
        } else if node.wish != Wish::Remove {
            // The next incarnation begins as the first one did.
            node.wish = Wish::None;
        }
    }

    /// A stuck child is started once it has physically gone.
    pub(super) fn start_when_gone(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        if node.operation == Operation::Active && node.wish == Wish::None {
            node.wish = Wish::Start(Cause::Alone);
            // Whatever it was to end for before does not count any more.
            self.set_phase(ix, Phase::Stuck(Ending::Asked));
        }
    }
}

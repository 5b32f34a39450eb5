//! What limits restarts: the child's own fuse, or else the intensity of its supervisor; and what
//! follows when a limit is exceeded (I4, I5).

use std::sync::Arc;

use super::Machine;
use super::failure::Counted;
use super::intensity::{Allowance, DEFAULT_RESTARTS, DEFAULT_WINDOW, Window};
use super::node::{Down, Ix, Mail, Phase, Retry, Wish};
use super::walk::End;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::failure::{Failure, Why};
use crate::event::history::Decision;
use crate::event::kind::{Budget, EventKind, Quarantine};
use crate::event::snapshot::BudgetSnapshot;
use crate::machine::answer::Refusal;
use crate::spec::policy::{Intensity, OnExhausted};

impl Machine {
    /// What the restarts of a child count against.
    #[inline]
    pub(super) fn budget(&self, ix: Ix) -> (Budget, Intensity) {
        match self.nodes[ix].policy.fuse {
            Some(fuse) => (Budget::Fuse, fuse),
            None => (Budget::Intensity, self.limit(self.nodes[ix].parent)),
        }
    }

    /// Restarts that are left to a child now, of its own or of its supervisor's.
    pub(super) fn budget_snapshot(&self, ix: Ix) -> BudgetSnapshot {
        let (budget, limit) = self.budget(ix);
        match budget {
            Budget::Fuse => {
                let fuse = self.nodes[ix].fuse.as_deref();
                let used = fuse.map_or(0, |fuse| fuse.used(self.now, limit.window));
                BudgetSnapshot::of(limit, used)
            }
            Budget::Intensity => self.intensity_snapshot(self.nodes[ix].parent),
        }
    }

    /// Restarts that are left to a supervisor now.
    pub(super) fn intensity_snapshot(&self, sup: Ix) -> BudgetSnapshot {
        let limit = self.limit(sup);
        let used = self.nodes.sup(sup).window.used(self.now, limit.window);
        BudgetSnapshot::of(limit, used)
    }

    /// The restarts that the supervisor accepts.
    #[inline]
    pub(crate) fn limit(&self, sup: Ix) -> Intensity {
        let state = self.nodes.sup(sup);
        state.policy.intensity.unwrap_or_else(|| {
            let children = u32::try_from(state.count.max(1)).unwrap_or(u32::MAX);
            Intensity::new(DEFAULT_RESTARTS.saturating_mul(children), DEFAULT_WINDOW)
        })
    }

    #[inline]
    pub(super) fn counted(&self, ix: Ix) -> Counted {
        Counted {
            child: self.nodes.id(ix),
            generation: self.nodes[ix].generation().unwrap_or(0),
        }
    }

    /// Counts a restart that has just been decided.
    pub(super) fn count_restart(&mut self, sup: Ix, ix: Ix) -> Result<(), Quarantine> {
        let (now, counted) = (self.now, self.counted(ix));
        let (budget, limit, window) = self.window(sup, ix);
        match window.record(now, limit, counted) {
            Allowance::Allowed => Ok(()),
            Allowance::Spent => Err(match budget {
                Budget::Fuse => Quarantine::Fuse,
                Budget::Intensity => Quarantine::Intensity,
            }),
        }
    }

    /// Counts a restart if one more is allowed; says what is left of the limit then.
    #[inline]
    pub(super) fn count_allowed(&mut self, sup: Ix, ix: Ix) -> Option<Left> {
        let (now, counted) = (self.now, self.counted(ix));
        let (budget, limit, window) = self.window(sup, ix);
        window.record_allowed(now, limit, counted).then(|| Left {
            budget,
            limit,
            restarts: window.left(limit),
        })
    }

    /// The restarts that those of a child count among, and what limits them.
    #[inline]
    fn window(&mut self, sup: Ix, ix: Ix) -> (Budget, Intensity, &mut Window) {
        let (budget, limit) = self.budget(ix);
        let window = match budget {
            Budget::Fuse => self.nodes[ix].fuse.get_or_insert_default(),
            Budget::Intensity => &mut self.nodes.sup_mut(sup).window,
        };
        (budget, limit, window)
    }

    /// Says when few restarts are left, once each time that it comes to that.
    pub(super) fn warn_of_budget(&mut self, sup: Ix, ix: Ix) {
        let (budget, limit, window) = self.window(sup, ix);
        let left = Left {
            budget,
            limit,
            restarts: window.left(limit),
        };
        if left.is_to_be_told() {
            self.tell_left(sup, ix, left);
        }
    }

    /// Says that few restarts are left.
    pub(super) fn tell_left(&mut self, sup: Ix, ix: Ix, left: Left) {
        let whose = match left.budget {
            Budget::Fuse => ix,
            Budget::Intensity => sup,
        };
        let (budget, of, left) = (left.budget, left.limit.restarts, left.restarts);
        self.emit(whose, EventKind::BudgetLow { budget, left, of });
    }

    /// The child must not be started again: it has exceeded a limit, or its error says so. A fuse
    /// of its own answers for it; otherwise its supervisor does.
    pub(super) fn exhausted(&mut self, sup: Ix, ix: Ix, retry: Retry, reason: Quarantine) {
        let why = match reason {
            Quarantine::Fatal => Why::Fatal,
            Quarantine::Fuse | Quarantine::Intensity => Why::Intensity(self.limit(sup)),
        };
        let has_fuse = self.nodes[ix].policy.fuse.is_some();
        match self.nodes.sup(sup).policy.on_exhausted {
            _ if has_fuse => self.quarantine(sup, ix, retry, reason),
            OnExhausted::Escalate => self.give_up(sup, ix, why),
            OnExhausted::Quarantine => {
                self.nodes.sup_mut(sup).window.clear();
                self.quarantine(sup, ix, retry, reason);
            }
            OnExhausted::Shutdown => self.give_up_tree(sup, ix, why),
        }
    }

    /// Takes the child out of its group; what its restart would have taken along starts without it.
    fn quarantine(&mut self, sup: Ix, ix: Ix, retry: Retry, reason: Quarantine) {
        self.becomes_unready(ix);
        self.nodes[ix].operation = Operation::Quarantined;
        self.nodes[ix].wish = Wish::None;
        self.nodes[ix].fuse = None;
        self.set_phase(ix, Phase::Down(Down::Failed));
        self.emit(ix, EventKind::Quarantined(reason));
        self.decided(ix, Decision::Quarantined(reason));
        self.settled(ix, &Err(Refusal::Interrupted));
        match retry {
            Retry::Alone => {}
            Retry::First => self.mail(sup, Mail::FirstStart),
            Retry::Group => {
                self.emit(sup, EventKind::GroupStopping);
                self.stop_group(sup, ix, self.now);
            }
        }
        self.check_ready(sup);
        self.check_all_ended(sup);
    }

    /// The supervisor comes down because of this child.
    fn give_up(&mut self, sup: Ix, ix: Ix, why: Why) {
        let failure = self.failure(ix, why);
        self.fails(ix, why, &failure);
        self.stop_children(sup, End::GaveUp(failure));
    }

    /// The whole tree comes down because of this child, and its supervisor does not wait for that.
    fn give_up_tree(&mut self, sup: Ix, ix: Ix, why: Why) {
        let failure = self.failure(ix, why);
        self.fails(ix, why, &failure);
        self.stop_children(sup, End::GaveUp(Arc::clone(&failure)));
        self.stop_children(Ix::ROOT, End::GaveUp(failure));
    }

    fn fails(&mut self, ix: Ix, why: Why, failure: &Arc<Failure>) {
        self.decided(ix, Decision::GaveUp(why));
        self.becomes_unready(ix);
        self.set_phase(ix, Phase::Down(Down::Failed));
        self.emit(ix, EventKind::Escalated);
        // Its last start may have been asked for.
        self.settled(ix, &Err(Refusal::StartFailed(Arc::clone(failure))));
    }

    /// Whoever has been told to start again begins with a fuse that is whole.
    pub(super) fn replace_fuse(&mut self, ix: Ix) {
        if self.nodes[ix].operation == Operation::Quarantined {
            self.nodes[ix].fuse = None;
        }
    }
}

/// What is left of a limit after a restart has been counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    budget: Budget,
    limit: Intensity,
    restarts: u32,
}

impl Left {
    /// Whether it has just come to few, which somebody should know.
    pub(super) const fn is_to_be_told(self) -> bool {
        self.limit.is_low(self.restarts) && !self.limit.is_low(self.restarts + 1)
    }
}

/// The restarts of a child that has a limit of its own.
pub(super) type Fuse = Option<Box<Window>>;

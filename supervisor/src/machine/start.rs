//! Starting children: one, a group in order, or a whole supervisor (I1, I3).

use super::answer::{Refusal, Start};
use super::input::Action;
use super::node::{Body, Cause, Down, FirstStartState, Ix, Mail, Phase, Retry, Wish};
use super::time::Nanos;
use super::walk::{End, Op, Scope};
use super::{Machine, TreePhase};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::failure::Why;
use crate::event::history::{Because, Decision};
use crate::event::kind::EventKind;
use crate::spec::policy::{AutoShutdown, FirstStart, Readiness, RestartPolicy};
use crate::task::start_reason::StartReason;

/// What became of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It goes on until the child is ready.
    InFlight,
    /// It is complete, or the child waits for others.
    Settled,
}

impl Machine {
    /// The next step of a walk that starts; false when it has to wait.
    pub(super) fn step_start(&mut self, sup: Ix, next: Ix, scope: Scope, cause: Cause) -> bool {
        let Some(ix) = next.some() else {
            self.finish_start(sup, scope, cause);
            return true;
        };
        let node = &self.nodes[ix];
        let (phase, behind) = (node.phase, node.next);
        if !scope.contains(ix, node) {
            let end = if matches!(scope, Scope::One(_)) {
                Ix::NONE
            } else {
                behind
            };
            self.move_start(sup, end);
            return true;
        }
        match phase {
            Phase::Starting(_) if self.is_serial(sup) => {
                if self.gives_way(sup, ix, scope, cause) {
                    return true;
                }
                if cause == Cause::Reload {
                    self.bound_wait(ix);
                }
                return false;
            }
            // Its start has failed, and counts when it has ended.
            Phase::Stopping(ending) | Phase::Aborting(ending)
                if ending.start().is_some() && self.is_serial(sup) =>
            {
                return false;
            }
            Phase::Backoff(Retry::First) if cause == Cause::First => {
                // Held up again by a child that is tried again; its restart goes on from there.
                self.leave_walk(sup);
                self.nodes.sup_mut(sup).first_start = FirstStartState::Held;
                return true;
            }
            Phase::Stuck(_) => self.start_when_gone(ix),
            _ if self.is_eligible(ix, cause, scope)
                && self.begin_start(ix, cause) == Begun::InFlight
                && self.is_serial(sup) =>
            {
                return true;
            }
            _ => {}
        }
        let node = &mut self.nodes[ix];
        node.flags.marked = false;
        if node.wish == Wish::Stay {
            node.wish = Wish::None;
        }
        // A start that has settled at once may have changed the list.
        if let Op::Starting { next, .. } = &mut self.nodes.sup_mut(sup).op {
            if *next == ix {
                *next = behind;
            }
        }
        true
    }

    /// Starts one child of a supervisor that has nothing under way.
    pub(super) fn start_one(&mut self, sup: Ix, ix: Ix, cause: Cause) {
        self.nodes[ix].wish = Wish::None;
        let (phase, operation) = (self.nodes[ix].phase, self.nodes[ix].operation);
        if phase.is_live() || operation != Operation::Active {
            return;
        }
        if self.is_fenced_by_another(ix) {
            // It starts when the one that is stuck at its path has gone (I1).
            self.nodes[ix].wish = Wish::Start(cause);
            return;
        }
        if self.is_serial(sup) {
            // One step of the walk is the start itself.
            let (next, scope) = (ix, Scope::One(ix));
            self.begin_operation(sup, Op::Starting { next, scope, cause });
            self.schedule(sup);
        } else {
            self.begin_start(ix, cause);
        }
    }

    /// Whether the start of this child, alone, is complete when it begins, so that nobody sees it
    /// down or unready in between.
    #[inline]
    pub(super) fn starts_at_once(&self, sup: Ix, ix: Ix) -> bool {
        let node = &self.nodes[ix];
        matches!(node.body, Body::Worker)
            && node.policy.readiness == Readiness::Immediate
            && node.operation == Operation::Active
            && self.nodes.sup(sup).first_start == FirstStartState::Done
            && self.may_start(ix)
            && !self.is_fenced_by_another(ix)
            && self.dependencies_ready(ix)
    }

    /// What [`Machine::begin_start`] comes to for such a child.
    pub(super) fn start_at_once(&mut self, ix: Ix) {
        debug_assert!(!self.nodes[ix].phase.is_live(), "I1");
        self.count_start(ix);
        self.actions.push_back(Action::Start(ix));
        let was_ready = self.nodes[ix].flags.ready;
        self.set_phase_and_ready(ix, Phase::Running, true);
        self.nodes[ix].ready_since = self.now;
        self.begins_to_beat(ix);
        self.emit(ix, EventKind::Started);
        if !was_ready {
            self.spread_ready(ix);
        }
        self.start_settled(ix, &Ok(Start::Completed));
    }

    #[inline]
    pub(super) fn count_start(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        node.reason = node.next_reason.take().unwrap_or_default();
        node.wish = Wish::None;
        node.ready_since = Nanos::NEVER;
        node.starts += 1;
        node.attempt = node.attempt.saturating_add(1);
        if node.flags.recoded {
            self.take_new_code(ix);
        }
    }

    /// Starts an attempt of a worker, or the children of a supervisor.
    pub(super) fn begin_start(&mut self, ix: Ix, cause: Cause) -> Begun {
        debug_assert!(!self.nodes[ix].phase.is_live(), "I1");
        if !self.may_start(ix) {
            // Its own supervisor has not been asked yet, and will be (I6).
            self.nodes[ix].wish = Wish::None;
            let before = self.nodes[ix].phase.public();
            self.becomes_unready(ix);
            self.set_phase(ix, Phase::Down(Down::Group));
            if before != self.nodes[ix].phase.public() {
                self.emit(ix, EventKind::Stopped);
            }
            self.settled(ix, &Err(Refusal::ShuttingDown));
            return Begun::Settled;
        }
        self.give_reason(ix, cause);
        // Whoever ended normally, or declined, has counted as ready until now.
        self.becomes_unready(ix);
        if !self.dependencies_ready(ix) {
            self.set_phase(ix, Phase::Waiting(cause));
            self.emit(ix, EventKind::Waiting);
            return Begun::Settled;
        }
        let node = &self.nodes[ix];
        let readiness = node.policy.readiness;
        match node.body {
            Body::Declared => Begun::Settled,
            Body::Supervisor(_) => {
                self.count_start(ix);
                self.set_phase(ix, Phase::Starting(cause));
                self.emit(ix, EventKind::Started);
                self.begin_incarnation(ix);
                Begun::InFlight
            }
            Body::Worker if readiness == Readiness::Immediate => {
                self.start_at_once(ix);
                Begun::Settled
            }
            Body::Worker => {
                self.count_start(ix);
                self.actions.push_back(Action::Start(ix));
                self.set_phase(ix, Phase::Starting(cause));
                self.emit(ix, EventKind::Started);
                self.set_limits(ix);
                Begun::InFlight
            }
        }
    }

    /// Notes why a child is started; what was decided on its failure says more than its group.
    fn give_reason(&mut self, ix: Ix, cause: Cause) {
        let node = &mut self.nodes[ix];
        node.next_reason = match (cause, node.next_reason) {
            (Cause::Alone | Cause::Group | Cause::First | Cause::Reload, Some(reason)) => {
                Some(reason)
            }
            (Cause::Add, _) => Some(StartReason::Added),
            (Cause::Alone | Cause::Reload | Cause::Resume, _) => Some(StartReason::Command),
            (Cause::First, None) if node.starts == 0 => Some(StartReason::First),
            (Cause::First, None) => Some(StartReason::Supervisor),
            (Cause::Group, None) => Some(StartReason::Group),
        };
    }

    /// Neither the tree nor the supervisor of the child comes down.
    #[inline]
    pub(super) fn may_start(&self, ix: Ix) -> bool {
        match self.nodes[ix].parent.some() {
            Some(sup) => self.may_start_children(sup),
            None => !self.is_closing(),
        }
    }

    /// Whether no attempt will follow the present one of a child: the tree comes down, and nobody
    /// above the child starts anything any more.
    #[inline]
    pub(crate) fn is_the_last(&self, ix: Ix) -> bool {
        self.is_closing() && self.nobody_starts(ix)
    }

    fn nobody_starts(&self, ix: Ix) -> bool {
        let mut above = self.nodes[ix].parent;
        while let Some(sup) = above.some() {
            if self.may_start_children(sup) {
                return false;
            }
            above = self.nodes[sup].parent;
        }
        true
    }

    /// Neither the tree nor the supervisor comes down. One that lets its start run its course hears
    /// of that afterwards, in its turn: what was asked of it before comes first.
    #[inline]
    pub(super) fn may_start_children(&self, sup: Ix) -> bool {
        !self.comes_down(sup) && (!self.is_closing() || self.waits(sup))
    }

    /// The child is up: ready, or ended as it should.
    pub(super) fn start_completed(&mut self, ix: Ix) {
        self.set_phase(ix, Phase::Running);
        self.nodes[ix].ready_since = self.now;
        self.begins_to_beat(ix);
        // A supervisor is up without children that are kept down, and not ready.
        if self.nodes[ix]
            .sup()
            .is_none_or(|sup| sup.missing.unready == 0)
        {
            self.becomes_ready(ix, Some(EventKind::Ready));
        } else {
            self.emit(ix, EventKind::Up);
        }
        if ix == Ix::ROOT && matches!(self.phase, TreePhase::Starting) {
            self.phase = TreePhase::Up;
            self.has_been_up = true;
        }
        self.start_settled(ix, &Ok(Start::Completed));
    }

    /// The child declined to run, which is a successful start without a process (R4, R32).
    pub(super) fn start_declined(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent;
        let answer = Ok(Start::Declined);
        self.decided(ix, Decision::Finished(Because::Declined));
        self.set_phase(ix, Phase::Down(Down::Ignored));
        self.becomes_ready(ix, None);
        self.start_settled(ix, &answer);
        if self.is_forgotten_when_down(ix) {
            self.forget(ix);
        }
        self.schedule(sup);
    }

    /// The start did not lead to a child that is ready. Nothing of the attempt is left.
    pub(super) fn start_failed(&mut self, ix: Ix, cause: Cause, why: Why) {
        let sup = self.nodes[ix].parent;
        let Some(sup) = sup.some() else {
            return self.tree_ended_while_starting();
        };
        let policy = &self.nodes[ix].policy;
        let (critical, restart) = (policy.critical, policy.restart);
        self.schedule(sup);
        if self.comes_down(sup) {
            self.decided(ix, Decision::Absorbed);
            self.set_phase(ix, Phase::Down(Down::Group));
            self.start_settled(ix, &Err(Refusal::Interrupted));
            return;
        }
        let retry = match cause {
            Cause::Add => {
                self.start_refused(ix, why);
                return self.forget(ix);
            }
            Cause::Resume => return self.start_refused(ix, why),
            Cause::First => {
                let first_start = self.nodes.sup(sup).policy.first_start;
                if critical && first_start == FirstStart::Fail {
                    let failure = self.failure(ix, why);
                    self.decided(ix, Decision::GaveUp(why));
                    self.set_phase(ix, Phase::Down(Down::Failed));
                    self.emit(ix, EventKind::Escalated);
                    return self.stop_children(sup, End::StartFailed(failure));
                }
                // One that was stuck may come late: the first start has gone on without it.
                let goes_on = self.nodes.sup(sup).first_start != FirstStartState::Done;
                if critical && goes_on && self.is_serial(sup) {
                    Retry::First
                } else {
                    Retry::Alone
                }
            }
            Cause::Alone | Cause::Reload => Retry::Alone,
            Cause::Group => Retry::Group,
        };
        if restart == RestartPolicy::Temporary {
            self.start_refused(ix, why);
            return self.forget(ix);
        }
        self.set_phase(ix, Phase::Failed(retry));
        match retry {
            Retry::Alone => self.pass_start(ix),
            Retry::First => {
                self.leave_start(sup, ix, Cause::First);
                self.nodes.sup_mut(sup).first_start = FirstStartState::Held;
            }
            Retry::Group => self.leave_start(sup, ix, Cause::Group),
        }
        let failed = Mail::Failed(self.nodes.attempt(ix), self.now);
        self.mail(sup, failed);
    }

    /// A start that is not tried again has failed.
    fn start_refused(&mut self, ix: Ix, why: Why) {
        let failure = self.failure(ix, why);
        self.decided(ix, Decision::StartFailed(why));
        self.set_phase(ix, Phase::Down(Down::Failed));
        self.start_settled(ix, &Err(Refusal::StartFailed(failure)));
    }

    /// Goes on with the first start, from the beginning: what runs is passed by.
    pub(super) fn continue_first_start(&mut self, sup: Ix) {
        let state = self.nodes.sup_mut(sup);
        if state.first_start == FirstStartState::Done {
            return;
        }
        state.first_start = FirstStartState::Walking;
        let (next, scope, cause) = (state.first, Scope::All, Cause::First);
        self.begin_operation(sup, Op::Starting { next, scope, cause });
    }

    /// Answers who waits for this start, and lets the walk go on behind it.
    fn start_settled(&mut self, ix: Ix, answer: &Result<Start, Refusal>) {
        self.settled(ix, answer);
        self.pass_start(ix);
    }

    /// Moves a walk that waits for this child on to the next.
    pub(super) fn pass_start(&mut self, ix: Ix) {
        let (sup, behind) = (self.nodes[ix].parent, self.nodes[ix].next);
        if sup == Ix::NONE {
            return;
        }
        if let Op::Starting { next, .. } = &mut self.nodes.sup_mut(sup).op {
            if *next == ix {
                *next = behind;
                self.nodes[ix].flags.marked = false;
                self.schedule(sup);
            }
        }
    }

    fn move_start(&mut self, sup: Ix, to: Ix) {
        if let Op::Starting { next, .. } = &mut self.nodes.sup_mut(sup).op {
            *next = to;
        }
    }

    /// Ends a walk that starts, for a start in it that has failed; one that stops is not to be left
    /// before its end. The start may belong to an earlier walk, that has given way to a reload.
    fn leave_start(&mut self, sup: Ix, ix: Ix, belongs_to: Cause) {
        let Op::Starting { next, scope, cause } = self.nodes.sup(sup).op else {
            return;
        };
        if cause == Cause::Reload || (cause != belongs_to && next != ix) {
            return self.pass_start(ix);
        }
        if cause == Cause::First && scope == Scope::All {
            self.nodes.sup_mut(sup).first_start = FirstStartState::Held;
        }
        // Who is behind it in the scope keeps its mark: it starts with the next attempt.
        self.leave_walk(sup);
    }

    pub(super) fn leave_walk(&mut self, sup: Ix) {
        self.nodes.sup_mut(sup).op = Op::Up;
        self.schedule(sup);
    }

    /// Begins a new incarnation of a supervisor, from its static children (R38).
    fn begin_incarnation(&mut self, sup: Ix) {
        if self.nodes.sup(sup).incomplete {
            self.restore_statics(sup);
        }
        let state = self.nodes.sup_mut(sup);
        state.window.clear();
        state.first_start = FirstStartState::Walking;
        let (next, scope, cause) = (state.first, Scope::All, Cause::First);
        let failure = state.failure.take();
        self.begin_operation(sup, Op::Starting { next, scope, cause });
        self.trash.failures.extend(failure);
        self.schedule(sup);
    }

    /// Puts static children that have left the list back, in their order.
    fn restore_statics(&mut self, sup: Ix) {
        let statics = std::mem::take(&mut self.nodes.sup_mut(sup).statics);
        for &ix in &statics {
            if self.nodes[ix].flags.linked {
                self.nodes.unlink(ix);
            }
        }
        for &ix in &statics {
            let returns = self.nodes[ix].phase == Phase::Down(Down::Removed);
            let mut returning = Vec::new();
            if returns {
                returning = self.reclaim(ix);
                self.orphan_holder(ix);
            }
            self.nodes.link(ix);
            for back in returning {
                self.emit(back, EventKind::Added);
                self.emit_left_behind(back);
            }
            if returns {
                self.apply_intent(ix);
            }
        }
        let state = self.nodes.sup_mut(sup);
        state.statics = statics;
        state.incomplete = false;
    }

    /// Added children that are stuck have stayed in the list of a supervisor that had left.
    fn emit_left_behind(&mut self, sup: Ix) {
        let mut next = self.nodes[sup].sup().map_or(Ix::NONE, |sup| sup.first);
        while let Some(ix) = next.some() {
            if !self.nodes[ix].flags.is_static {
                self.emit(ix, EventKind::Added);
            }
            next = self.nodes[ix].next;
        }
    }

    fn finish_start(&mut self, sup: Ix, scope: Scope, cause: Cause) {
        self.leave_walk(sup);
        let state = self.nodes.sup_mut(sup);
        if cause == Cause::First && scope == Scope::All {
            state.first_start = FirstStartState::Done;
            // One that has no children yet waits for the first.
            let empty = state.count == 0;
            self.check_ready(sup);
            if !empty {
                self.check_all_ended(sup);
            }
        } else if state.first_start == FirstStartState::Held {
            self.mail(sup, Mail::FirstStart);
        } else if !matches!(scope, Scope::One(_)) {
            self.check_all_ended(sup);
        }
    }

    /// Whether the walk starts this child.
    fn is_eligible(&self, ix: Ix, cause: Cause, scope: Scope) -> bool {
        let node = &self.nodes[ix];
        if node.operation != Operation::Active || matches!(node.wish, Wish::Stay | Wish::Remove) {
            return false;
        }
        if self.is_fenced_by_another(ix) {
            return false;
        }
        let alone = matches!(scope, Scope::One(_));
        match node.phase {
            Phase::Down(Down::Declared | Down::Removed) => false,
            Phase::Down(_) if node.flags.leaving && !alone => false,
            Phase::Down(Down::Fresh) => true,
            Phase::Down(_) => alone || matches!(cause, Cause::Group | Cause::Reload),
            Phase::Failed(retry) => alone || retry.cause() == cause,
            Phase::Waiting(_) => alone,
            // The first start goes on behind its group.
            Phase::Backoff(Retry::First) => cause == Cause::Group,
            Phase::Backoff(_)
            | Phase::Exited(_)
            | Phase::Starting(_)
            | Phase::Running
            | Phase::Stopping(_)
            | Phase::Aborting(_)
            | Phase::Stuck(_) => false,
        }
    }

    #[inline]
    fn dependencies_ready(&self, ix: Ix) -> bool {
        let Some(links) = &self.nodes[ix].links else {
            return true;
        };
        links.after.iter().all(|&on| self.nodes[on].flags.ready)
    }

    /// Ends a supervisor none of whose children runs or will run again.
    pub(super) fn check_all_ended(&mut self, sup: Ix) {
        let state = self.nodes.sup(sup);
        let over = state.policy.auto_shutdown == AutoShutdown::AllEnded
            && state.first_start == FirstStartState::Done
            && state.busy == 0
            && !self.comes_down(sup)
            // Others of its group have yet to start.
            && !state.op.is_about_a_group()
            && !self.is_changing(sup);
        if over {
            self.stop_children(sup, End::AutoShutdown);
        }
    }
}

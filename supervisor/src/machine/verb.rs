//! What is done to one child for each verb, in each phase it can be in (I7).

use super::Machine;
use super::answer::{ChildAnswer, Refusal};
use super::answers::Draft;
use super::decision::{Verdict, decide};
use super::input::{Token, Verb};
use super::node::{Body, Cause, Down, Ending, FirstStartState, Ix, Mail, Node, Phase, Retry, Wish};
use super::walk::{Manner, Op, Scope, Then};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::history::Decision;
use crate::event::kind::EventKind;
use crate::spec::policy::Strategy;

impl Machine {
    pub(super) fn verb(&mut self, sup: Ix, ix: Ix, token: Token, verb: Verb) {
        let node = &self.nodes[ix];
        let (operation_before, phase_before) = (node.operation, node.phase);
        let (id, generation, attempt) = (self.nodes.id(ix), node.generation(), node.attempt);
        let restarts = matches!(verb, Verb::Restart | Verb::RestartIf(_));
        let starts = restarts || verb == Verb::Resume;
        if matches!(verb, Verb::RestartIf(of) if generation != Some(of)) {
            return self.answer(token, Err(Refusal::OtherGeneration(generation)));
        }
        if starts && !self.may_start(ix) {
            return self.answer(token, Err(Refusal::ShuttingDown));
        }
        if restarts && matches!(self.nodes[ix].body, Body::Declared) {
            return self.answer(token, Err(Refusal::NoCode));
        }
        if verb == Verb::Delete && !phase_before.is_down() {
            return self.answer(token, Err(Refusal::NotDown(phase_before)));
        }
        let settles = verb == Verb::Resume
            && self.waits(sup)
            && phase_before.is_down()
            && phase_before != Phase::Down(Down::Declared)
            // Nobody waits for one that is stuck (I8).
            && !self.is_fenced_by_another(ix);
        if settles {
            self.answer_when_settled(token, ix);
        }
        let before = self.standing(ix);
        let idempotent = match verb {
            Verb::Stop => self.stop_one(sup, ix),
            Verb::Pause => self.keep_down(sup, ix, Operation::Paused),
            Verb::Quarantine => self.keep_down(sup, ix, Operation::Quarantined),
            Verb::Resume => self.resume_one(sup, ix),
            Verb::Restart | Verb::RestartIf(_) => self.restart_one(sup, ix),
            Verb::Remove | Verb::Delete => self.remove(sup, ix),
            Verb::Kill => self.kill_one(sup, ix),
        };
        if settles {
            return;
        }
        if let Some(ix) = self.nodes.find(id).filter(|_| !idempotent) {
            self.take_into_context(ix);
        }
        let live = phase_before.is_live();
        self.answers.keep(Draft {
            token,
            id,
            removes: matches!(verb, Verb::Remove | Verb::Delete),
            answer: ChildAnswer {
                operation_before,
                operation_after: operation_before,
                phase_before,
                phase_after: phase_before,
                generation: generation.filter(|_| live),
                attempt: live.then_some(attempt),
                idempotent,
                standing: before,
            },
        });
    }

    /// Stops a child; it stays in the list, and a group restart revives it (R20, R34).
    fn stop_one(&mut self, sup: Ix, ix: Ix) -> bool {
        let passed_by = self.starts_with_group(sup, ix);
        let node = &mut self.nodes[ix];
        let repeated = node.wish == Wish::Stay;
        match node.phase {
            Phase::Down(down) => {
                // Only what has not been started yet has something to cancel.
                let pending = matches!(node.wish, Wish::Start(_)) || (passed_by && !repeated);
                node.wish = if passed_by { Wish::Stay } else { Wish::None };
                let called_off = self.call_off_start(sup, ix);
                let is_fresh = down == Down::Fresh && !self.comes_down(sup);
                if is_fresh {
                    // The first start passes it by.
                    self.set_phase(ix, Phase::Down(Down::Stopped));
                    self.emit(ix, EventKind::Stopped);
                }
                self.settled(ix, &Err(Refusal::Interrupted));
                if called_off && !passed_by {
                    self.come_to_rest(ix);
                }
                !(pending || called_off || is_fresh)
            }
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                let repeated = node.stays_down();
                self.ask_to_stop(ix);
                repeated
            }
            Phase::Starting(_) | Phase::Running => {
                let repeated = node.stays_down();
                self.take_down(sup, ix);
                repeated
            }
            Phase::Waiting(_) | Phase::Backoff(_) | Phase::Failed(_) | Phase::Exited(_) => {
                let id = self.nodes.id(ix);
                self.cancel_pending(sup, ix);
                let passed_by = passed_by || self.nodes[ix].wish == Wish::Stay;
                self.come_to_rest(ix);
                if passed_by && self.nodes.find(id).is_some() {
                    self.nodes[ix].wish = Wish::Stay;
                }
                false
            }
        }
    }

    /// Whether the group restart that is under way, or delayed, has yet to start this child.
    pub(super) fn starts_with_group(&self, sup: Ix, ix: Ix) -> bool {
        let state = self.nodes.sup(sup);
        let node = &self.nodes[ix];
        match &state.op {
            Op::Starting {
                next,
                scope,
                cause: Cause::Group | Cause::Reload,
            } => {
                let reached = next.some().map(|next| self.nodes[next].order);
                reached.is_some_and(|reached| reached <= node.order) && scope.contains(ix, node)
            }
            Op::Stopping {
                scope,
                then: Then::Start { .. },
                ..
            } => scope.contains(ix, node),
            Op::Up | Op::Starting { .. } if self.has_delayed_group(sup) => {
                match state.policy.strategy {
                    Strategy::Dependents => node.flags.marked,
                    Strategy::OneForAll => !self.is_delayed_culprit(sup, ix),
                    Strategy::OneForOne => false,
                    Strategy::RestForOne => self.is_behind_culprit(sup, ix),
                }
            }
            Op::Down | Op::Starting { .. } | Op::Stopping { .. } | Op::Up => false,
        }
    }

    /// Whether a group waits for the back-off of a child, or for the turn of its restart after that.
    fn has_delayed_group(&self, sup: Ix) -> bool {
        let state = self.nodes.sup(sup);
        let is_culprit = |mail: &Mail| match mail {
            Mail::Due(of) => {
                let due = of.find(&self.nodes);
                due.is_some_and(|ix| self.nodes[ix].phase == Phase::Failed(Retry::Group))
            }
            _ => false,
        };
        state.missing.delayed > 0 || state.mails().any(is_culprit)
    }

    /// Whether the child is the one that its group waits for.
    fn is_delayed_culprit(&self, sup: Ix, ix: Ix) -> bool {
        match self.nodes[ix].phase {
            Phase::Backoff(Retry::Group) => true,
            Phase::Failed(Retry::Group) => self.is_due(sup, ix),
            _ => false,
        }
    }

    /// Whether a child before this one is the one that its group waits for.
    fn is_behind_culprit(&self, sup: Ix, ix: Ix) -> bool {
        let mut before = self.nodes[ix].prev;
        while let Some(ix) = before.some() {
            if self.is_delayed_culprit(sup, ix) {
                return true;
            }
            before = self.nodes[ix].prev;
        }
        false
    }

    /// Stops a child and keeps it down, whatever its group does.
    fn keep_down(&mut self, sup: Ix, ix: Ix, operation: Operation) -> bool {
        let before = std::mem::replace(&mut self.nodes[ix].operation, operation);
        if before != operation {
            self.emit(ix, EventKind::Operation(operation));
        }
        match self.nodes[ix].phase {
            Phase::Down(_) => {
                self.nodes[ix].wish = Wish::None;
                self.settled(ix, &Err(Refusal::Interrupted));
            }
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                self.nodes[ix].wish = Wish::Stay;
                self.ask_to_stop(ix);
            }
            Phase::Starting(_) | Phase::Running => {
                self.nodes[ix].wish = Wish::Stay;
                self.take_down(sup, ix);
            }
            Phase::Waiting(_) | Phase::Backoff(_) | Phase::Failed(_) | Phase::Exited(_) => {
                self.cancel_pending(sup, ix);
            }
        }
        before == operation
    }

    /// Starts what is down (R35).
    fn resume_one(&mut self, sup: Ix, ix: Ix) -> bool {
        self.replace_fuse(ix);
        let before = std::mem::replace(&mut self.nodes[ix].operation, Operation::Active);
        if before != Operation::Active {
            self.emit(ix, EventKind::Operation(Operation::Active));
        }
        match self.nodes[ix].phase {
            Phase::Down(Down::Declared | Down::Removed) => before == Operation::Active,
            // Its start stands in the inbox already.
            Phase::Down(_) if matches!(self.nodes[ix].wish, Wish::Start(_)) => true,
            Phase::Down(_) => {
                self.want_start(sup, ix, Cause::Resume);
                false
            }
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                let stopped_for_good = self.nodes[ix].wish == Wish::Stay;
                if stopped_for_good || before != Operation::Active {
                    self.nodes[ix].wish = Wish::Start(Cause::Resume);
                    return false;
                }
                true
            }
            Phase::Exited(_) => {
                self.wanted_already(sup, ix, Cause::Resume) && before == Operation::Active
            }
            Phase::Waiting(_)
            | Phase::Backoff(_)
            | Phase::Failed(_)
            | Phase::Starting(_)
            | Phase::Running => before == Operation::Active,
        }
    }

    /// Stops a child, if it runs, and starts it through the fence (I1); never counted.
    fn restart_one(&mut self, sup: Ix, ix: Ix) -> bool {
        self.replace_fuse(ix);
        let before = std::mem::replace(&mut self.nodes[ix].operation, Operation::Active);
        if before != Operation::Active {
            self.emit(ix, EventKind::Operation(Operation::Active));
        }
        match self.nodes[ix].phase {
            // Its start stands in the inbox already.
            Phase::Down(_) if matches!(self.nodes[ix].wish, Wish::Start(_)) => true,
            Phase::Down(_) => {
                self.want_start(sup, ix, Cause::Alone);
                false
            }
            Phase::Starting(_) | Phase::Running => {
                self.nodes[ix].wish = Wish::Start(Cause::Alone);
                self.take_down(sup, ix);
                false
            }
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                let merged = matches!(self.nodes[ix].wish, Wish::Start(_));
                self.nodes[ix].wish = Wish::Start(Cause::Alone);
                self.ask_to_stop(ix);
                merged
            }
            Phase::Backoff(retry) => {
                self.set_phase(ix, Phase::Failed(retry));
                let due = Mail::Due(self.nodes.attempt(ix));
                self.mail(sup, due);
                false
            }
            Phase::Exited(_) => self.wanted_already(sup, ix, Cause::Alone),
            // Its restart stands in the inbox already.
            Phase::Waiting(_) | Phase::Failed(_) => true,
        }
    }

    /// Whether one that has ended by itself is started again without another word; otherwise it is
    /// when its supervisor has taken up its end.
    fn wanted_already(&mut self, sup: Ix, ix: Ix, cause: Cause) -> bool {
        let node = &mut self.nodes[ix];
        let Phase::Exited(class) = node.phase else {
            return true;
        };
        match decide(node.policy.restart, class) {
            Verdict::Restart | Verdict::GiveUp => true,
            Verdict::Forget | Verdict::Leave if matches!(node.wish, Wish::Start(_)) => true,
            Verdict::Forget | Verdict::Leave => {
                node.wish = Wish::Start(cause);
                self.mail(sup, Mail::Start(self.nodes.id(ix)));
                false
            }
        }
    }

    fn remove(&mut self, sup: Ix, ix: Ix) -> bool {
        match self.nodes[ix].phase {
            Phase::Down(_) => self.forget(ix),
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                let repeated = self.nodes[ix].wish == Wish::Remove;
                self.nodes[ix].wish = Wish::Remove;
                self.ask_to_stop(ix);
                return repeated;
            }
            Phase::Starting(_) | Phase::Running => {
                self.nodes[ix].wish = Wish::Remove;
                self.take_down(sup, ix);
            }
            Phase::Waiting(_) | Phase::Backoff(_) | Phase::Failed(_) | Phase::Exited(_) => {
                self.cancel_pending(sup, ix);
                self.forget(ix);
            }
        }
        false
    }

    /// Drops a child at once: an abnormal exit like any other.
    fn kill_one(&mut self, sup: Ix, ix: Ix) -> bool {
        match self.nodes[ix].phase {
            Phase::Running => self.kill(ix, Ending::Killed(None)),
            Phase::Starting(cause) => self.kill(ix, Ending::Killed(Some(cause))),
            Phase::Stopping(ending) => self.kill(ix, ending),
            _ => return true,
        }
        self.schedule(sup);
        false
    }

    /// Begins the stop of one live child.
    pub(super) fn take_down(&mut self, sup: Ix, ix: Ix) {
        let in_scope = match &self.nodes.sup(sup).op {
            Op::Stopping { scope, .. } => scope.contains(ix, &self.nodes[ix]),
            Op::Down | Op::Up | Op::Starting { .. } => false,
        };
        if in_scope {
            // Its turn comes in the order of the stop that is under way.
            return;
        }
        self.pass_start(ix);
        if self.waits(sup) && matches!(self.nodes.sup(sup).op, Op::Up) {
            let stopping = Op::Stopping {
                next: ix,
                scope: Scope::One(ix),
                manner: Manner::OneByOne,
                then: Then::Serve,
            };
            self.begin_operation(sup, stopping);
            self.schedule(sup);
        }
        self.ask_to_stop(ix);
    }

    /// Takes back the start of this child, alone, that has come to its turn and not to its first
    /// step; whether there was one.
    fn call_off_start(&mut self, sup: Ix, ix: Ix) -> bool {
        let op = &self.nodes.sup(sup).op;
        let alone = matches!(op, Op::Starting { next, scope: Scope::One(_), .. } if *next == ix);
        if alone {
            self.pass_start(ix);
        }
        alone
    }

    /// Takes back a start that has not begun; nothing waits for a back-off (I7).
    fn cancel_pending(&mut self, sup: Ix, ix: Ix) {
        let phase = self.nodes[ix].phase;
        self.call_off_start(sup, ix);
        self.nodes[ix].wish = Wish::None;
        self.becomes_unready(ix);
        self.decided(ix, Decision::Overtaken);
        self.set_phase(ix, Phase::Down(Down::Stopped));
        self.emit(ix, EventKind::Stopped);
        self.settled(ix, &Err(Refusal::Interrupted));
        match phase {
            Phase::Backoff(Retry::First) | Phase::Failed(Retry::First) => {
                self.mail(sup, Mail::FirstStart);
            }
            Phase::Backoff(Retry::Group) => self.start_rest_of_group(sup, ix),
            Phase::Failed(Retry::Group) if self.holds_up_group(sup, ix) => {
                self.start_rest_of_group(sup, ix);
            }
            // As in OTP, whom it would have taken along stays down (R31).
            Phase::Failed(Retry::Group) => self.forget_group(sup),
            _ => {}
        }
        self.check_ready(sup);
        self.check_all_ended(sup);
    }

    /// Whether what the restart of this child takes along would stay down without it. In OTP it does
    /// when the child is stopped (R31).
    fn holds_up_group(&self, sup: Ix, ix: Ix) -> bool {
        let state = self.nodes.sup(sup);
        if !matches!(state.op, Op::Up) && self.starts_with_group(sup, ix) {
            return false;
        }
        !self.waits(sup)
            || self.nodes[ix].operation != Operation::Active
            || state.first_start == FirstStartState::Held
            || self.is_due(sup, ix)
    }

    /// Whether the back-off of the child is over, and its restart stands in the inbox.
    fn is_due(&self, sup: Ix, ix: Ix) -> bool {
        let attempt = self.nodes.attempt(ix);
        let mut mails = self.nodes.sup(sup).mails();
        mails.any(|mail| matches!(mail, Mail::Due(of) if *of == attempt))
    }

    /// The delay of a group restart is over for the want of the child that it was for.
    fn start_rest_of_group(&mut self, sup: Ix, culprit: Ix) {
        self.nodes[culprit].wish = Wish::Stay;
        let scope = self.scope(sup, culprit);
        self.mail(sup, Mail::Rest(scope));
    }

    /// Starts a child that is down, now or when it is its turn.
    fn want_start(&mut self, sup: Ix, ix: Ix, cause: Cause) {
        self.nodes[ix].wish = Wish::Start(cause);
        let state = self.nodes.sup(sup);
        if matches!(state.op, Op::Up) && (state.inbox.is_empty() || self.waits(sup)) {
            self.start_one(sup, ix, cause);
        } else {
            self.mail(sup, Mail::Start(self.nodes.id(ix)));
        }
    }
}

impl Node {
    /// Wants the child to be down, as it is wanted of one that is to be removed; whether it was.
    fn stays_down(&mut self) -> bool {
        let repeated = matches!(self.wish, Wish::Stay | Wish::Remove);
        if !repeated {
            self.wish = Wish::Stay;
        }
        repeated
    }
}

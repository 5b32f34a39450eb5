//! Ending children: one, a group in reverse, or a whole supervisor (I3, I5, I8).

use std::time::Duration;

use super::answer::Refusal;
use super::input::Action;
use super::node::{Body, Cause, Down, Ending, Ix, Mail, Node, NodeId, Phase, Retry, Wish};
use super::walk::{End, Manner, Op, Scope, Then};
use super::{ABORT_BUDGET, Machine, TreePhase};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::history::Decision;
use crate::event::kind::EventKind;
use crate::shutdown::report::ChildShutdownStatus;
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::plan::StopPolicy;
use crate::spec::policy::{FirstStart, Pool, RestartPolicy, Shutdown, StartOrder};

impl Machine {
    /// Whether a supervisor serves nobody until this child, or what stands above it there, has
    /// stopped.
    pub(super) fn holds_up_stop(&self, sup: NodeId, child: NodeId) -> bool {
        let Some(sup) = self.nodes.find(sup).filter(|&sup| !self.comes_down(sup)) else {
            return false;
        };
        let Some(Op::Stopping { scope, .. }) = self.nodes[sup].sup().map(|sup| &sup.op) else {
            return false;
        };
        let mut below = self.nodes.find(child);
        while let Some(ix) = below {
            let node = &self.nodes[ix];
            if node.parent == sup {
                return scope.contains(ix, node);
            }
            below = node.parent.some();
        }
        false
    }

    /// The next step of a walk that ends children; false when it has to wait.
    pub(super) fn step_stop(&mut self, sup: Ix, next: Ix, scope: Scope, manner: Manner) -> bool {
        let Some(ix) = next.some() else {
            if self.nodes.sup(sup).awaited > 0 {
                return false;
            }
            self.scope_ended(sup);
            return true;
        };
        let (phase, before) = (self.nodes[ix].phase, self.nodes[ix].prev);
        if !scope.contains(ix, &self.nodes[ix]) {
            let over = matches!(scope, Scope::From(_) | Scope::One(_));
            self.move_stop(sup, if over { Ix::NONE } else { before });
            return true;
        }
        match phase {
            Phase::Starting(_) | Phase::Running | Phase::Stopping(_) | Phase::Aborting(_) => {
                match manner {
                    Manner::OneByOne => {
                        self.ask_to_stop(ix);
                        return false;
                    }
                    Manner::Graph => {
                        self.await_end(sup, ix);
                        if self.await_dependents(sup, ix, scope) == 0 {
                            self.ask_to_stop(ix);
                        }
                    }
                    Manner::Kill => {
                        self.await_end(sup, ix);
                        self.note_cut(ix);
                        self.kill(ix, Ending::Asked);
                    }
                }
                self.move_stop(sup, before);
            }
            Phase::Stuck(_) => {
                self.set_phase(ix, Phase::Stuck(Ending::Asked));
                if self.comes_down(sup) {
                    // The group that it belonged to is not started any more.
                    self.nodes[ix].flags.marked = false;
                }
                self.leave_stuck(sup, ix);
                self.move_stop(sup, before);
            }
            Phase::Down(_)
            | Phase::Waiting(_)
            | Phase::Backoff(_)
            | Phase::Failed(_)
            | Phase::Exited(_) => {
                self.move_stop(sup, before);
                self.absorb(sup, ix);
            }
        }
        true
    }

    /// Asks a live child to stop, by its policy.
    pub(super) fn ask_to_stop(&mut self, ix: Ix) {
        match self.nodes[ix].phase {
            Phase::Starting(_) | Phase::Running => self.end_attempt(ix, Ending::Asked),
            // Already ending for another reason: from now on any end is a normal one.
            Phase::Stopping(_) => {
                self.nodes[ix].phase = Phase::Stopping(Ending::Asked);
                self.take_into_context(ix);
                self.pass_start(ix);
                self.shorten(ix);
            }
            Phase::Aborting(_) => {
                self.nodes[ix].phase = Phase::Aborting(Ending::Asked);
                self.take_into_context(ix);
                self.pass_start(ix);
            }
            Phase::Stuck(_) => self.set_phase(ix, Phase::Stuck(Ending::Asked)),
            _ => {}
        }
    }

    /// Ends a live attempt for a reason: cancel, budget, drop.
    pub(super) fn end_attempt(&mut self, ix: Ix, ending: Ending) {
        self.nodes[ix].asked = self.now;
        if ix != Ix::ROOT {
            self.shutdown_comes_to(ShutdownPhase::GracefulDrain);
        }
        if self.nodes[ix].sup().is_some() {
            return self.end_supervisor(ix, ending);
        }
        let budget = self.stop_budget(ix);
        if budget == Some(Duration::ZERO) {
            return self.abort(ix, ending);
        }
        self.set_phase(ix, Phase::Stopping(ending));
        if let Some(budget) = budget {
            self.set_deadline(ix, self.now.after(budget));
        }
        self.emit(ix, EventKind::Stopping);
        self.actions.push_back(Action::Stop(ix));
    }

    /// An attempt ends by itself, and some of it is left: that is bounded like any stop (I2, I8).
    pub(super) fn ending(&mut self, id: NodeId, generation: u64) {
        let current = self
            .nodes
            .find(id)
            .filter(|&ix| self.nodes[ix].generation() == Some(generation));
        let Some(ix) = current else {
            return self.stale(self.nodes.find(id));
        };
        self.begin_context();
        match self.nodes[ix].phase {
            Phase::Starting(cause) => self.end_attempt(ix, Ending::Own(Some(cause))),
            Phase::Running => self.end_attempt(ix, Ending::Own(None)),
            // It is being ended already.
            _ => {}
        }
    }

    /// Drops the future of a worker.
    pub(super) fn abort(&mut self, ix: Ix, ending: Ending) {
        // Whoever was to be asked first has not gone in time.
        if self.nodes[ix].policy.stop.budget() != Some(Duration::ZERO) {
            self.shutdown_comes_to(ShutdownPhase::AbortStragglers);
        }
        self.set_phase(ix, Phase::Aborting(ending));
        self.set_deadline(ix, self.now.after(ABORT_BUDGET));
        self.emit(ix, EventKind::Aborting);
        self.actions.push_back(Action::Abort(ix));
    }

    /// Ends a child by force: a worker is dropped, a supervisor with everything below it (R45).
    pub(super) fn kill(&mut self, ix: Ix, ending: Ending) {
        if matches!(self.nodes[ix].phase, Phase::Aborting(_)) {
            self.nodes[ix].phase = Phase::Aborting(ending);
        } else if self.nodes[ix].sup().is_some() {
            self.kill_supervisor(ix, ending);
        } else {
            self.abort(ix, ending);
        }
    }

    /// Asks a supervisor to end.
    pub(super) fn stop_supervisor(&mut self, sup: Ix) {
        self.end_attempt(sup, Ending::Asked);
    }

    fn end_supervisor(&mut self, sup: Ix, ending: Ending) {
        if self.nodes[sup].policy.stop == StopPolicy::Shutdown(Shutdown::Abort) {
            return self.kill_supervisor(sup, ending);
        }
        self.set_phase(sup, Phase::Stopping(ending));
        self.set_end_by(sup);
        self.emit(sup, EventKind::Stopping);
        let starting = matches!(self.nodes.sup(sup).op, Op::Starting { .. });
        if starting && self.waits(sup) && !self.may_be_held_up(sup) {
            self.mail(sup, Mail::Stop);
        } else {
            self.stop_children(sup, End::Requested);
        }
        self.watch_end(sup);
    }

    /// Whether a start has no bound: a supervisor below is tried again and again, or up only when
    /// its children are. A stop does not wait for that (I8).
    fn may_be_held_up(&self, sup: Ix) -> bool {
        let held = |ix: Ix| {
            self.nodes[ix].sup().is_some_and(|below| {
                below.policy.first_start == FirstStart::Retry
                    || !self.waits(ix)
                    || self.may_be_held_up(ix)
            })
        };
        let state = self.nodes.sup(sup);
        let mut next = state.first;
        while let Some(ix) = next.some() {
            if held(ix) {
                return true;
            }
            next = self.nodes[ix].next;
        }
        // Those that have left come back when it is started again.
        let mut statics = state.statics.iter();
        statics.any(|&ix| !self.nodes[ix].flags.linked && held(ix))
    }

    pub(super) fn kill_supervisor(&mut self, sup: Ix, ending: Ending) {
        if sup == Ix::ROOT {
            // A stop that waits for a start has not closed the tree yet.
            let cause = self.cause_of(&End::Requested);
            self.close(cause);
        }
        self.set_phase(sup, Phase::Aborting(ending));
        let state = self.nodes.sup_mut(sup);
        let end = match std::mem::replace(&mut state.op, Op::Up) {
            // Whatever it came down for by itself stands.
            Op::Stopping {
                then: Then::Down(end),
                ..
            } if !matches!(end, End::Requested) => end,
            _ => End::Killed,
        };
        let stopping = Op::Stopping {
            next: state.last,
            scope: Scope::All,
            manner: Manner::Kill,
            then: Then::Down(end),
        };
        self.begin_operation(sup, stopping);
        self.kill_children(sup);
    }

    /// Begins to bring a supervisor down; the first reason stands.
    pub(super) fn stop_children(&mut self, sup: Ix, end: End) {
        if self.comes_down(sup) {
            return;
        }
        let asked = self.nodes[sup].phase == Phase::Stopping(Ending::Asked);
        let end = match end {
            End::AutoShutdown if asked => {
                // The request came first, and has waited for its turn.
                self.resume_context(sup);
                End::Requested
            }
            end => end,
        };
        if sup == Ix::ROOT && matches!(self.phase, TreePhase::Starting | TreePhase::Closing) {
            // Before what has been started is stopped again.
            self.missing = self.not_ready();
        }
        if let End::GaveUp(failure) | End::StartFailed(failure) = &end {
            let failure = std::sync::Arc::clone(failure);
            self.nodes.sup_mut(sup).failure = Some(std::sync::Arc::clone(&failure));
            self.emit(sup, EventKind::GaveUp(failure));
        }
        if sup == Ix::ROOT {
            let cause = self.cause_of(&end);
            self.close(cause);
        }
        let manner = self.manner(sup);
        let stopping = Op::Stopping {
            next: self.nodes.sup(sup).last,
            scope: Scope::All,
            manner,
            then: Then::Down(end),
        };
        self.begin_operation(sup, stopping);
        self.set_end_by(sup);
        self.watch_end(sup);
        self.schedule(sup);
    }

    /// Whether a supervisor is down, or on its way.
    #[inline]
    pub(super) fn comes_down(&self, sup: Ix) -> bool {
        matches!(
            self.nodes.sup(sup).op,
            Op::Down
                | Op::Stopping {
                    then: Then::Down(_),
                    ..
                }
        )
    }

    /// How the children of a supervisor are stopped.
    pub(super) fn manner(&self, sup: Ix) -> Manner {
        let policy = &self.nodes.sup(sup).policy;
        if policy.pool != Pool::Off || policy.start == StartOrder::Concurrent {
            Manner::Graph
        } else {
            Manner::OneByOne
        }
    }

    /// A child that was asked to stop has ended.
    pub(super) fn stopped(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent;
        let interrupted = Err(Refusal::Interrupted);
        let Some(sup) = sup.some() else {
            // Stuck when its supervisor was removed.
            self.set_phase(ix, Phase::Down(Down::Removed));
            self.settled(ix, &interrupted);
            return self.dispose(ix);
        };
        self.schedule(sup);
        let in_group = match &self.nodes.sup(sup).op {
            Op::Down => true,
            Op::Stopping { scope, then, .. } => {
                !matches!(then, Then::Serve) && scope.contains(ix, &self.nodes[ix])
            }
            Op::Up | Op::Starting { .. } => false,
        };
        if in_group {
            // Its group is started again, and it with that.
            if matches!(self.nodes[ix].wish, Wish::Start(_)) {
                self.nodes[ix].wish = Wish::None;
            }
            self.goes_down(ix, Down::Group);
            self.pass_stop(sup, ix);
            self.leave_with_group(sup, ix);
            return self.settled(ix, &interrupted);
        }
        self.pass_start(ix);
        self.goes_down(ix, Down::Stopped);
        self.settled(ix, &interrupted);
        self.come_to_rest(ix);
    }

    /// Does what was wanted of a child once it is down.
    pub(super) fn come_to_rest(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent;
        match self.nodes[ix].wish {
            Wish::Remove => self.forget(ix),
            Wish::Start(_) => self.mail(sup, Mail::Start(self.nodes.id(ix))),
            Wish::None | Wish::Stay => {
                // The next restart of its group revives it, and not one that is under way.
                let stays = self.nodes[ix].wish == Wish::Stay;
                if !(stays && self.starts_with_group(sup, ix)) {
                    self.nodes[ix].wish = Wish::None;
                }
                let kept = self.nodes[ix].operation != Operation::Active;
                if !kept && self.is_forgotten_when_down(ix) {
                    self.forget(ix);
                } else {
                    // Nobody waits for a child that is kept down.
                    self.check_ready(sup);
                    self.check_all_ended(sup);
                }
            }
        }
    }

    /// Temporary children and instances of pools leave nothing behind (R14, R40).
    pub(super) fn is_forgotten_when_down(&self, ix: Ix) -> bool {
        let node = &self.nodes[ix];
        node.policy.restart == RestartPolicy::Temporary
            || self.nodes.sup(node.parent).policy.pool != Pool::Off
    }

    /// A walk that ends children has come to one that does not run: what was to follow from its
    /// end is absorbed (R51).
    fn absorb(&mut self, sup: Ix, ix: Ix) {
        let goes_down = match &self.nodes.sup(sup).op {
            Op::Stopping {
                then: Then::Start { culprit, .. },
                ..
            } => {
                // Whoever has been taken out is down; a change waits for nobody's restart.
                let waits = self.nodes[ix].phase == Phase::Failed(Retry::Group);
                if ix == *culprit && waits && !self.is_changing(sup) {
                    return;
                }
                false
            }
            Op::Stopping {
                then: Then::Down(_),
                ..
            } => true,
            _ => return,
        };
        let down = self.nodes[ix].phase.is_down();
        if goes_down {
            // Down, or about to be started again: nothing of it runs.
            self.report_stopped(ix, ChildShutdownStatus::AlreadyExited);
        }
        let told = |node: &Node| (node.phase.public(), node.operation, node.flags.ready);
        let (id, before) = (self.nodes.id(ix), told(&self.nodes[ix]));
        self.becomes_unready(ix);
        if !down {
            self.decided(ix, Decision::Absorbed);
            self.set_phase(ix, Phase::Down(Down::Group));
        }
        self.leave_with_group(sup, ix);
        let left = self
            .nodes
            .find(id)
            .filter(|&ix| self.nodes[ix].flags.linked);
        if left.is_some_and(|ix| told(&self.nodes[ix]) != before) {
            self.emit(ix, EventKind::Stopped);
        }
        self.settled(ix, &Err(Refusal::Interrupted));
    }

    /// What is left of a child that went down with its group, or with its supervisor (R16, R38).
    fn leave_with_group(&mut self, sup: Ix, ix: Ix) {
        let goes_down = self.comes_down(sup);
        let node = &self.nodes[ix];
        let kept = node.operation != Operation::Active && !goes_down;
        // A reload restarts as a command does.
        let kept = kept || (!goes_down && self.is_changing(sup));
        let temporary = node.policy.restart == RestartPolicy::Temporary && !kept;
        if node.wish == Wish::Remove || temporary || (goes_down && !node.flags.is_static) {
            return self.forget(ix);
        }
        if goes_down && !matches!(node.body, Body::Declared) {
            let node = &mut self.nodes[ix];
            node.wish = Wish::None;
            node.flags.marked = false;
            self.set_phase(ix, Phase::Down(Down::Fresh));
        }
    }

    /// Nothing of the scope runs any more.
    fn scope_ended(&mut self, sup: Ix) {
        let state = self.nodes.sup_mut(sup);
        let Op::Stopping { scope, then, .. } = std::mem::replace(&mut state.op, Op::Up) else {
            return;
        };
        match then {
            Then::Serve => {}
            Then::Down(end) => self.supervisor_down(sup, end),
            Then::Start { .. } if self.is_changing(sup) => self.change_stopped(sup),
            Then::Start { culprit, due } => {
                let node = &self.nodes[culprit];
                let stands = node.flags.linked && node.parent == sup;
                let waits = node.phase == Phase::Failed(Retry::Group) && node.parent == sup;
                if waits && due > self.now {
                    self.set_phase(culprit, Phase::Backoff(Retry::Group));
                    return self.set_deadline(culprit, due);
                }
                let next = match scope {
                    Scope::From(_) | Scope::One(_) if stands => culprit,
                    _ => self.nodes.sup(sup).first,
                };
                if waits {
                    // From here on it is one of the group.
                    self.set_phase(culprit, Phase::Down(Down::Group));
                    self.emit(culprit, EventKind::Due);
                }
                self.emit(sup, EventKind::GroupStarting);
                let cause = Cause::Group;
                self.begin_operation(sup, Op::Starting { next, scope, cause });
            }
        }
    }

    fn move_stop(&mut self, sup: Ix, to: Ix) {
        if let Op::Stopping { next, .. } = &mut self.nodes.sup_mut(sup).op {
            *next = to;
        }
    }

    /// Moves a walk that waits for the end of this child on to the one before.
    pub(super) fn pass_stop(&mut self, sup: Ix, ix: Ix) {
        let before = self.nodes[ix].prev;
        if let Op::Stopping { next, .. } = &mut self.nodes.sup_mut(sup).op {
            if *next == ix {
                *next = before;
            }
        }
    }

    fn await_end(&mut self, sup: Ix, ix: Ix) {
        let node = &mut self.nodes[ix];
        if !std::mem::replace(&mut node.flags.awaited, true) {
            if let Some(links) = &mut node.links {
                links.dependents_left = None;
            }
            self.nodes.sup_mut(sup).awaited += 1;
        }
    }

    /// Nobody waits for the end of this child any more; those it is after may stop now.
    pub(super) fn no_longer_awaited(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        if !std::mem::take(&mut node.flags.awaited) {
            return;
        }
        let sup = node.parent;
        let state = self.nodes.sup_mut(sup);
        state.awaited -= 1;
        let graph = matches!(
            state.op,
            Op::Stopping {
                manner: Manner::Graph,
                ..
            }
        );
        self.schedule(sup);
        if !graph {
            return;
        }
        let after = self.nodes[ix]
            .links
            .as_ref()
            .map(|links| links.after.clone());
        for on in after.unwrap_or_default() {
            if !self.nodes[on].flags.awaited {
                continue;
            }
            let links = self.nodes[on].links.as_mut().expect("an edge has two ends");
            // Those of one that the stop has not come to are counted then.
            let Some(left) = &mut links.dependents_left else {
                continue;
            };
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.ask_to_stop(on);
            }
        }
    }

    /// How many children of the scope have to end before this one may be asked: the walk may not
    /// have come to them.
    fn await_dependents(&mut self, sup: Ix, ix: Ix, scope: Scope) -> u32 {
        let Some(mut links) = self.nodes[ix].links.take() else {
            return 0;
        };
        let mut left = 0;
        for &dependent in &links.before {
            let node = &self.nodes[dependent];
            let live = node.phase.is_live() && !matches!(node.phase, Phase::Stuck(_));
            if live && scope.contains(dependent, node) {
                self.await_end(sup, dependent);
                left += 1;
            }
        }
        links.dependents_left = Some(left);
        self.nodes[ix].links = Some(links);
        left
    }
}

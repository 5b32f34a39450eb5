//! What commands do: one clause for each verb and phase (I7).

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, ChildAnswer, Refusal};
use super::answers::Draft;
use super::input::{Command, Token, Verb};
use super::node::{
    Body, Cause, Down, Ending, FirstStartState, Ix, Mail, NodeId, Phase, Retry, Wish,
};
use super::plant::Comes;
use super::time::Nanos;
use super::walk::{End, Manner, Op, Scope, Then};
use super::{Machine, TreePhase, mirror};
use crate::control::audit::Audit;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::command::CommandKind;
use crate::event::kind::EventKind;
use crate::id::path;
use crate::spec::plan::{Deadline, Planned, PlannedBody, significance};
use crate::spec::policy::{AddPolicy, FirstStart, Pool, Strategy, WhileStarting};

impl Machine {
    /// A command has arrived.
    pub(super) fn command(&mut self, token: Token, audit: &Audit, command: Command) {
        self.audit(&command, audit);
        let command = match command {
            Command::Reload(reload) => return self.reload(token, *reload),
            Command::Shutdown(within) => {
                let first = self.shut_down(within);
                return self.answer(token, Ok(Answer::Shutdown { first }));
            }
            command => command,
        };
        let sup = self.supervisor_for(&command);
        let Some(sup) = sup else {
            return self.refuse(token, command, Refusal::Unknown);
        };
        let state = self.nodes.sup(sup);
        let busy = !matches!(state.op, Op::Up) || !state.inbox.is_empty();
        if busy && self.waits_its_turn(sup, &command) && !self.comes_down(sup) {
            self.mail(sup, Mail::Command(token, command));
        } else {
            self.deliver_command(sup, token, command);
        }
    }

    /// The supervisor that a command is for.
    fn supervisor_for(&self, command: &Command) -> Option<Ix> {
        let sup = match command {
            Command::Add(sup, ..)
            | Command::Children(sup)
            | Command::Intended(_, sup, _)
            | Command::Named(_, sup, _) => self.nodes.find(*sup),
            Command::Child(_, id) => {
                let ix = self.known(*id);
                ix.and_then(|ix| self.nodes[ix].parent.some())
            }
            Command::Reload(_) | Command::Shutdown(_) => None,
        };
        sup.filter(|&sup| self.nodes[sup].sup().is_some())
    }

    /// What starts something waits its turn; so does everything where OTP's order is asked for. A
    /// kill is no request to the supervisor.
    fn waits_its_turn(&self, sup: Ix, command: &Command) -> bool {
        let kills = matches!(command, Command::Child(Verb::Kill, _));
        command.is_add() || (self.waits(sup) && !kills)
    }

    /// Whether the answer to a command of this child would have to wait for the child: for its
    /// start, or for its stop with its group.
    pub(crate) fn waits_for(&self, asking: NodeId, command: &Command) -> bool {
        let waiting = self.supervisor_for(command);
        let Some(sup) = waiting.filter(|&sup| self.waits_its_turn(sup, command)) else {
            return false;
        };
        let sup = self.nodes.id(sup);
        let asking_starts = self.find(asking).map(|node| node.phase);
        let starts = matches!(asking_starts, Some(Phase::Starting(_)));
        (starts && self.is_above(sup, asking)) || self.holds_up_stop(sup, asking)
    }

    /// Writes what is asked for, whatever becomes of it; a question is not.
    fn audit(&mut self, command: &Command, audit: &Audit) {
        let (path, kind) = match command {
            Command::Children(_) => return self.begin_context(),
            Command::Reload(_) => (self.path_of(Ix::ROOT), CommandKind::Reload),
            Command::Shutdown(_) => (self.path_of(Ix::ROOT), CommandKind::Shutdown),
            Command::Add(_, planned, _) => (Arc::clone(&planned.nodes[0].path), CommandKind::Start),
            Command::Child(verb, id) => {
                let path = self.nodes.find(*id).map(|ix| self.path_of(ix));
                // One that has gone left no name; it is answered that it is not known.
                (path.unwrap_or_else(|| Arc::from("?")), verb.kind())
            }
            Command::Intended(intended, _, path) => (Arc::clone(path), intended.verb().kind()),
            Command::Named(verb, _, path) => (Arc::clone(path), verb.kind()),
        };
        self.emit_command(&path, kind, audit);
    }

    fn path_of(&self, ix: Ix) -> Arc<str> {
        Arc::clone(&self.nodes[ix].path)
    }

    /// It is the command's turn.
    pub(super) fn deliver_command(&mut self, sup: Ix, token: Token, command: Command) {
        match command {
            Command::Add(_, planned, mirror) => self.add(sup, token, *planned, mirror.as_ref()),
            Command::Child(verb, id) => match self.known(id) {
                Some(ix) => self.verb(sup, ix, token, verb),
                None => self.answer(token, Err(Refusal::Unknown)),
            },
            Command::Named(verb, _, path) => match self.child_at(&path) {
                Some(id) => self.verb_of(id, token, verb),
                None => self.take_back_intent(token, verb, &path),
            },
            Command::Intended(intended, _, path) => match self.child_at(&path) {
                Some(id) => self.verb_of(id, token, intended.verb()),
                None => self.record_intent(token, intended, &path),
            },
            Command::Children(_) if self.comes_down(sup) => {
                self.answer(token, Err(Refusal::ShuttingDown));
            }
            Command::Children(_) => {
                let children = self.children(sup);
                self.answer(token, Ok(Answer::Children(children)));
            }
            // It has no turn of its own: its parts have.
            Command::Reload(reload) => self.reload(token, *reload),
            // It waits for nobody's turn.
            Command::Shutdown(within) => {
                let first = self.shut_down(within);
                self.answer(token, Ok(Answer::Shutdown { first }));
            }
        }
    }

    /// Begins to stop the tree, or hurries; false if the tree came down already.
    fn shut_down(&mut self, within: Option<Duration>) -> bool {
        let by = within.map_or(Nanos::NEVER, |within| self.now.after(within));
        match self.phase {
            TreePhase::Idle => {
                let cause = self.cause_of(&End::Requested);
                self.close(cause);
                self.end_tree(End::Requested);
                true
            }
            // A root that lets a start run its course has heard, and closes after that.
            TreePhase::Starting | TreePhase::Up
                if !matches!(self.nodes[Ix::ROOT].phase, Phase::Stopping(_)) =>
            {
                self.hurry(Ix::ROOT, by);
                self.stop_supervisor(Ix::ROOT);
                true
            }
            TreePhase::Starting | TreePhase::Up | TreePhase::Closing => {
                self.hurry(Ix::ROOT, by);
                false
            }
            TreePhase::Ended(_) => false,
        }
    }

    /// The child that stands at a path; the root is none.
    fn child_at(&self, path: &str) -> Option<NodeId> {
        let id = self.nodes.id(self.standing_at(path)?);
        self.known(id).map(|ix| self.nodes.id(ix))
    }

    /// The child that is asked for. One that has left, and is stuck, is asked for nothing any more:
    /// whoever is declared in its place is.
    fn known(&self, id: NodeId) -> Option<Ix> {
        let found = self.nodes.find(id).filter(|&ix| ix != Ix::ROOT)?;
        let has_left = self.nodes[found].parent == Ix::NONE;
        let ix = if has_left {
            self.heir_of(&self.nodes[found].path)?
        } else {
            found
        };
        (self.nodes[ix].phase != Phase::Down(Down::Removed)).then_some(ix)
    }

    /// A verb for a child that has just been found by its path.
    fn verb_of(&mut self, id: NodeId, token: Token, verb: Verb) {
        self.verb(self.nodes[id.ix].parent, id.ix, token, verb);
    }

    fn verb(&mut self, sup: Ix, ix: Ix, token: Token, verb: Verb) {
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
            Phase::Down(_) => {
                // Only what has not been started yet in this group has something to cancel.
                let pending = matches!(node.wish, Wish::Start(_)) || (passed_by && !repeated);
                node.wish = if passed_by { Wish::Stay } else { Wish::None };
                self.settled(ix, &Err(Refusal::Interrupted));
                !pending
            }
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                node.wish = Wish::Stay;
                self.ask_to_stop(ix);
                repeated
            }
            Phase::Starting(_) | Phase::Running => {
                node.wish = Wish::Stay;
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
    fn starts_with_group(&self, sup: Ix, ix: Ix) -> bool {
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
            Op::Up => {
                let culprit = self.delayed_culprit(sup);
                culprit.is_some_and(|culprit| match state.policy.strategy {
                    Strategy::Dependents => node.flags.marked,
                    Strategy::OneForAll => culprit != ix,
                    Strategy::OneForOne => false,
                    Strategy::RestForOne => self.nodes[culprit].order < node.order,
                })
            }
            Op::Down | Op::Starting { .. } | Op::Stopping { .. } => false,
        }
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
            Phase::Waiting(_)
            | Phase::Backoff(_)
            | Phase::Failed(_)
            | Phase::Exited(_)
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
                let due = Mail::Due(self.nodes.id(ix));
                self.mail(sup, due);
                false
            }
            // Its restart stands in the inbox already.
            Phase::Waiting(_) | Phase::Failed(_) | Phase::Exited(_) => true,
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

    /// Takes back a start that has not begun; nothing waits for a back-off (I7).
    fn cancel_pending(&mut self, sup: Ix, ix: Ix) {
        let phase = self.nodes[ix].phase;
        self.nodes[ix].wish = Wish::None;
        self.becomes_unready(ix);
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
            Phase::Failed(Retry::Group) => self.clear_marks(sup),
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
        let id = self.nodes.id(ix);
        let mut mails = self.nodes.sup(sup).mails();
        mails.any(|mail| matches!(mail, Mail::Due(due) if *due == id))
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

    /// Adds a child and starts it (R33).
    fn add(&mut self, sup: Ix, token: Token, planned: Planned, mirror: Option<&mirror::Place>) {
        if let Err(refusal) = self.may_add(sup, &planned) {
            self.discard(planned);
            return self.answer(token, Err(refusal));
        }
        let after = match self.resolve_siblings(sup, &planned) {
            Ok(after) => after,
            Err(refusal) => {
                self.discard(planned);
                return self.answer(token, Err(refusal));
            }
        };
        let places = self.plant(sup, planned.nodes, Comes::Added);
        let ix = places[0];
        self.link_dependencies(ix, after);
        for &ix in &places {
            self.emit(ix, EventKind::Added);
            self.apply_intent(ix);
        }
        // A critical child that is not ready yet makes its supervisor unready.
        if self.nodes[ix].policy.critical {
            self.spread_unready(sup);
        }
        if let (Some(place), Some(mirror)) = (mirror, self.mirror(self.nodes.id(ix))) {
            // Asked for once; it stands there already if not.
            let _ = place.set(mirror);
        }
        let declared = matches!(self.nodes[ix].body, Body::Declared);
        if declared || self.nodes[ix].operation != Operation::Active {
            return self.answer(token, Ok(Answer::Started));
        }
        self.answer_when_settled(token, ix);
        self.start_one(sup, ix, Cause::Add);
    }

    fn may_add(&self, sup: Ix, planned: &Planned) -> Result<(), Refusal> {
        // A stop that waits for its turn does not wait for a start without a bound (I8).
        let asked = matches!(self.nodes[sup].phase, Phase::Stopping(_));
        if !self.may_start_children(sup) || (asked && planned.may_be_held_up()) {
            return Err(Refusal::ShuttingDown);
        }
        let state = self.nodes.sup(sup);
        let child = &planned.nodes[0];
        if self.is_reserved(&child.path) {
            return Err(Refusal::AlreadyPresent);
        }
        significance(&child.policy, state.policy.auto_shutdown, &child.path)
            .map_err(Refusal::Invalid)?;
        if let (Some(longest), Some(deadline)) = (&planned.longest, self.deadline_of(sup)) {
            longest.fits(&deadline).map_err(Refusal::Invalid)?;
        }
        if let Some(taken) = self.index.find(&child.path, &self.nodes) {
            let node = &self.nodes[taken];
            return Err(match node.phase {
                Phase::Down(Down::Removed) if node.flags.is_static => {
                    return self.may_take_paths(sup, planned);
                }
                Phase::Starting(_) | Phase::Running | Phase::Exited(_) => Refusal::AlreadyStarted,
                _ if !node.flags.linked => Refusal::Fenced,
                _ => Refusal::AlreadyPresent,
            });
        }
        self.may_take_paths(sup, planned)
    }

    /// The shortest of the deadlines that hold for a child of `sup`.
    fn deadline_of(&self, sup: Ix) -> Option<Deadline> {
        let mut shortest: Option<Deadline> = None;
        let mut above = Some(sup);
        while let Some(ix) = above {
            if let Some(within) = self.nodes.sup(ix).policy.shutdown_within {
                if shortest
                    .as_ref()
                    .is_none_or(|shortest| within < shortest.within)
                {
                    let supervisor = Arc::clone(&self.nodes[ix].path);
                    shortest = Some(Deadline { supervisor, within });
                }
            }
            above = self.nodes[ix].parent.some();
        }
        shortest
    }

    /// Whatever is stuck below a supervisor that has been removed keeps its path (I1).
    fn may_take_paths(&self, sup: Ix, planned: &Planned) -> Result<(), Refusal> {
        for below in &planned.nodes[1..] {
            let holder = self.index.find(&below.path, &self.nodes);
            if holder.is_some_and(|holder| self.nodes[holder].phase.is_live()) {
                return Err(Refusal::Fenced);
            }
        }
        self.has_room(sup)
    }

    fn has_room(&self, sup: Ix) -> Result<(), Refusal> {
        let state = self.nodes.sup(sup);
        let limit = match state.policy.pool {
            Pool::Limited(limit) => Some(limit),
            Pool::Unlimited => None,
            Pool::Off if state.policy.add == AddPolicy::No => {
                return Err(Refusal::AddingNotAllowed);
            }
            Pool::Off => state.policy.max_children,
        };
        match limit {
            Some(limit) if state.count >= limit => Err(Refusal::LimitReached(limit)),
            _ => Ok(()),
        }
    }

    fn resolve_siblings(&self, sup: Ix, planned: &Planned) -> Result<Vec<Ix>, Refusal> {
        let parent = &self.nodes[sup].path;
        let mut after = Vec::with_capacity(planned.after.len());
        for name in &planned.after {
            let path = path::join(parent, &name.value);
            let found = self.index.find(&path, &self.nodes);
            match found.filter(|&ix| self.nodes[ix].flags.linked) {
                Some(ix) => after.push(ix),
                None => {
                    return Err(Refusal::Invalid(
                        crate::spec::error::SpecProblem::UnknownSibling {
                            child: planned.nodes[0].path.to_string(),
                            after: name.to_string(),
                            did_you_mean: None,
                        },
                    ));
                }
            }
        }
        Ok(after)
    }

    /// The node at a path, where the root is the empty one.
    pub(crate) fn lookup(&self, path: &str) -> Option<NodeId> {
        let ix = self.index.find(path, &self.nodes)?;
        let known = self.nodes[ix].phase != Phase::Down(Down::Removed);
        known.then(|| self.nodes.id(ix))
    }
}

impl Command {
    const fn is_add(&self) -> bool {
        matches!(self, Self::Add(..))
    }
}

impl Planned {
    /// Whether its start has no bound, as in [`Machine::may_be_held_up`].
    fn may_be_held_up(&self) -> bool {
        self.nodes.iter().any(|node| match &node.body {
            PlannedBody::Supervisor(policy) => {
                policy.first_start == FirstStart::Retry
                    || policy.while_starting != WhileStarting::Wait
            }
            PlannedBody::Declared | PlannedBody::Worker(_) => false,
        })
    }
}

impl PlannedBody {
    /// The code of a worker.
    pub(crate) fn into_launch(self) -> Option<crate::task::launch::Launch> {
        match self {
            Self::Worker(launch) => Some(launch),
            Self::Declared | Self::Supervisor(_) => None,
        }
    }
}

//! Another configuration for a tree that runs: policies are exchanged where they stand, and what
//! has to stop or to start does so in order, in a walk of its supervisor like any other.
//!
//! Policies of children, and new code, take effect with the command itself. What changes the list
//! of a supervisor waits for its turn there; a supervisor that is down, or comes down, is changed
//! before it starts again. A restart of a child for its new code, and of those that are after it, is
//! the restart of a group: it stops in reverse, starts in order (I3), and is not counted (I4).
//!
//! A reload comes to its end, however a tree hangs. It waits for stops, which are bounded (I8), and
//! for no start that it has not asked for: a walk that starts, and waits for a child, gives way to a
//! change, and goes on when that is through. Of what the reload itself starts, a worker has the time
//! of its `ready_within`; a supervisor below is not waited for any longer than that, and goes on
//! starting. The next reload waits for none of these starts: they go on, as part of it.

use std::collections::HashSet;
use std::sync::Arc;

use super::Machine;
use super::answer::{Answer, Refusal};
use super::input::{Command, Token};
use super::node::{Cause, Down, FirstStartState, Ix, Mail, NodeId, Phase, Retry, Wish};
use super::time::Nanos;
use super::walk::{Op, Scope, Then};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;
use crate::id::types::ChildId;
use crate::spec::plan::{ChildPolicy, Planned, PlannedBody, SupervisorPolicy};
use crate::task::launch::Launch;
use crate::task::start_reason::StartReason;

/// What is different in a new configuration; what is not named stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Reload {
    pub(crate) parts: Vec<Part>,
}

/// What is different in one supervisor.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) supervisor: Arc<str>,
    pub(crate) policy: Option<SupervisorPolicy>,
    /// New policies of its children.
    pub(crate) tuned: Vec<(Arc<str>, Arc<ChildPolicy>)>,
    /// Children that have other code from now on.
    pub(crate) recoded: Vec<(Arc<str>, Launch)>,
    /// Children that are after one that starts anew, and do so, too, if they run.
    pub(crate) dependents: Vec<Arc<str>>,
    pub(crate) list: Option<List>,
}

impl Part {
    /// Whether it changes policies of children and nothing else, which needs no turn.
    fn is_numbers(&self) -> bool {
        let changes = self.policy.is_some() || self.list.is_some();
        !changes && self.recoded.is_empty() && self.dependents.is_empty()
    }
}

/// Another list of declared children.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) removed: Vec<Arc<str>>,
    pub(crate) added: Vec<Planned>,
    /// All of them, in order, with those that each is after.
    pub(crate) order: Vec<(Arc<str>, Vec<ChildId>)>,
}

/// How far a supervisor is with its part of a reload.
#[derive(Debug)]
pub(super) enum Change {
    /// Its turn has not come.
    Waiting(Part),
    /// Children stop for it.
    Stopping(Stops),
    /// The list has been exchanged, and children start.
    Starting,
}

/// Children of a supervisor stop for its part of a reload.
#[derive(Debug)]
pub(super) struct Stops {
    part: Part,
    /// Those that leave, whatever else is wanted of them meanwhile.
    leaving: Vec<NodeId>,
    /// The child whose start has given way: who stands behind it waits for it, as before.
    starting: Option<NodeId>,
}

/// The reload that is being carried out.
#[derive(Debug)]
pub(super) struct Open {
    token: Token,
    /// Supervisors that have a part in it.
    concerned: Vec<NodeId>,
    /// How many of them have not carried it out.
    parts: usize,
}

/// A reload that has been taken and waits for the one before: it is the difference to that.
#[derive(Debug)]
pub(super) struct Queued {
    token: Token,
    reload: Reload,
    correlation: u64,
}

impl Machine {
    /// Takes a new configuration; all of it, or nothing.
    pub(super) fn reload(&mut self, token: Token, reload: Reload) {
        if let Err(refusal) = self.may_reload(&reload) {
            self.discard_reload(reload);
            return self.answer(token, Err(refusal));
        }
        self.let_starts_go();
        if self.reloading.is_none() {
            return self.begin_reload(token, reload);
        }
        for part in &reload.parts {
            self.tune(part);
            self.note_leaving(part);
        }
        let correlation = self.context;
        self.queued.push_back(Queued {
            token,
            reload,
            correlation,
        });
    }

    fn begin_reload(&mut self, token: Token, reload: Reload) {
        self.reloading = Some(Open {
            token,
            concerned: Vec::with_capacity(reload.parts.len()),
            // One more, so that it is not over before all have been told.
            parts: reload.parts.len() + 1,
        });
        for part in reload.parts {
            self.tune(&part);
            let concerned = self.supervisor_of(&part);
            let Some(sup) = concerned.filter(|_| !part.is_numbers()) else {
                self.discard_part(part);
                self.part_is_done();
                continue;
            };
            let id = self.nodes.id(sup);
            if let Some(open) = &mut self.reloading {
                open.concerned.push(id);
            }
            let down = matches!(self.nodes.sup(sup).op, Op::Down);
            if !self.comes_down(sup) {
                self.note_leaving(&part);
                self.mail(sup, Mail::Change);
            }
            self.nodes.sup_mut(sup).change = Some(Box::new(Change::Waiting(part)));
            if down {
                self.change_while_down(sup);
            }
        }
        self.count_part();
    }

    /// The next one waits for stops only: starts that are under way go on by themselves.
    fn let_starts_go(&mut self) {
        let open = self.reloading.as_ref();
        let concerned = open.map_or_else(Vec::new, |open| open.concerned.clone());
        for id in concerned {
            let state = self.nodes.find(id).and_then(|sup| self.nodes[sup].sup());
            let change = state.and_then(|state| state.change.as_deref());
            if matches!(change, Some(Change::Starting)) {
                self.nodes.sup_mut(id.ix).change = None;
                self.part_is_done();
            }
        }
    }

    /// Whether a configuration that has been taken declares this child.
    pub(super) fn is_reserved(&self, path: &str) -> bool {
        let declares = |part: &Part| {
            let added = part.list.iter().flat_map(|list| &list.added);
            added
                .map(|planned| &planned.nodes[0].path)
                .any(|added| **added == *path)
        };
        let open = self.reloading.as_ref();
        let concerned = open.map_or(&[][..], |open| &open.concerned);
        let parts = concerned.iter().filter_map(|id| {
            let sup = self.nodes[self.nodes.find(*id)?].sup()?;
            match sup.change.as_deref()? {
                Change::Waiting(part) | Change::Stopping(Stops { part, .. }) => Some(part),
                Change::Starting => None,
            }
        });
        let queued = self.queued.iter().flat_map(|queued| &queued.reload.parts);
        parts.chain(queued).any(declares)
    }

    /// No walk starts those that are to be taken out.
    fn note_leaving(&mut self, part: &Part) {
        for path in part.list.iter().flat_map(|list| &list.removed) {
            if let Some(ix) = self.declared(path) {
                self.nodes[ix].flags.leaving = true;
            }
        }
    }

    fn may_reload(&self, reload: &Reload) -> Result<(), Refusal> {
        if self.is_closing() {
            return Err(Refusal::ShuttingDown);
        }
        for part in &reload.parts {
            let Some(sup) = self.supervisor_of(part) else {
                return Err(Refusal::Taken(Arc::clone(&part.supervisor)));
            };
            let Some(list) = &part.list else { continue };
            // Those whose turn comes first count as there already.
            let coming: HashSet<&str> = self
                .nodes
                .sup(sup)
                .mails()
                .filter_map(|mail| match mail {
                    Mail::Command(_, Command::Add(_, planned, _)) => Some(&*planned.nodes[0].path),
                    _ => None,
                })
                .collect();
            for planned in &list.added {
                let path = &planned.nodes[0].path;
                let holder = self.index.find(path, &self.nodes);
                // A name that an operator has given away belongs to whoever has it now.
                let taken = holder.is_some_and(|holder| {
                    let node = &self.nodes[holder];
                    node.flags.linked && !node.flags.is_static
                });
                if taken || coming.contains(&**path) {
                    return Err(Refusal::Taken(Arc::clone(path)));
                }
            }
        }
        Ok(())
    }

    fn supervisor_of(&self, part: &Part) -> Option<Ix> {
        let sup = self.declared(&part.supervisor)?;
        self.nodes[sup].sup().is_some().then_some(sup)
    }

    /// It is the turn of a change.
    pub(super) fn begin_change(&mut self, sup: Ix) {
        if let Some(part) = self.next_part(sup) {
            self.release_group(sup);
            self.stop_for_change(sup, part, None);
        }
    }

    /// A walk that starts children waits for one of them: a change does not. Whoever has not been
    /// started yet is when the change is through, or with it; false where there is none.
    pub(super) fn gives_way(&mut self, sup: Ix, ix: Ix, scope: Scope, cause: Cause) -> bool {
        let Some(part) = self.next_part(sup) else {
            return false;
        };
        self.leave_walk(sup);
        let mut rest = Vec::new();
        let is_first = cause == Cause::First && scope == Scope::All;
        match cause {
            Cause::First if is_first => {
                self.nodes.sup_mut(sup).first_start = FirstStartState::Held;
            }
            Cause::Group => self.mail(sup, Mail::Rest(scope)),
            Cause::Reload => {
                self.nodes[ix].flags.marked = false;
                rest = self.marked(sup);
                rest.retain(|&ix| self.nodes[ix].wish != Wish::Stay);
            }
            Cause::Add | Cause::Alone | Cause::First | Cause::Resume => {}
        }
        self.release_group(sup);
        for ix in rest {
            self.nodes[ix].flags.marked = true;
        }
        let starting = (!is_first).then(|| self.nodes.id(ix));
        self.stop_for_change(sup, part, starting);
        true
    }

    /// First, what has to stop does, in the order that it has had.
    fn stop_for_change(&mut self, sup: Ix, mut part: Part, starting: Option<NodeId>) {
        let recoded = self.recode(&mut part);
        self.mark_restarts(sup, &recoded, &part.dependents);
        let leaving = self.take_out(sup, &mut part);
        let stops = Stops {
            part,
            leaving,
            starting,
        };
        self.nodes.sup_mut(sup).change = Some(Box::new(Change::Stopping(stops)));
        let marked = self.marked(sup);
        let runs = |ix: &&Ix| !self.nodes[**ix].phase.is_down();
        let Some(&culprit) = marked.iter().find(runs) else {
            return self.change_stopped(sup);
        };
        self.emit(sup, EventKind::GroupStopping);
        let due = Nanos::default();
        let stopping = Op::Stopping {
            next: self.nodes.sup(sup).last,
            scope: Scope::Marked,
            manner: self.manner(sup),
            then: Then::Start { culprit, due },
        };
        self.begin_operation(sup, stopping);
        self.schedule(sup);
    }

    /// The part whose turn it is; from here on the supervisor is changing, and not over when the
    /// last of its children goes.
    fn next_part(&mut self, sup: Ix) -> Option<Part> {
        let change = self.nodes.sup_mut(sup).change.as_deref_mut()?;
        match std::mem::replace(change, Change::Starting) {
            Change::Waiting(part) => Some(part),
            step => {
                *change = step;
                None
            }
        }
    }

    /// Whatever had to stop for a change has: the list is exchanged, and what has to start does.
    pub(super) fn change_stopped(&mut self, sup: Ix) {
        let change = self.nodes.sup_mut(sup).change.as_deref_mut();
        let step = change.map(|change| std::mem::replace(change, Change::Starting));
        let mut starting = None;
        if let Some(Change::Stopping(stops)) = step {
            for id in stops.leaving {
                if let Some(ix) = self.nodes.find(id) {
                    self.is_to_leave(ix);
                }
            }
            self.restructure(sup, stops.part);
            starting = stops.starting;
        }
        let marked = self.marked(sup);
        let Some(last) = marked.last().map(|&last| self.nodes[last].order) else {
            return self.change_is_over(sup);
        };
        if let Some(ix) = starting.and_then(|id| self.nodes.find(id)) {
            let node = &mut self.nodes[ix];
            let starts = matches!(node.phase, Phase::Starting(_)) && node.flags.linked;
            node.flags.marked |= starts && node.order < last;
        }
        self.emit(sup, EventKind::GroupStarting);
        let (next, scope) = (self.nodes.sup(sup).first, Scope::Marked);
        let cause = Cause::Reload;
        self.begin_operation(sup, Op::Starting { next, scope, cause });
        self.schedule(sup);
        if !self.queued.is_empty() {
            self.let_starts_go();
        }
    }

    /// A walk of a reload waits for a supervisor below: not for ever, whatever happens there.
    pub(super) fn bound_wait(&mut self, ix: Ix) {
        let node = &self.nodes[ix];
        let timed = self.deadlines.of(node) != Nanos::NEVER;
        if node.sup().is_some() && !timed && !self.comes_down(ix) {
            let within = node.policy.ready_within;
            self.set_deadline(ix, self.now.after(within));
        }
    }

    /// A supervisor has not come up in time: the walk of a reload that waits for it goes on.
    pub(super) fn waited_long(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent.some();
        let op = sup.map(|sup| &self.nodes.sup(sup).op);
        if let Some(Op::Starting { cause, .. }) = op {
            if *cause == Cause::Reload {
                self.pass_start(ix);
            }
        }
    }

    /// Whether children of the supervisor stop and start for a reload.
    pub(super) fn is_changing(&self, sup: Ix) -> bool {
        let change = self.nodes.sup(sup).change.as_deref();
        matches!(change, Some(Change::Stopping(..) | Change::Starting))
    }

    /// The supervisor has carried out its part.
    pub(super) fn change_is_over(&mut self, sup: Ix) {
        self.nodes.sup_mut(sup).change = None;
        for ix in self.marked(sup) {
            self.nodes[ix].flags.marked = false;
        }
        if !self.comes_down(sup) {
            if self.nodes.sup(sup).first_start == FirstStartState::Held {
                // Whoever held it up may have been taken out.
                self.mail(sup, Mail::FirstStart);
            }
            self.check_ready(sup);
            self.check_all_ended(sup);
        }
        self.part_is_done();
    }

    /// The supervisor is down: whatever waited for its turn has no other.
    pub(super) fn change_while_down(&mut self, sup: Ix) {
        let Some(change) = self.nodes.sup_mut(sup).change.take() else {
            return;
        };
        match *change {
            Change::Waiting(mut part) => {
                self.recode(&mut part);
                self.take_out(sup, &mut part);
                self.restructure(sup, part);
            }
            Change::Stopping(stops) => self.restructure(sup, stops.part),
            Change::Starting => {}
        }
        self.change_is_over(sup);
    }

    fn part_is_done(&mut self) {
        self.count_part();
        while self.reloading.is_none() {
            let Some(queued) = self.queued.pop_front() else {
                return;
            };
            let context = std::mem::replace(&mut self.context, queued.correlation);
            self.begin_reload(queued.token, queued.reload);
            self.context = context;
        }
    }

    /// One part less; with the last the reload is over.
    fn count_part(&mut self) {
        let Some(open) = &mut self.reloading else {
            return;
        };
        open.parts -= 1;
        if open.parts > 0 {
            return;
        }
        let token = open.token;
        self.reloading = None;
        self.emit(Ix::ROOT, EventKind::Reloaded);
        self.answer(token, Ok(Answer::Reloaded));
    }

    /// Exchanges the policy of a supervisor and its list; what is new is marked.
    fn restructure(&mut self, sup: Ix, part: Part) {
        self.tune(&part);
        if let Some(policy) = part.policy {
            self.exchange_policy(sup, policy);
        }
        if let Some(list) = part.list {
            self.exchange_list(sup, list);
        }
    }

    /// Marks the children that start with other code, and those after them that run.
    fn mark_restarts(&mut self, sup: Ix, recoded: &[Ix], dependents: &[Arc<str>]) {
        // Before its turn in the first start, none starts.
        let begun = self.nodes.sup(sup).first_start == FirstStartState::Done;
        for &ix in recoded {
            let waits = !begun && self.nodes[ix].phase == Phase::Down(Down::Fresh);
            if self.nodes[ix].flags.linked && !waits {
                self.mark_restart(ix);
            }
        }
        for path in dependents {
            if let Some(ix) = self.declared(path) {
                if !self.nodes[ix].phase.is_down() {
                    self.mark_restart(ix);
                }
            }
        }
    }

    fn mark_restart(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        if node.operation == Operation::Active && node.wish != Wish::Remove {
            node.flags.marked = true;
            node.next_reason = Some(StartReason::Command);
        }
    }

    /// A group that waits to be started again does not wait any more: its order, or its strategy,
    /// may be another one. Those that are down with it start with the change, the child that it
    /// waits for when its own delay is over.
    fn release_group(&mut self, sup: Ix) {
        let state = self.nodes.sup_mut(sup);
        let rest = state.inbox.len();
        state
            .inbox
            .retain(|letter| !matches!(letter.mail, Mail::Rest(_)));
        let (mut waits, mut next) = (rest != state.inbox.len(), state.first);
        let mut down = Vec::new();
        while let Some(ix) = next.some() {
            self.nodes[ix].flags.marked = false;
            match self.nodes[ix].phase {
                Phase::Backoff(Retry::Group) => {
                    let deadline = self.deadlines.of(&self.nodes[ix]);
                    self.set_phase(ix, Phase::Backoff(Retry::Alone));
                    self.set_deadline(ix, deadline);
                    waits = true;
                }
                Phase::Failed(Retry::Group) => {
                    self.set_phase(ix, Phase::Failed(Retry::Alone));
                    waits = true;
                }
                Phase::Down(Down::Group) => {
                    let node = &self.nodes[ix];
                    let starts = node.operation == Operation::Active && node.wish != Wish::Stay;
                    down.extend(starts.then_some(ix));
                }
                _ => {}
            }
            let node = &mut self.nodes[ix];
            if node.is_passed_by() {
                // It was to stay down in this group only (R20).
                node.wish = Wish::None;
            }
            next = node.next;
        }
        if waits {
            for ix in down {
                self.nodes[ix].flags.marked = true;
            }
        }
    }

    pub(super) fn discard_reload(&mut self, reload: Reload) {
        for part in reload.parts {
            self.discard_part(part);
        }
    }

    fn discard_part(&mut self, part: Part) {
        let launches = part.recoded.into_iter();
        let bodies = launches.map(|(_, launch)| PlannedBody::Worker(launch));
        self.trash.bodies.extend(bodies);
        for planned in part.list.map(|list| list.added).unwrap_or_default() {
            self.discard(planned);
        }
    }
}

//! Another configuration for a tree that runs: policies are exchanged where they stand, and what
//! has to stop or to start does so in order, in a walk of its supervisor like any other.
//!
//! Policies of children, and new code, take effect with the command itself. What changes the list
//! of a supervisor waits for its turn there; a supervisor that is down, or comes down, is changed
//! before it starts again. A restart of a child for its new code, and of those that are after it, is
//! the restart of a group: it stops in reverse, starts in order (I3), and is not counted (I4).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Machine;
use super::answer::{Admission, Answer, Refusal};
use super::input::{Action, Command, Token};
#[cfg(all(feature = "config", any(test, feature = "__world")))]
use super::node::Body;
use super::node::{Cause, Down, Ending, FirstStartState, Ix, Mail, NodeId, Phase, Retry, Wish};
use super::time::Nanos;
use super::walk::{Op, Scope, Then};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;
use crate::id::types::ChildId;
#[cfg(all(feature = "config", any(test, feature = "__world")))]
use crate::spec::outline::{Outline, OutlinedBody, OutlinedNode};
use crate::spec::plan::{ChildPolicy, Planned, PlannedBody, StopPolicy, SupervisorPolicy};
use crate::spec::policy::{Readiness, Shutdown, Strategy};
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
    /// Children stop for it. Those that are leaving do, whatever else is wanted of them meanwhile.
    Stopping(Part, Vec<NodeId>),
    /// The list has been exchanged, and children start.
    Starting,
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
        if self.reloading.is_none() {
            return self.begin_reload(token, reload);
        }
        self.end_starts_of_reload();
        for part in &reload.parts {
            self.tune(part);
            if let Some(sup) = self.supervisor_of(part) {
                self.end_starts(sup, part);
            }
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
            let Some(sup) = self.supervisor_of(&part) else {
                self.discard_part(part);
                self.part_is_done();
                continue;
            };
            let id = self.nodes.id(sup);
            if let Some(open) = &mut self.reloading {
                open.concerned.push(id);
            }
            let down = matches!(self.nodes.sup(sup).op, Op::Down);
            if !down && !self.comes_down(sup) {
                self.end_starts(sup, &part);
                self.mail(sup, Mail::Change);
            }
            self.nodes.sup_mut(sup).change = Some(Box::new(Change::Waiting(part)));
            if down {
                self.change_while_down(sup);
            }
        }
        self.part_is_done();
    }

    /// The next one waits: what holds up this one, and may do so for ever, is begun anew after it.
    fn end_starts_of_reload(&mut self) {
        let open = self.reloading.as_ref();
        let concerned = open.map_or_else(Vec::new, |open| open.concerned.clone());
        for sup in concerned
            .into_iter()
            .filter_map(|id| self.nodes.find(id))
            .collect::<Vec<_>>()
        {
            let Some(state) = self.nodes[sup].sup().filter(|state| state.change.is_some()) else {
                continue;
            };
            let Op::Starting { next, .. } = state.op else {
                continue;
            };
            let starting = next.some();
            let starting =
                starting.filter(|&ix| matches!(self.nodes[ix].phase, Phase::Starting(_)));
            if let Some(ix) = starting {
                self.nodes[ix].wish = Wish::Start(Cause::Alone);
                self.take_down(sup, ix);
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
                Change::Waiting(part) | Change::Stopping(part, _) => Some(part),
                Change::Starting => None,
            }
        });
        let queued = self.queued.iter().flat_map(|queued| &queued.reload.parts);
        parts.chain(queued).any(declares)
    }

    /// Policies take effect at once, where the child is there already.
    fn tune(&mut self, part: &Part) {
        for (path, policy) in &part.tuned {
            if let Some(ix) = self.declared(path) {
                if self.nodes[ix].policy != *policy {
                    self.retune(ix, Arc::clone(policy));
                }
            }
        }
    }

    /// A start that holds up the turn of the change, and that the change is about, ends at once, as
    /// by a command (it may never come to an end by itself).
    fn end_starts(&mut self, sup: Ix, part: &Part) {
        let removed = part.list.iter().flat_map(|list| &list.removed);
        let recoded = part.recoded.iter().map(|(path, _)| path);
        for path in removed.chain(recoded) {
            let Some(ix) = self.declared(path) else {
                continue;
            };
            let node = &mut self.nodes[ix];
            if matches!(node.phase, Phase::Starting(_)) {
                node.wish = Wish::Stay;
                self.take_down(sup, ix);
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

    /// The declared child at a path, also where an operator has removed it for now.
    pub(super) fn declared(&self, path: &str) -> Option<Ix> {
        let found = self.index.find(path, &self.nodes);
        if let Some(ix) = found.filter(|&ix| self.nodes[ix].flags.is_static || ix == Ix::ROOT) {
            return Some(ix);
        }
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        if path.is_empty() {
            return None;
        }
        let sup = self.declared(above)?;
        let mut statics = self.nodes[sup].sup()?.statics.iter().copied();
        statics.find(|&ix| *self.nodes[ix].path == *path)
    }

    /// Exchanges the policy of a child; what runs is not touched.
    fn retune(&mut self, ix: Ix, policy: Arc<ChildPolicy>) {
        let node = &mut self.nodes[ix];
        let before = std::mem::replace(&mut node.policy, policy);
        let (after, parent, phase) = (Arc::clone(&node.policy), node.parent, node.phase);
        self.tell_retuned(ix);
        if before.significant != after.significant && !phase.is_down() && parent != Ix::NONE {
            let state = self.nodes.sup_mut(parent);
            if after.significant {
                state.busy_significant += 1;
            } else {
                state.busy_significant -= 1;
            }
        }
        if before.critical != after.critical && parent != Ix::NONE {
            self.becomes_critical_or_not(parent, ix);
        }
        if self.nodes[ix].sup().is_some() {
            return;
        }
        match phase {
            // It is not told that it need not say any more that it is ready.
            Phase::Starting(_) if after.readiness == Readiness::Immediate => {
                self.start_completed(ix);
            }
            Phase::Starting(_) | Phase::Running => {
                self.deadlines.clear(&mut self.nodes, ix);
                self.set_limits(ix);
            }
            // A stop that had no bound has one from now on (I8).
            Phase::Stopping(_) if self.deadlines.of(&self.nodes[ix]) == Nanos::NEVER => {
                if let StopPolicy::Shutdown(Shutdown::Within(budget)) = after.stop {
                    self.set_deadline(ix, self.now.after(budget));
                }
            }
            _ => {}
        }
    }

    /// One that an operator has removed for now is not there to be told of.
    fn tell_retuned(&mut self, ix: Ix) {
        if ix == Ix::ROOT || self.nodes[ix].flags.linked {
            self.emit(ix, EventKind::Retuned);
        }
    }

    fn becomes_critical_or_not(&mut self, sup: Ix, ix: Ix) {
        let node = &self.nodes[ix];
        if node.flags.ready || !node.flags.linked {
            return;
        }
        let settled = u32::from(node.is_settled(node.phase));
        let critical = node.policy.critical;
        let state = self.nodes.sup_mut(sup);
        if critical {
            state.unready += 1;
            state.unready_settled += settled;
            self.spread_unready(sup);
        } else {
            state.unready -= 1;
            state.unready_settled -= settled;
            self.check_ready(sup);
        }
        self.schedule(sup);
    }

    /// Keeps other code for the next start of children; answers who they are.
    fn recode(&mut self, part: &mut Part) -> Vec<Ix> {
        let mut recoded = Vec::with_capacity(part.recoded.len());
        for (path, launch) in std::mem::take(&mut part.recoded) {
            let body = PlannedBody::Worker(launch);
            let Some(ix) = self.declared(&path) else {
                self.trash.bodies.push(body);
                continue;
            };
            self.nodes[ix].flags.recoded = true;
            let former = self.recoded.insert(ix, body);
            self.trash.bodies.extend(former);
            recoded.push(ix);
        }
        recoded
    }

    /// The child starts with other code than it had; the task that has the former ends.
    pub(super) fn take_new_code(&mut self, ix: Ix) {
        self.nodes[ix].flags.recoded = false;
        if let Some(body) = self.recoded.remove(&ix) {
            self.actions
                .push_back(Action::Admit(ix, Box::new(Admission { body })));
        }
    }

    /// The code that was kept for a child that has left.
    pub(super) fn drop_new_code(&mut self, ix: Ix) {
        if std::mem::take(&mut self.nodes[ix].flags.recoded) {
            self.trash.bodies.extend(self.recoded.remove(&ix));
        }
    }

    /// It is the turn of a change: first, what has to stop does, in the order that it has had.
    pub(super) fn begin_change(&mut self, sup: Ix) {
        let Some(mut part) = self.next_part(sup) else {
            return;
        };
        self.release_group(sup);
        let recoded = self.recode(&mut part);
        self.mark_restarts(&recoded, &part.dependents);
        let leaving = self.take_out(sup, &mut part);
        self.nodes.sup_mut(sup).change = Some(Box::new(Change::Stopping(part, leaving)));
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
        if let Some(Change::Stopping(part, leaving)) = step {
            for id in leaving {
                if let Some(ix) = self.nodes.find(id) {
                    self.is_to_leave(ix);
                }
            }
            self.restructure(sup, part);
        }
        if self.marked(sup).is_empty() {
            return self.change_is_over(sup);
        }
        self.emit(sup, EventKind::GroupStarting);
        let (next, scope) = (self.nodes.sup(sup).first, Scope::Marked);
        let cause = Cause::Reload;
        self.begin_operation(sup, Op::Starting { next, scope, cause });
        self.schedule(sup);
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
            Change::Stopping(part, _) => self.restructure(sup, part),
            Change::Starting => {}
        }
        self.change_is_over(sup);
    }

    fn part_is_done(&mut self) {
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
        if let Some(queued) = self.queued.pop_front() {
            let context = std::mem::replace(&mut self.context, queued.correlation);
            self.begin_reload(queued.token, queued.reload);
            self.context = context;
        }
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

    fn exchange_policy(&mut self, sup: Ix, policy: SupervisorPolicy) {
        self.nodes.sup_mut(sup).policy = policy;
        self.tell_retuned(sup);
        let in_order = self.is_serial(sup);
        let (mut settled, mut next) = (0, self.nodes.sup(sup).first);
        while let Some(ix) = next.some() {
            let node = &mut self.nodes[ix];
            node.flags.in_order = in_order;
            let missing = node.policy.critical && !node.flags.ready;
            settled += u32::from(missing && node.is_settled(node.phase));
            next = node.next;
        }
        self.nodes.sup_mut(sup).unready_settled = settled;
        let statics = self.nodes.sup(sup).statics.clone();
        for ix in statics {
            self.nodes[ix].flags.in_order = in_order;
        }
    }

    fn exchange_list(&mut self, sup: Ix, list: List) {
        let List { added, order, .. } = list;
        for planned in added {
            self.put_in(sup, planned);
        }
        let places: HashMap<Arc<str>, Ix> = {
            let statics = self.nodes.sup(sup).statics.iter();
            statics
                .map(|&ix| (Arc::clone(&self.nodes[ix].path), ix))
                .collect()
        };
        let statics: Vec<Ix> = order
            .iter()
            .filter_map(|(path, _)| places.get(path).copied())
            .collect();
        for (path, after) in &order {
            if let Some(&ix) = places.get(path) {
                self.relink(sup, ix, after, &places);
            }
        }
        self.reorder(sup, &statics);
        let linked = |&ix: &Ix| self.nodes[ix].flags.linked;
        let incomplete = !statics.iter().all(linked);
        let state = self.nodes.sup_mut(sup);
        state.statics = statics;
        state.incomplete = incomplete;
    }

    /// Children are not declared any more: those that run are marked, and answered; the others go at
    /// once.
    fn take_out(&mut self, sup: Ix, part: &mut Part) -> Vec<NodeId> {
        let list = part.list.as_mut();
        let removed = list.map_or_else(Vec::new, |list| std::mem::take(&mut list.removed));
        let mut leaving = Vec::new();
        for path in removed {
            let Some(ix) = self.declared(&path) else {
                continue;
            };
            self.nodes[ix].flags.is_static = false;
            self.nodes.sup_mut(sup).statics.retain(|&other| other != ix);
            if !self.nodes[ix].flags.linked {
                self.unlink_dependencies(ix);
                self.dispose(ix);
                continue;
            }
            leaving.push(self.nodes.id(ix));
            self.is_to_leave(ix);
        }
        leaving
    }

    fn is_to_leave(&mut self, ix: Ix) {
        match self.nodes[ix].phase {
            Phase::Down(Down::Removed) => {}
            Phase::Down(_) => self.forget(ix),
            Phase::Stuck(_) => {
                // Whatever it was to end for before, nobody waits for that.
                self.set_phase(ix, Phase::Stuck(Ending::Asked));
                self.nodes[ix].wish = Wish::Remove;
            }
            _ => {
                self.nodes[ix].wish = Wish::Remove;
                self.nodes[ix].flags.marked = true;
            }
        }
    }

    /// Another child is declared.
    fn put_in(&mut self, sup: Ix, planned: Planned) {
        let mut places: Vec<Ix> = Vec::with_capacity(planned.nodes.len());
        for node in planned.nodes {
            let parent = node.parent.map_or(sup, |place| places[place]);
            let ix = self.insert(parent, node.path, node.policy, &node.body, true);
            self.take_path(ix);
            let inner = node.after.iter().map(|&place| places[place]).collect();
            self.link_dependencies(ix, inner);
            places.push(ix);
            let body = node.body;
            self.actions
                .push_back(Action::Admit(ix, Box::new(Admission { body })));
        }
        for &ix in &places {
            self.emit(ix, EventKind::Added);
            self.apply_intent(ix);
        }
        let ix = places[0];
        if self.nodes[ix].policy.critical {
            self.spread_unready(sup);
        }
        let node = &mut self.nodes[ix];
        node.next_reason = Some(StartReason::Added);
        node.flags.marked = node.operation == Operation::Active;
    }

    /// Enters the path of a new child; one that a stuck child holds is handed over when that has
    /// gone.
    fn take_path(&mut self, ix: Ix) {
        let path = Arc::clone(&self.nodes[ix].path);
        match self.index.find(&path, &self.nodes) {
            None => self.index.insert(ix, &self.nodes),
            Some(holder) if self.nodes[holder].phase == Phase::Down(Down::Removed) => {
                self.index.remove(holder, &self.nodes);
                self.index.insert(ix, &self.nodes);
            }
            Some(_) => self.orphan_holder(ix),
        }
    }

    /// With the one that stood at its path, whatever is below a supervisor was told to have gone.
    pub(super) fn tell_below(&mut self, sup: Ix) {
        let statics = self.nodes[sup].sup().map(|sup| sup.statics.clone());
        for ix in statics.unwrap_or_default() {
            let known = self.index.find(&self.nodes[ix].path, &self.nodes) == Some(ix);
            if known && self.nodes[ix].flags.linked {
                self.emit(ix, EventKind::Added);
                self.tell_below(ix);
            }
        }
    }

    /// Exchanges the siblings that a child is after.
    fn relink(&mut self, sup: Ix, ix: Ix, after: &[ChildId], places: &HashMap<Arc<str>, Ix>) {
        let above = Arc::clone(&self.nodes[sup].path);
        let path = |name: &ChildId| crate::spec::plan::join(&above, &name.value);
        let wanted: Vec<Ix> = after
            .iter()
            .filter_map(|name| places.get(&path(name)).copied())
            .collect();
        let links = self.nodes[ix].links.as_ref();
        let before = links.map_or_else(Vec::new, |links| links.after.clone());
        if before == wanted {
            return;
        }
        for on in before {
            if let Some(links) = &mut self.nodes[on].links {
                links.before.retain(|&dependent| dependent != ix);
            }
        }
        if let Some(links) = &mut self.nodes[ix].links {
            links.after.clear();
        }
        self.link_dependencies(ix, wanted);
        if matches!(self.nodes[ix].phase, Phase::Waiting(_)) {
            self.mail(sup, Mail::Start(self.nodes.id(ix)));
        }
    }

    /// Puts the declared children into their order; those that were added at run time stand at the
    /// end.
    fn reorder(&mut self, sup: Ix, statics: &[Ix]) {
        let mut present = Vec::with_capacity(self.nodes.sup(sup).count);
        let mut next = self.nodes.sup(sup).first;
        while let Some(ix) = next.some() {
            present.push(ix);
            next = self.nodes[ix].next;
        }
        let mut wanted: Vec<Ix> = statics.to_vec();
        wanted.retain(|&ix| self.nodes[ix].flags.linked);
        let added = present
            .iter()
            .filter(|&&ix| !self.nodes[ix].flags.is_static);
        wanted.extend(added);
        if wanted == present {
            return;
        }
        for &ix in &present {
            self.nodes.unlink(ix);
        }
        for ix in wanted {
            self.nodes.link(ix);
        }
    }

    /// Marks the children that start with other code, and those after them that run.
    fn mark_restarts(&mut self, recoded: &[Ix], dependents: &[Arc<str>]) {
        for &ix in recoded {
            if self.nodes[ix].flags.linked {
                self.mark_restart(ix);
            }
        }
        for path in dependents {
            if let Some(ix) = self.declared(path) {
                if self.nodes[ix].flags.linked && !self.nodes[ix].phase.is_down() {
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

    fn marked(&self, sup: Ix) -> Vec<Ix> {
        let mut marked = Vec::new();
        let mut next = self.nodes.sup(sup).first;
        while let Some(ix) = next.some() {
            if self.nodes[ix].flags.marked {
                marked.push(ix);
            }
            next = self.nodes[ix].next;
        }
        marked
    }

    /// A group that waits to be started again does not wait any more: its order, or its strategy,
    /// may be another one. Those that are down with it start with the change, the child that it
    /// waits for when its own delay is over.
    fn release_group(&mut self, sup: Ix) {
        let delayed = self.nodes.sup(sup).policy.strategy != Strategy::OneForOne;
        let state = self.nodes.sup_mut(sup);
        let rest = state.inbox.len();
        state
            .inbox
            .retain(|letter| !matches!(letter.mail, Mail::Rest(_)));
        let rest = rest != state.inbox.len();
        if !delayed && !rest {
            return;
        }
        let (mut waits, mut next) = (rest, state.first);
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
                Phase::Down(Down::Group) => down.push(ix),
                _ => {}
            }
            next = self.nodes[ix].next;
        }
        if waits {
            for ix in down {
                let node = &mut self.nodes[ix];
                node.flags.marked = node.operation == Operation::Active && node.wish != Wish::Stay;
            }
        }
    }

    /// What the tree is declared to be, as the machine has it.
    #[cfg(all(feature = "config", any(test, feature = "__world")))]
    pub(super) fn outline(&self) -> Outline {
        let mut nodes = Vec::new();
        let mut places = HashMap::new();
        self.outline_below(Ix::ROOT, None, &mut nodes, &mut places);
        Outline { nodes }
    }

    #[cfg(all(feature = "config", any(test, feature = "__world")))]
    fn outline_below(
        &self,
        ix: Ix,
        parent: Option<usize>,
        nodes: &mut Vec<OutlinedNode>,
        places: &mut HashMap<Ix, usize>,
    ) {
        let (node, at) = (&self.nodes[ix], nodes.len());
        places.insert(ix, at);
        nodes.push(OutlinedNode {
            parent,
            path: Arc::clone(&node.path),
            policy: Arc::clone(&node.policy),
            after: Vec::new(),
            origin: None,
            body: match &node.body {
                Body::Declared => OutlinedBody::Declared,
                Body::Supervisor(sup) => OutlinedBody::Supervisor(sup.policy.clone()),
                Body::Worker => OutlinedBody::Worker,
            },
        });
        let statics = node.sup().map_or(&[][..], |sup| &sup.statics);
        for &child in statics {
            self.outline_below(child, Some(at), nodes, places);
        }
        for child in statics {
            let links = self.nodes[*child].links.as_ref();
            let after = links.map_or(&[][..], |links| &links.after);
            let after = after.iter().filter_map(|on| places.get(on).copied());
            nodes[places[child]].after = after.collect();
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

//! Exchanging what holds for a child or a supervisor that is there: its policy, at once, and its code,
//! with the next start.

use std::sync::Arc;
use std::time::Duration;

use super::Machine;
use super::history::DEFAULT;
use super::input::Action;
use super::missing::Missing;
use super::node::{Ix, Phase};
use super::reload::Part;
use super::time::Nanos;
use super::walk::Op;
use crate::event::kind::EventKind;
use crate::spec::plan::{ChildPolicy, PlannedBody, SupervisorPolicy};
use crate::spec::policy::Readiness;

impl Machine {
    /// Policies take effect at once, where the child is there already.
    pub(super) fn tune(&mut self, part: &Part) {
        for (path, policy) in &part.tuned {
            if let Some(ix) = self.declared(path) {
                if self.nodes[ix].policy != *policy {
                    self.retune(ix, Arc::clone(policy));
                }
            }
        }
    }

    /// Exchanges the policy of a child; what runs is not touched.
    pub(super) fn retune(&mut self, ix: Ix, policy: Arc<ChildPolicy>) {
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
        if before.stall_after != after.stall_after {
            self.actions.push_back(Action::Watch(ix));
        }
        match phase {
            // It is not told that it need not say any more that it is ready.
            Phase::Starting(_) if after.readiness == Readiness::Immediate => {
                self.start_completed(ix);
            }
            Phase::Starting(_) => {
                self.deadlines.clear(&mut self.nodes, ix);
                self.set_limits(ix);
            }
            Phase::Running => {
                self.deadlines.clear(&mut self.nodes, ix);
                self.begins_to_beat(ix);
            }
            // A stop that had no bound has one from now on (I8).
            Phase::Stopping(ending) if self.deadlines.of(&self.nodes[ix]) == Nanos::NEVER => {
                match after.stop.budget() {
                    Some(Duration::ZERO) => self.abort(ix, ending),
                    Some(budget) => self.set_deadline(ix, self.now.after(budget)),
                    None => {}
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
        let critical = node.policy.critical;
        let phase = node.phase;
        self.misses(
            sup,
            Missing::of(phase, !critical),
            Missing::of(phase, critical),
        );
        if critical {
            self.misses_one_more(sup);
        } else {
            self.check_ready(sup);
        }
        self.schedule(sup);
    }

    /// One that is down is ready, or not, by how it has ended.
    pub(super) fn misses_one_more(&mut self, sup: Ix) {
        if !matches!(self.nodes.sup(sup).op, Op::Down) {
            self.spread_unready(sup);
        }
    }

    pub(super) fn exchange_policy(&mut self, sup: Ix, mut policy: SupervisorPolicy) {
        let closes = self.is_closing();
        let state = self.nodes.sup_mut(sup);
        if closes {
            // Whoever has ended since then, and was not to start any more, has been let go.
            policy.while_starting = state.policy.while_starting;
        }
        state.policy = policy;
        self.tell_retuned(sup);
        self.exchange_history(sup);
    }

    /// How many ends are kept below a supervisor follows from it, where nothing else is written.
    fn exchange_history(&mut self, sup: Ix) {
        let above = self.nodes[sup].parent.some();
        let above = above.map(|above| self.nodes.sup(above).history);
        let state = self.nodes.sup_mut(sup);
        let limit = state.policy.history.or(above).unwrap_or(DEFAULT);
        if std::mem::replace(&mut state.history, limit) == limit {
            return;
        }
        let mut children: Vec<Ix> = self.nodes.sup(sup).statics.clone();
        children.retain(|&ix| !self.nodes[ix].flags.linked);
        let mut next = self.nodes.sup(sup).first;
        while let Some(ix) = next.some() {
            children.push(ix);
            next = self.nodes[ix].next;
        }
        for ix in children {
            self.keep_no_more_ends(ix, limit);
            if self.nodes[ix].sup().is_some() {
                self.exchange_history(ix);
            }
        }
    }

    /// Keeps other code for the next start of children; answers who they are.
    pub(super) fn recode(&mut self, part: &mut Part) -> Vec<Ix> {
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
            self.admit(ix, body);
        }
    }

    /// The code that was kept for a child that has left.
    pub(super) fn drop_new_code(&mut self, ix: Ix) {
        if std::mem::take(&mut self.nodes[ix].flags.recoded) {
            self.trash.bodies.extend(self.recoded.remove(&ix));
        }
    }
}

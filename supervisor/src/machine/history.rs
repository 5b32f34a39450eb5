//! The last ends of each child, with what was decided on them (I9, I11).
//!
//! Kept from the first failure on: children that never fail, and those that come and go, cost
//! nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Machine;
use super::decision::ExitClass;
use super::node::{Ix, NodeId};
use crate::event::account::Account;
use crate::event::command::Commanded;
use crate::event::end::KeptEnd;
use crate::event::exit::ExitRecord;
use crate::event::failure::Failure;
use crate::event::history::{Because, Decision, Ended};
use crate::event::kind::EventKind;
use crate::spec::policy::RestartPolicy;

/// Ends that are kept where nothing is written.
pub(super) const DEFAULT: usize = 8;

/// What ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    Attempt(&'a Arc<ExitRecord>, ExitClass),
    /// An attempt that was asked to end.
    Asked(&'a KeptEnd),
    Supervisor(Option<&'a Arc<Failure>>),
}

impl Machine {
    /// The last ends of a child, the oldest first; none if it has never failed.
    pub(crate) fn ends(&self, ix: Ix) -> impl Iterator<Item = &Ended> {
        self.nodes[ix].history.iter().flat_map(|ends| ends.iter())
    }

    /// What has become of a child.
    pub(crate) fn account(&self, id: NodeId) -> Option<Account> {
        let ix = self.nodes.find(id)?;
        let child = self.child_snapshot(ix);
        Some(Account {
            path: child.path,
            as_of_seq: self.journal.seq(),
            state: child.state,
            operation: child.operation,
            since: child.since,
            generation: child.generation,
            attempt: child.attempt,
            started: child.generation.map(|_| self.nodes[ix].reason),
            restart_in: child.restart_in,
            follows_from: self.journal.event(self.nodes[ix].correlation),
            ends: self.ends(ix).cloned().collect(),
        })
    }

    /// The command that is being carried out, if it is one.
    pub(super) fn command_of_context(&self) -> Option<Arc<Commanded>> {
        match &self.journal.get(self.context)?.kind {
            EventKind::Commanded(command) => Some(Arc::clone(command)),
            _ => None,
        }
    }

    /// Keeps an end; what follows from it may be decided later.
    pub(super) fn keep_end(&mut self, ix: Ix, what: What<'_>, decision: Decision) {
        let limit = self.history_limit(ix);
        let asked_by = if matches!(decision, Decision::Asked) && !self.is_closing() {
            self.command_of_context()
        } else {
            None
        };
        let node = &self.nodes[ix];
        let failed = matches!(decision, Decision::Pending)
            && node.policy.restart != RestartPolicy::Temporary
            && !self.is_closing()
            && what.is_failure();
        if limit > 0 && (node.history.is_some() || failed || asked_by.is_some()) {
            self.push_end(ix, limit, what, decision);
            let ends = self.nodes[ix].history.as_mut();
            if let Some(ended) = ends.and_then(|ends| ends.back_mut()) {
                ended.asked_by = asked_by;
            }
        }
    }

    /// Says what was decided on the last end.
    pub(super) fn decided(&mut self, ix: Ix, decision: Decision) {
        let node = &mut self.nodes[ix];
        let last = node.history.as_mut().and_then(|ends| ends.back_mut());
        if let Some(last) = last {
            if last.decision == Decision::Pending {
                last.decision = decision;
            }
            return;
        }
        // A permanent child has ended normally, for the first time.
        let restarts = matches!(
            decision,
            Decision::Restart { .. } | Decision::RestartGroup { .. }
        );
        let (limit, last) = (self.history_limit(ix), self.nodes[ix].last.clone());
        if let (Some(end), true) = (last, restarts && limit > 0) {
            let record = end.into_record();
            let what = What::Attempt(&record, ExitClass::Normal);
            self.push_end(ix, limit, what, decision);
        }
    }

    /// Keeps the end of an attempt on which has been decided.
    #[inline]
    pub(super) fn keep_decided(&mut self, ix: Ix, exit: &Arc<ExitRecord>, decision: Decision) {
        let limit = self.history_limit(ix);
        if limit > 0 {
            let what = What::Attempt(exit, ExitClass::Abnormal);
            self.push_end(ix, limit, what, decision);
        }
    }

    #[inline]
    fn push_end(&mut self, ix: Ix, limit: usize, what: What<'_>, decision: Decision) {
        let at = self.now.since_start();
        let node = &mut self.nodes[ix];
        let (exit, failure) = match what {
            What::Attempt(exit, _) => (Some(Arc::clone(exit)), None),
            What::Asked(end) => (Some(end.record()), None),
            What::Supervisor(failure) => (None, failure.map(Arc::clone)),
        };
        let ended = Ended {
            at,
            generation: node.generation().unwrap_or(0),
            attempt: exit.as_ref().map_or(node.attempt, |exit| exit.attempt),
            exit,
            failure,
            decision,
            asked_by: None,
        };
        let ends = node.history.get_or_insert_default();
        let former = if ends.len() < limit {
            None
        } else {
            ends.pop_front()
        };
        ends.push_back(ended);
        // They may own values of users, and must not be dropped here.
        if let Some(former) = former {
            self.discard_end(former);
        }
    }

    /// Gives up the oldest of a child's ends, beyond as many as are kept from now on.
    pub(super) fn keep_no_more_ends(&mut self, ix: Ix, limit: usize) {
        if limit == 0 {
            return self.forget_ends(ix);
        }
        let Some(ends) = &mut self.nodes[ix].history else {
            return;
        };
        let beyond = ends.len().saturating_sub(limit);
        let former: Vec<Ended> = ends.drain(..beyond).collect();
        for ended in former {
            self.discard_end(ended);
        }
    }

    /// Gives up what is known of a child's ends.
    pub(super) fn forget_ends(&mut self, ix: Ix) {
        let ends = self.nodes[ix].history.take();
        for ended in ends.into_iter().flat_map(|ends| *ends) {
            self.discard_end(ended);
        }
    }

    #[inline]
    fn discard_end(&mut self, ended: Ended) {
        if let Some(exit) = ended.exit {
            self.trash.records.push(exit);
        }
        if let Some(failure) = ended.failure {
            self.trash.failures.push(failure);
        }
    }

    #[inline]
    fn history_limit(&self, ix: Ix) -> usize {
        let sup = self.nodes[ix].parent.some();
        sup.map_or(0, |sup| self.nodes.sup(sup).history)
    }
}

impl What<'_> {
    const fn is_failure(self) -> bool {
        match self {
            Self::Attempt(_, class) => {
                matches!(class, ExitClass::Abnormal | ExitClass::Fatal)
            }
            Self::Asked(_) => false,
            Self::Supervisor(failure) => failure.is_some(),
        }
    }
}

/// Why a child that has ended by itself is, or is not, started again.
pub(super) const fn because(restart: RestartPolicy, class: ExitClass) -> Because {
    match (restart, class) {
        (RestartPolicy::Permanent, _) => Because::Permanent,
        (RestartPolicy::Temporary, _) => Because::Temporary,
        (RestartPolicy::Transient, ExitClass::Abnormal | ExitClass::Fatal) => Because::Abnormal,
        (RestartPolicy::Transient, ExitClass::Ignored | ExitClass::Normal) => Because::Normal,
    }
}

/// The ends of one child, the oldest first.
pub(super) type Ends = VecDeque<Ended>;

//! Which siblings a restart takes along: one clause for each strategy (R17 to R19).

use super::Machine;
use super::node::{Ix, Mail, Phase, Retry, Wish};
use super::walk::Scope;
use crate::spec::policy::Strategy;

impl Machine {
    /// The scope of a restart that takes siblings along.
    pub(super) fn scope(&mut self, sup: Ix, culprit: Ix) -> Scope {
        match self.nodes.sup(sup).policy.strategy {
            Strategy::Dependents => {
                self.mark_dependents(culprit);
                Scope::Marked
            }
            Strategy::OneForAll => Scope::All,
            Strategy::OneForOne => Scope::One(culprit),
            Strategy::RestForOne => Scope::From(self.nodes[culprit].order),
        }
    }

    /// Whether a restart of the child is about more than itself.
    pub(super) fn takes_others_along(&self, strategy: Strategy, ix: Ix) -> bool {
        match strategy {
            Strategy::Dependents => {
                let links = self.nodes[ix].links.as_ref();
                links.is_some_and(|links| !links.before.is_empty())
            }
            Strategy::OneForAll | Strategy::RestForOne => true,
            Strategy::OneForOne => false,
        }
    }

    /// Marks the child and, transitively, all that are after it.
    fn mark_dependents(&mut self, culprit: Ix) {
        let mut reached = vec![culprit];
        while let Some(ix) = reached.pop() {
            let flags = &mut self.nodes[ix].flags;
            // Who has left is not in the list, and nobody would take the mark away.
            if !flags.linked || std::mem::replace(&mut flags.marked, true) {
                continue;
            }
            if let Some(links) = &self.nodes[ix].links {
                reached.extend(&links.before);
            }
        }
    }

    /// Forgets who was to be started with a group, and who was to be passed by, unless somebody is
    /// still about to do so.
    pub(super) fn forget_group(&mut self, sup: Ix) {
        let state = self.nodes.sup(sup);
        let rests = |mail: &Mail| matches!(mail, Mail::Rest(_));
        if state.op.is_about_a_group() || state.mails().any(rests) {
            return;
        }
        let mut next = state.first;
        while let Some(ix) = next.some() {
            let node = &self.nodes[ix];
            if let Phase::Backoff(Retry::Group) | Phase::Failed(Retry::Group) = node.phase {
                return;
            }
            next = node.next;
        }
        let mut next = self.nodes.sup(sup).first;
        while let Some(ix) = next.some() {
            let node = &mut self.nodes[ix];
            node.flags.marked = false;
            if node.is_passed_by() {
                node.wish = Wish::None;
            }
            next = node.next;
        }
    }

    /// Who is to be started, or stopped, with a group, in order.
    pub(super) fn marked(&self, sup: Ix) -> Vec<Ix> {
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
}

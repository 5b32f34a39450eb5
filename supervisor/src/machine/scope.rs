//! Which siblings a restart takes along: one clause for each strategy (R17 to R19).

use super::Machine;
use super::node::Ix;
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
}

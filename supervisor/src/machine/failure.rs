//! What led to the end of a supervisor, gathered when it comes to that (I5).
//!
//! The window of restarts knows whose ends it has counted; what became of them stands in the history
//! of those children.

use std::sync::Arc;

use super::Machine;
use super::node::{Ix, Node, NodeId, Phase};
use crate::event::failure::{Cause, CausedBy, Failure, Why};
use crate::event::history::Ended;

/// Causes that are kept of one failure: the first, and the last ones (I11).
const KEPT: usize = 8;

/// An end that has been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) child: NodeId,
    pub(super) generation: u64,
}

impl Machine {
    /// What there is to say of a child that brings its supervisor down.
    pub(super) fn failure(&self, ix: Ix, why: Why) -> Arc<Failure> {
        let sup = self.nodes[ix].parent;
        let supervisor = &self.nodes[sup].path;
        let (mut causes, omitted) = match why {
            Why::Intensity(_) => self.counted_causes(sup),
            _ => (Vec::new(), 0),
        };
        causes.push(self.decisive_cause(ix));
        Arc::new(Failure {
            supervisor: if supervisor.is_empty() {
                "/".into()
            } else {
                Arc::clone(supervisor)
            },
            why,
            at: self.now.since_start(),
            causes,
            omitted,
        })
    }

    /// The end that was one too many.
    fn decisive_cause(&self, ix: Ix) -> Cause {
        let node = &self.nodes[ix];
        let end = match (node.phase, node.sup(), &node.last) {
            (Phase::Stuck(_), ..) => self
                .stuck_of(ix)
                .map_or(CausedBy::NotStarted, |stuck| CausedBy::Stuck(stuck.doing)),
            (_, Some(sup), _) => CausedBy::Supervisor(sup.failure.clone()),
            (_, None, Some(exit)) => CausedBy::Attempt(exit.record()),
            (_, None, None) => CausedBy::NotStarted,
        };
        Cause {
            child: Arc::clone(&node.path),
            generation: node.generation(),
            at: self.now.since_start(),
            end,
        }
    }

    /// The restarts that have spent the intensity, before the last one; and how many more there
    /// were.
    fn counted_causes(&self, sup: Ix) -> (Vec<Cause>, u32) {
        let window = &self.nodes.sup(sup).window;
        let before = window.sum().saturating_sub(1);
        let mut known: Vec<Cause> = Vec::new();
        let find = |counted: Counted| {
            let node = self.find(counted.child)?;
            let mut ends = node.history.as_deref()?.iter();
            let ended = ends.find(|ended| ended.generation == counted.generation)?;
            Some(ended.cause(node))
        };
        let counted = window.counted();
        // The last one is told by what is there now.
        let mut latest = counted.rev().skip(1);
        known.extend(latest.by_ref().filter_map(find).take(KEPT - 2));
        // Of those that are left, the earliest that is known.
        let first = latest.filter_map(find).last();
        known.extend(first);
        known.reverse();
        let told = u32::try_from(known.len()).unwrap_or(u32::MAX);
        (known, before.saturating_sub(told))
    }
}

impl Ended {
    /// As a cause beside others.
    fn cause(&self, of: &Node) -> Cause {
        Cause {
            child: Arc::clone(&of.path),
            generation: Some(self.generation),
            at: self.at,
            end: match (&self.exit, &self.failure) {
                (Some(exit), _) => CausedBy::Attempt(Arc::clone(exit)),
                (None, failure) => CausedBy::Supervisor(failure.as_ref().map(Failure::brief)),
            },
        }
    }
}

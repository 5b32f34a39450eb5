//! The tree as others may see it.

use std::sync::Arc;

use super::node::{Down, Ix, Node, NodeId, Phase};
use super::{Machine, TreePhase};
use crate::event::snapshot::{ChildSnapshot, ChildState, Snapshot};
use crate::shutdown::report::{ResourceReconcileStatus, ShutdownReconcileReport, ShutdownReport};
use crate::shutdown::stage::ShutdownPhase;

impl Machine {
    /// Every child, parents first, siblings in order.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut children = Vec::with_capacity(self.nodes.len());
        let mut next = self.first_child(Ix::ROOT);
        while let Some(ix) = next.some() {
            children.push(self.child_snapshot(ix));
            next = self.after_in_tree(ix);
        }
        for (path, operation) in &self.intents {
            children.push(ChildSnapshot {
                path: Arc::clone(path),
                is_supervisor: false,
                state: ChildState::Declared,
                operation: *operation,
                ready: false,
                generation: None,
                attempt: 0,
                since: std::time::Duration::ZERO,
                restart_in: None,
                last_exit: None,
            });
        }
        Snapshot {
            as_of_seq: self.journal.seq(),
            at: self.now.since_start(),
            ready: self.is_ready(),
            children,
        }
    }

    /// The children of one supervisor, in order.
    pub(super) fn children(&self, sup: Ix) -> Vec<ChildSnapshot> {
        let mut children = Vec::with_capacity(self.nodes.sup(sup).count);
        let mut next = self.first_child(sup);
        while let Some(ix) = next.some() {
            children.push(self.child_snapshot(ix));
            next = self.nodes[ix].next;
        }
        children
    }

    pub(crate) fn child_snapshot(&self, ix: Ix) -> ChildSnapshot {
        let node = &self.nodes[ix];
        let restart_in = match node.phase {
            Phase::Backoff(_) => Some(node.deadline.since(self.now)),
            _ => None,
        };
        ChildSnapshot {
            path: Arc::clone(&node.path),
            is_supervisor: node.sup().is_some(),
            state: node.phase.public(),
            operation: node.operation,
            ready: node.flags.ready,
            generation: node.generation(),
            attempt: node.attempt,
            since: self.now.since(node.since),
            restart_in,
            last_exit: node.last.clone(),
        }
    }

    /// Every critical child of the tree is ready.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, TreePhase::Up) && self.nodes[Ix::ROOT].flags.ready
    }

    /// Critical children that keep the tree from being ready; of a supervisor, what keeps it.
    pub(crate) fn not_ready(&self) -> Vec<Arc<str>> {
        let mut missing = Vec::new();
        let mut next = self.first_child(Ix::ROOT);
        while let Some(ix) = next.some() {
            let node = &self.nodes[ix];
            let inner = node.sup().is_some_and(|sup| sup.unready > 0);
            if !node.flags.ready && node.policy.critical && !inner {
                missing.push(Arc::clone(&node.path));
            }
            next = self.after_in_tree(ix);
        }
        missing
    }

    /// The report of a shutdown that is over.
    pub(crate) fn shutdown_report(&self) -> ShutdownReport {
        let task_status = if self.stuck == 0 {
            ResourceReconcileStatus::Cleaned
        } else {
            ResourceReconcileStatus::Failed
        };
        ShutdownReport {
            phase: ShutdownPhase::Completed,
            children: self.report.clone(),
            took: self.now.since(self.closing_since),
            reconcile: ShutdownReconcileReport {
                socket_status: ResourceReconcileStatus::NotOwned,
                task_status,
            },
        }
    }

    /// Paths whose last name is this one.
    pub(crate) fn named(&self, name: &str) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut next = self.first_child(Ix::ROOT);
        while let Some(ix) = next.some() {
            if self.nodes[ix].name() == name {
                found.push(self.nodes.id(ix));
            }
            next = self.after_in_tree(ix);
        }
        found
    }

    /// Every path of the tree.
    pub(crate) fn paths(&self) -> Vec<Arc<str>> {
        let mut paths = Vec::new();
        let mut next = self.first_child(Ix::ROOT);
        while let Some(ix) = next.some() {
            paths.push(Arc::clone(&self.nodes[ix].path));
            next = self.after_in_tree(ix);
        }
        paths
    }

    fn first_child(&self, ix: Ix) -> Ix {
        self.nodes[ix].sup().map_or(Ix::NONE, |sup| sup.first)
    }

    /// The next node in depth-first order.
    fn after_in_tree(&self, ix: Ix) -> Ix {
        let down = self.first_child(ix);
        if down != Ix::NONE {
            return down;
        }
        let mut at = ix;
        while at != Ix::NONE && at != Ix::ROOT {
            let node: &Node = &self.nodes[at];
            if node.next != Ix::NONE {
                return node.next;
            }
            at = node.parent;
        }
        Ix::NONE
    }
}

impl Phase {
    pub(crate) const fn public(self) -> ChildState {
        match self {
            Self::Aborting(_) => ChildState::Aborting,
            Self::Backoff(_) => ChildState::Backoff,
            Self::Down(Down::Declared) => ChildState::Declared,
            Self::Down(Down::Failed) => ChildState::Failed,
            Self::Down(Down::Finished) => ChildState::Finished,
            Self::Down(Down::Fresh) => ChildState::NotStarted,
            Self::Down(Down::Ignored) => ChildState::Ignored,
            Self::Down(Down::Group | Down::Removed | Down::Stopped) => ChildState::Stopped,
            Self::Exited(_) => ChildState::Exited,
            Self::Failed(_) => ChildState::Restarting,
            Self::Running => ChildState::Running,
            Self::Starting(_) => ChildState::Starting,
            Self::Stopping(_) => ChildState::Stopping,
            Self::Stuck(_) => ChildState::Stuck,
            Self::Waiting(_) => ChildState::Waiting,
        }
    }
}

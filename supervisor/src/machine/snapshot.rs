//! The tree as others may see it.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Down, Ix, NodeId, Phase};
use super::{Machine, TreePhase};
use crate::event::end::KeptEnd;
use crate::event::kind::SCHEMA_VERSION;
use crate::event::snapshot::{ChildSnapshot, ChildState, Snapshot, SupervisorSnapshot};
use crate::shutdown::stage::ShutdownPhase;

/// A node as it is copied for a snapshot, with its place in the tree.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: NodeId,
    /// A supervisor that has gone leaves copies of its children, and its place to another.
    pub(crate) parent: NodeId,
    pub(crate) order: u64,
    pub(crate) child: ChildSnapshot,
}

impl Machine {
    /// The whole tree in one go.
    #[cfg(any(test, feature = "__world", feature = "recorder"))]
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut rows = Vec::new();
        self.copy_rows(0, usize::MAX, &mut rows);
        Rest::of(self).snapshot(rows)
    }

    /// Copies the nodes at some places of the arena; answers where to go on.
    pub(crate) fn copy_rows(&self, from: usize, max: usize, into: &mut Vec<Row>) -> Option<usize> {
        let (places, next) = self.chunk(from, max);
        for ix in places {
            if self.nodes[ix].flags.linked {
                into.push(self.row(ix));
            }
        }
        next
    }

    /// Copies again what up to `max` events behind `seq` tell of, and the supervisors above it;
    /// answers the number of the last of them, or none if the journal does not reach back so far.
    pub(crate) fn copy_changes(
        &self,
        seq: u64,
        max: usize,
        into: &mut Vec<(Arc<str>, Option<Row>)>,
    ) -> Option<u64> {
        let mut events = Vec::new();
        if self.journal.read(seq, max, &mut events) > 0 {
            return None;
        }
        let last = events.last().map_or(seq, |event| event.seq);
        let mut latest = None;
        for event in events {
            // A restart is three of them.
            if latest.as_ref() == Some(&event.path) {
                continue;
            }
            latest = Some(Arc::clone(&event.path));
            let mut path = event.path;
            loop {
                // Whoever is declared in the place of one that is stuck is there, and has no path yet.
                let ix = self.standing_at(&path);
                let linked = ix.filter(|&ix| self.nodes[ix].flags.linked);
                let above = path.rsplit_once('/').map(|(above, _)| Arc::from(above));
                into.push((path, linked.map(|ix| self.row(ix))));
                let Some(above) = above else { break };
                path = above;
            }
        }
        Some(last)
    }

    /// Names without a child that something is wanted of.
    pub(crate) fn intents(&self) -> impl Iterator<Item = ChildSnapshot> {
        self.intents.iter().map(|(path, operation)| ChildSnapshot {
            path: Arc::clone(path),
            supervisor: None,
            state: ChildState::Declared,
            operation: *operation,
            ready: false,
            generation: None,
            attempt: 0,
            since: std::time::Duration::ZERO,
            restart_in: None,
            fuse: None,
            sub_tasks: 0,
            stalled: None,
            stuck: None,
            last_exit: None,
            tags: Arc::default(),
        })
    }

    fn row(&self, ix: Ix) -> Row {
        let node = &self.nodes[ix];
        Row {
            id: self.nodes.id(ix),
            parent: self.nodes.id(node.parent),
            order: node.order,
            child: self.child_snapshot(ix),
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
            Phase::Backoff(_) => Some(self.deadlines.of(node).since(self.now)),
            _ => None,
        };
        ChildSnapshot {
            path: Arc::clone(&node.path),
            supervisor: node.sup().map(|_| self.supervisor_snapshot(ix)),
            state: node.phase.public(),
            operation: node.operation,
            ready: node.flags.ready,
            generation: node.generation(),
            attempt: node.attempt,
            since: self.now.since(node.since),
            restart_in,
            fuse: node.policy.fuse.map(|_| self.budget_snapshot(ix)),
            // The shell knows them.
            sub_tasks: 0,
            stalled: self.stalled_for(ix),
            stuck: self.stuck_of(ix),
            last_exit: node.last.as_ref().map(KeptEnd::record),
            tags: Arc::clone(&node.policy.tags),
        }
    }

    fn supervisor_snapshot(&self, sup: Ix) -> SupervisorSnapshot {
        let state = self.nodes.sup(sup);
        SupervisorSnapshot {
            strategy: state.policy.strategy,
            intensity: self.intensity_snapshot(sup),
            failure: state.failure.clone(),
        }
    }

    /// Whether the child at a path was added at run time; none where there is no child.
    #[cfg(feature = "metrics")]
    pub(crate) fn is_added(&self, path: &str) -> Option<bool> {
        let ix = self.nodes.find(self.lookup(path)?)?;
        Some(!self.nodes[ix].flags.is_static)
    }

    /// Restarts that a supervisor has left within its window, and how many that may be.
    #[cfg(feature = "metrics")]
    pub(crate) fn intensity_left(&self, path: &str) -> Option<(u32, u32)> {
        let ix = self.nodes.find(self.lookup(path)?)?;
        self.nodes[ix].sup()?;
        let intensity = self.intensity_snapshot(ix);
        Some((intensity.left, intensity.of))
    }

    /// Every critical child of the tree is ready.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, TreePhase::Up) && self.nodes[Ix::ROOT].flags.ready
    }

    /// Critical children that were not ready when the start of the tree failed.
    pub(crate) fn missing_at_failure(&self) -> &[Arc<str>] {
        &self.missing
    }

    /// Copies the paths at some places of the arena; answers where to go on.
    pub(crate) fn copy_paths(
        &self,
        from: usize,
        max: usize,
        into: &mut Vec<Arc<str>>,
    ) -> Option<usize> {
        let (places, next) = self.chunk(from, max);
        for ix in places {
            let node = &self.nodes[ix];
            // What is left of a supervisor that was removed has given its paths away.
            if node.flags.linked && self.standing_at(&node.path) == Some(ix) {
                into.push(Arc::clone(&node.path));
            }
        }
        next
    }

    /// Whether a node is this one, or stands above it.
    pub(crate) fn is_above(&self, above: NodeId, below: NodeId) -> bool {
        let mut next = self.nodes.find(below);
        while let Some(ix) = next {
            if self.nodes.id(ix) == above {
                return true;
            }
            next = self.nodes[ix].parent.some();
        }
        false
    }

    fn first_child(&self, ix: Ix) -> Ix {
        self.nodes[ix].sup().map_or(Ix::NONE, |sup| sup.first)
    }
}

/// What is not about one child.
pub(crate) struct Rest {
    as_of_seq: u64,
    at: std::time::Duration,
    wall: std::time::SystemTime,
    ready: bool,
    shutdown: ShutdownPhase,
    root: SupervisorSnapshot,
    root_id: NodeId,
    intents: Vec<ChildSnapshot>,
}

impl Rest {
    pub(crate) fn of(machine: &Machine) -> Self {
        Self {
            as_of_seq: machine.journal.seq(),
            at: machine.now.since_start(),
            wall: machine.wall_clock(),
            ready: machine.is_ready(),
            shutdown: machine.shutdown_phase(),
            root: machine.supervisor_snapshot(Ix::ROOT),
            root_id: machine.id(Ix::ROOT),
            intents: machine.intents().collect(),
        }
    }

    /// Parents first, siblings in order.
    pub(crate) fn snapshot(self, mut rows: Vec<Row>) -> Snapshot {
        rows.sort_by_key(|row| (row.parent.ix.0, row.parent.tenancy, row.order));
        let mut children = Vec::with_capacity(rows.len());
        // The children of one supervisor stand side by side: where, by supervisor.
        let mut families: HashMap<NodeId, std::ops::Range<usize>> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            families.entry(row.parent).or_insert(place..place).end = place + 1;
        }
        let mut open: Vec<_> = families.get(&self.root_id).cloned().into_iter().collect();
        while let Some(family) = open.last_mut() {
            let Some(place) = family.next() else {
                open.pop();
                continue;
            };
            let row = &rows[place];
            children.push(row.child.clone());
            open.extend(families.get(&row.id).cloned());
        }
        children.extend(self.intents);
        Snapshot {
            schema: SCHEMA_VERSION,
            as_of_seq: self.as_of_seq,
            at: self.at,
            wall: self.wall,
            ready: self.ready,
            shutdown: self.shutdown,
            root: self.root,
            children,
        }
    }
}

impl Phase {
    pub(crate) const fn public(self) -> ChildState {
        match self {
            Self::Aborting(_) => ChildState::Aborting,
            Self::Backoff(_) | Self::Failed(_) => ChildState::Backoff,
            Self::Down(Down::Declared) => ChildState::Declared,
            Self::Down(Down::Failed) => ChildState::Failed,
            Self::Down(Down::Finished) => ChildState::Finished,
            Self::Down(Down::Fresh) => ChildState::NotStarted,
            Self::Down(Down::Ignored) => ChildState::Ignored,
            Self::Down(Down::Group | Down::Stopped) => ChildState::Stopped,
            Self::Down(Down::Removed) => ChildState::Removed,
            Self::Exited(_) => ChildState::Exited,
            Self::Running => ChildState::Running,
            Self::Starting(_) => ChildState::Starting,
            Self::Stopping(_) => ChildState::Stopping,
            Self::Stuck(_) => ChildState::Stuck,
            Self::Waiting(_) => ChildState::Waiting,
        }
    }
}

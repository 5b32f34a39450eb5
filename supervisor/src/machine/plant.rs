//! Putting planned children into a tree that is there, and the paths that lead to them.

use std::sync::Arc;

use super::Machine;
use super::answer::Admission;
use super::input::Action;
use super::node::Ix;
use crate::spec::plan::{PlannedBody, PlannedNode};
use crate::task::launch::Launch;

/// How a child comes into a tree; whatever is below it is declared by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comes {
    /// At run time: its supervisor begins without it the next time.
    Added,
    Declared,
}

impl Machine {
    /// Puts planned nodes below a supervisor; answers their places, that of the child first.
    pub(super) fn plant(&mut self, sup: Ix, nodes: Vec<PlannedNode>, comes: Comes) -> Vec<Ix> {
        let mut places: Vec<Ix> = Vec::with_capacity(nodes.len());
        // Where starts are concurrent, a child may be after a later one.
        let mut edges: Vec<(Ix, Vec<usize>)> = Vec::new();
        for node in nodes {
            let parent = node.parent.map_or(sup, |place| places[place]);
            let is_static = node.parent.is_some() || comes == Comes::Declared;
            let ix = self.insert(parent, node.path, node.policy, &node.body, is_static);
            self.take_path(ix);
            self.orphan_holder(ix);
            if !node.after.is_empty() {
                edges.push((ix, node.after));
            }
            places.push(ix);
            self.admit(ix, node.body);
        }
        for (ix, after) in edges {
            let after = after.into_iter().map(|place| places[place]).collect();
            self.link_dependencies(ix, after);
        }
        places
    }

    /// The runtime takes the code of a child.
    pub(super) fn admit(&mut self, ix: Ix, body: PlannedBody) {
        let admission = Box::new(Admission { body });
        self.actions.push_back(Action::Admit(ix, admission));
    }

    /// The path leads to this child from here on, and its count goes on (I2). One that somebody
    /// stuck still holds is handed over when that has gone (I1).
    pub(super) fn take_path(&mut self, ix: Ix) {
        let path = Arc::clone(&self.nodes[ix].path);
        match self.index.find(&path, &self.nodes) {
            Some(holder) if holder == ix => return self.adopt_mirror(ix),
            Some(holder) if self.nodes[holder].phase.is_live() => {
                self.succeed(ix, holder);
                return self.adopt_mirror(ix);
            }
            Some(holder) => {
                self.index.remove(holder, &self.nodes);
                self.succeed(ix, holder);
            }
            None => {}
        }
        // A report tells of a path once, and of what ran there.
        self.nodes[ix].flags.reported |= self.is_reported(&path);
        self.index.insert(ix, &self.nodes);
        self.adopt_mirror(ix);
    }

    /// The count of the path goes on, and who watches it watches whoever is declared there.
    fn succeed(&mut self, ix: Ix, holder: Ix) {
        let seen = self.nodes[holder].starts;
        let node = &mut self.nodes[ix];
        node.starts = node.starts.max(seen);
        self.orphan_mirror(holder);
    }
}

impl PlannedBody {
    /// The code of a worker.
    pub(crate) fn into_launch(self) -> Option<Launch> {
        match self {
            Self::Worker(launch) => Some(launch),
            Self::Declared | Self::Supervisor(_) => None,
        }
    }
}

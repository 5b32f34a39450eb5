//! Which node a path belongs to.

use super::node::Ix;
use super::nodes::Nodes;
use crate::id::paths::Paths;

#[derive(Clone, Debug)]
pub(super) struct PathIndex {
    paths: Paths,
}

impl PathIndex {
    /// Of a plan whose places are the nodes.
    pub(super) const fn new(paths: Paths) -> Self {
        Self { paths }
    }

    pub(super) fn insert(&mut self, ix: Ix, nodes: &Nodes) {
        let new = self.paths.insert(ix.0, &nodes[ix].path, path_of(nodes));
        debug_assert!(new, "`{}` is there", nodes[ix].path);
    }

    pub(super) fn find(&self, path: &str, nodes: &Nodes) -> Option<Ix> {
        self.paths.find(path, path_of(nodes)).map(Ix)
    }

    pub(super) fn remove(&mut self, ix: Ix, nodes: &Nodes) {
        self.paths.remove(ix.0, &nodes[ix].path);
    }

    /// Every node that has a path.
    #[cfg(any(test, feature = "__world"))]
    pub(super) fn places(&self) -> impl Iterator<Item = Ix> {
        self.paths.places().map(Ix)
    }
}

fn path_of<'a>(nodes: &'a Nodes) -> impl Fn(u32) -> &'a str {
    |place| &nodes[Ix(place)].path
}

//! Where the nodes of a tree are: an arena, with a list of children in order for each supervisor.

use std::ops::{Index, IndexMut};

use super::node::{Body, Down, Ix, Node, NodeId, Phase, Sup};

/// The arena.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    all: Vec<Node>,
    free: Vec<Ix>,
    /// How often a node has been looked at.
    #[cfg(test)]
    pub(crate) visits: std::cell::Cell<u64>,
}

impl Nodes {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            all: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// Nodes in their places, of which some are free.
    pub(super) fn from(all: Vec<Node>, free: Vec<Ix>) -> Self {
        Self {
            all,
            free,
            #[cfg(test)]
            visits: std::cell::Cell::default(),
        }
    }

    /// Places that may be used again.
    pub(super) fn free_places(&self) -> Vec<Ix> {
        self.free.clone()
    }

    /// Puts a node into a free place; the tenancy of a place that is used again goes on.
    pub(crate) fn insert(&mut self, mut node: Node) -> Ix {
        if let Some(ix) = self.free.pop() {
            node.tenancy = self[ix].tenancy;
            self[ix] = node;
            return ix;
        }
        let ix = Ix(u32::try_from(self.all.len()).expect("fewer nodes than u32::MAX"));
        self.all.push(node);
        ix
    }

    /// Gives a place free; whoever still holds its [`NodeId`] is told that it is gone.
    pub(crate) fn free(&mut self, ix: Ix) {
        let node = &mut self[ix];
        node.tenancy = node.tenancy.wrapping_add(1);
        node.body = Body::Worker;
        node.links = None;
        node.phase = Phase::Down(Down::Removed);
        self.free.push(ix);
    }

    #[cfg(any(test, feature = "__world"))]
    pub(super) fn is_free(&self, ix: Ix) -> bool {
        self.free.contains(&ix)
    }

    pub(crate) fn id(&self, ix: Ix) -> NodeId {
        NodeId {
            ix,
            tenancy: self[ix].tenancy,
        }
    }

    /// The node's place, unless it has gone.
    #[inline]
    pub(crate) fn find(&self, id: NodeId) -> Option<Ix> {
        let node = self.all.get(id.ix.0 as usize)?;
        (node.tenancy == id.tenancy).then_some(id.ix)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    #[inline]
    pub(crate) fn sup(&self, ix: Ix) -> &Sup {
        self[ix].sup().expect("only supervisors have children")
    }

    #[inline]
    pub(crate) fn sup_mut(&mut self, ix: Ix) -> &mut Sup {
        match &mut self[ix].body {
            Body::Supervisor(sup) => sup,
            Body::Declared | Body::Worker => unreachable!("only supervisors have children"),
        }
    }

    /// Appends a child to its supervisor's list.
    pub(crate) fn link(&mut self, ix: Ix) {
        let parent = self[ix].parent;
        let missing = self[ix].missing(self[ix].phase);
        let sup = self.sup_mut(parent);
        let last = std::mem::replace(&mut sup.last, ix);
        if last == Ix::NONE {
            sup.first = ix;
        }
        let order = sup.next_order;
        sup.next_order += 1;
        sup.count += 1;
        sup.missing.add(missing);
        if last != Ix::NONE {
            self[last].next = ix;
        }
        let node = &mut self[ix];
        (node.prev, node.next, node.order) = (last, Ix::NONE, order);
        node.flags.linked = true;
    }

    /// Takes a child out of its supervisor's list.
    pub(crate) fn unlink(&mut self, ix: Ix) {
        let node = &mut self[ix];
        node.flags.linked = false;
        let (parent, prev, next) = (node.parent, node.prev, node.next);
        let missing = node.missing(node.phase);
        if prev != Ix::NONE {
            self[prev].next = next;
        }
        if next != Ix::NONE {
            self[next].prev = prev;
        }
        let sup = self.sup_mut(parent);
        if sup.first == ix {
            sup.first = next;
        }
        if sup.last == ix {
            sup.last = prev;
        }
        sup.count -= 1;
        sup.missing.sub(missing);
        sup.op.pass_by(ix, prev, next);
    }
}

impl Index<Ix> for Nodes {
    type Output = Node;

    fn index(&self, ix: Ix) -> &Node {
        #[cfg(test)]
        self.visits.set(self.visits.get() + 1);
        &self.all[ix.0 as usize]
    }
}

impl IndexMut<Ix> for Nodes {
    fn index_mut(&mut self, ix: Ix) -> &mut Node {
        #[cfg(test)]
        self.visits.set(self.visits.get() + 1);
        &mut self.all[ix.0 as usize]
    }
}

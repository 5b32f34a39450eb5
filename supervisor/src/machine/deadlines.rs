//! Which node has the next deadline: an indexed heap, at most one entry for each node.
//!
//! Every node knows its place in the heap, so that a deadline is moved or removed where it stands.
//! Lazy deletion would be a leak: a stop budget of seconds, at a million stops a second, would
//! hold millions of dead entries.

use super::node::{Ix, Node};
use super::nodes::Nodes;
use super::time::Nanos;

#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    heap: Vec<(Nanos, Ix)>,
}

impl Deadlines {
    /// Every node that has a deadline, in no particular order.
    pub(super) fn all(&self) -> impl Iterator<Item = Ix> {
        self.heap.iter().map(|&(_, ix)| ix)
    }

    /// The deadline of a node; never, if it has none.
    pub(super) fn of(&self, node: &Node) -> Nanos {
        let entry = self.heap.get(node.heap_place as usize);
        entry.map_or(Nanos::NEVER, |&(at, _)| at)
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.heap.first().map(|&(at, _)| at)
    }

    /// Takes the earliest node that is due at `now`, and clears its deadline.
    pub(super) fn pop_due(&mut self, nodes: &mut Nodes, now: Nanos) -> Option<Ix> {
        let &(at, first) = self.heap.first()?;
        if at > now {
            return None;
        }
        self.clear(nodes, first);
        Some(first)
    }

    /// Sets or moves the deadline of a node.
    pub(super) fn set(&mut self, nodes: &mut Nodes, ix: Ix, deadline: Nanos) {
        if deadline == Nanos::NEVER {
            return self.clear(nodes, ix);
        }
        let at = if nodes[ix].heap_place == Ix::NONE.0 {
            self.heap.push((deadline, ix));
            self.heap.len() - 1
        } else {
            let at = nodes[ix].heap_place as usize;
            self.heap[at].0 = deadline;
            at
        };
        self.settle(nodes, at);
    }

    /// Removes the deadline of a node, if it has one.
    pub(super) fn clear(&mut self, nodes: &mut Nodes, ix: Ix) {
        let place = nodes[ix].heap_place;
        if place == Ix::NONE.0 {
            return;
        }
        nodes[ix].heap_place = Ix::NONE.0;
        let last = self.heap.pop().expect("a node with a place is in the heap");
        if last.1 != ix {
            self.heap[place as usize] = last;
            self.settle(nodes, place as usize);
        }
    }

    /// Moves the entry at `at` up or down to where it belongs.
    fn settle(&mut self, nodes: &mut Nodes, mut at: usize) {
        let entry = self.heap[at];
        let deadline = entry.0;
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.heap[parent].0 <= deadline {
                break;
            }
            self.put(nodes, at, self.heap[parent]);
            at = parent;
        }
        loop {
            let mut child = 2 * at + 1;
            if child >= self.heap.len() {
                break;
            }
            if child + 1 < self.heap.len() && self.heap[child + 1].0 < self.heap[child].0 {
                child += 1;
            }
            if self.heap[child].0 >= deadline {
                break;
            }
            self.put(nodes, at, self.heap[child]);
            at = child;
        }
        self.put(nodes, at, entry);
    }

    fn put(&mut self, nodes: &mut Nodes, at: usize, entry: (Nanos, Ix)) {
        self.heap[at] = entry;
        nodes[entry.1].heap_place = u32::try_from(at).expect("fewer nodes than u32::MAX");
    }

    /// Every node with a deadline stands where it says, and nobody before an earlier one.
    #[cfg(any(test, feature = "__world"))]
    pub(super) fn check(&self, nodes: &Nodes) {
        for (place, &(at, ix)) in self.heap.iter().enumerate() {
            assert_eq!(nodes[ix].heap_place as usize, place, "a place in the heap");
            let above = self.heap[place.saturating_sub(1) / 2];
            assert!(above.0 <= at, "the heap");
            assert!(at < Nanos::NEVER, "no deadline, and waits");
        }
        let all = (0..nodes.len()).map(super::index_of);
        let timed = all.filter(|&ix| nodes[ix].heap_place != Ix::NONE.0);
        assert_eq!(timed.count(), self.heap.len(), "deadlines outside the heap");
    }
}

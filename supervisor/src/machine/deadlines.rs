//! Which node has the next deadline: an indexed heap, at most one entry for each node.
//!
//! Every node knows its place in the heap, so that a deadline is moved or removed where it stands.
//! Lazy deletion would be a leak: a stop budget of seconds, at a million stops a second, would
//! hold millions of dead entries.

use super::node::{Ix, Nodes};
use super::time::Nanos;

#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    heap: Vec<Ix>,
}

impl Deadlines {
    /// Every node that has a deadline, in no particular order.
    pub(super) fn all(&self) -> impl Iterator<Item = Ix> {
        self.heap.iter().copied()
    }

    /// The earliest deadline.
    pub(super) fn next(&self, nodes: &Nodes) -> Option<Nanos> {
        self.heap.first().map(|&ix| nodes[ix].deadline)
    }

    /// Takes the earliest node that is due at `now`, and clears its deadline.
    pub(super) fn pop_due(&mut self, nodes: &mut Nodes, now: Nanos) -> Option<Ix> {
        let &first = self.heap.first()?;
        if nodes[first].deadline > now {
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
        nodes[ix].deadline = deadline;
        let at = if nodes[ix].heap_place == Ix::NONE.0 {
            self.heap.push(ix);
            self.heap.len() - 1
        } else {
            nodes[ix].heap_place as usize
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
        nodes[ix].deadline = Nanos::NEVER;
        let last = self.heap.pop().expect("a node with a place is in the heap");
        if last != ix {
            self.heap[place as usize] = last;
            self.settle(nodes, place as usize);
        }
    }

    /// Moves the entry at `at` up or down to where it belongs.
    fn settle(&mut self, nodes: &mut Nodes, mut at: usize) {
        let ix = self.heap[at];
        let deadline = nodes[ix].deadline;
        while at > 0 {
            let parent = (at - 1) / 2;
            if nodes[self.heap[parent]].deadline <= deadline {
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
            if child + 1 < self.heap.len()
                && nodes[self.heap[child + 1]].deadline < nodes[self.heap[child]].deadline
            {
                child += 1;
            }
            if nodes[self.heap[child]].deadline >= deadline {
                break;
            }
            self.put(nodes, at, self.heap[child]);
            at = child;
        }
        self.put(nodes, at, ix);
    }

    fn put(&mut self, nodes: &mut Nodes, at: usize, ix: Ix) {
        self.heap[at] = ix;
        nodes[ix].heap_place = u32::try_from(at).expect("fewer nodes than u32::MAX");
    }

    /// Every node with a deadline stands where it says, and nobody before an earlier one.
    #[cfg(any(test, feature = "__world"))]
    pub(super) fn check(&self, nodes: &Nodes) {
        for (place, &ix) in self.heap.iter().enumerate() {
            assert_eq!(nodes[ix].heap_place as usize, place, "a place in the heap");
            let above = self.heap[place.saturating_sub(1) / 2];
            assert!(nodes[above].deadline <= nodes[ix].deadline, "the heap");
            assert!(nodes[ix].deadline < Nanos::NEVER, "no deadline, and waits");
        }
        let all = (0..nodes.len()).map(super::index_of);
        let timed = all.filter(|&ix| nodes[ix].deadline < Nanos::NEVER);
        assert_eq!(timed.count(), self.heap.len(), "deadlines outside the heap");
    }
}

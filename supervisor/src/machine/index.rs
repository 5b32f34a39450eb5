//! Which node a path belongs to: a hash table of places that looks into the arena for the keys.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::node::{Ix, Nodes};

#[derive(Debug)]
pub(super) struct PathIndex {
    places: HashTable<Ix>,
    hasher: RandomState,
}

impl PathIndex {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            places: HashTable::with_capacity(capacity),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn insert(&mut self, ix: Ix, nodes: &Nodes) {
        let hash = self.hasher.hash_one(&*nodes[ix].path);
        let hasher = &self.hasher;
        self.places
            .insert_unique(hash, ix, |&other| hasher.hash_one(&*nodes[other].path));
    }

    pub(super) fn find(&self, path: &str, nodes: &Nodes) -> Option<Ix> {
        let hash = self.hasher.hash_one(path);
        self.places
            .find(hash, |&ix| &*nodes[ix].path == path)
            .copied()
    }

    pub(super) fn remove(&mut self, ix: Ix, nodes: &Nodes) {
        let hash = self.hasher.hash_one(&*nodes[ix].path);
        if let Ok(entry) = self.places.find_entry(hash, |&other| other == ix) {
            entry.remove();
        }
    }

    /// Every node that has a path.
    #[cfg(any(test, feature = "__world"))]
    pub(super) fn places(&self) -> impl Iterator<Item = Ix> {
        self.places.iter().copied()
    }
}

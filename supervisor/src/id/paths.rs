//! Which place a path belongs to: a hash table of places that looks for the keys where they lie.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Odd, and with about as many ones as zeros.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const FINISH: u64 = 0xd1b5_4a32_d192_ed03;

#[derive(Clone, Debug)]
pub(crate) struct Paths {
    places: HashTable<u32>,
    /// Nobody outside knows it, so nobody can choose paths that collide.
    seed: u64,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            places: HashTable::new(),
            seed: RandomState::new().hash_one(()),
        }
    }
}

impl Paths {
    /// Makes room for so many more.
    pub(crate) fn reserve<'a>(&mut self, more: usize, path_of: impl Fn(u32) -> &'a str) {
        let seed = self.seed;
        self.places
            .reserve(more, |&place| hash(seed, path_of(place)));
    }

    /// Puts a path in, unless it is there; answers whether it was not.
    pub(crate) fn insert<'a>(
        &mut self,
        place: u32,
        path: &str,
        path_of: impl Fn(u32) -> &'a str,
    ) -> bool {
        let seed = self.seed;
        let entry = self.places.entry(
            hash(seed, path),
            |&other| path_of(other) == path,
            |&other| hash(seed, path_of(other)),
        );
        match entry {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(place);
                true
            }
        }
    }

    pub(crate) fn find<'a>(&self, path: &str, path_of: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.places
            .find(hash(self.seed, path), |&place| path_of(place) == path)
            .copied()
    }

    pub(crate) fn remove(&mut self, place: u32, path: &str) {
        let entry = self
            .places
            .find_entry(hash(self.seed, path), |&other| other == place);
        if let Ok(entry) = entry {
            entry.remove();
        }
    }

    /// Every place that has a path.
    #[cfg(any(test, feature = "__world"))]
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        self.places.iter().copied()
    }
}

/// Eight bytes at a time: paths are short, and every start of a tree hashes all of them.
fn hash(seed: u64, path: &str) -> u64 {
    let words = path.as_bytes().chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    });
    let begin = fold(seed ^ path.len() as u64, MULTIPLIER);
    let hash = words.fold(begin, |hash, word| fold(hash ^ word, MULTIPLIER));
    fold(hash, FINISH)
}

/// Multiplies, and lets the upper half of the product count as much as the lower one.
fn fold(a: u64, b: u64) -> u64 {
    let high = (u128::from(a) * u128::from(b)) >> 64;
    a.wrapping_mul(b) ^ u64::try_from(high).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_path_is_found_where_it_was_put_until_it_is_removed() {
        let all = ["", "a", "a/b", "a/b/c"];
        let path_of = |place: u32| all[place as usize];
        let mut paths = Paths::default();
        for place in 0..4 {
            assert!(paths.insert(place, path_of(place), path_of));
        }
        assert!(!paths.insert(3, "a/b", path_of), "it is there already");
        paths.remove(1, "a");
        let found = all.map(|path| paths.find(path, path_of));
        assert_eq!(found, [Some(0), None, Some(2), Some(3)]);
    }

    #[test]
    fn paths_that_are_alike_do_not_share_a_hash() {
        for seed in [0, 1, u64::MAX, 0x1234_5678] {
            let alike = (0..100_000).map(|n| format!("gateway/session-{n}"));
            let hashes: HashSet<u64> = alike.map(|path| hash(seed, &path)).collect();
            assert!(hashes.len() > 99_990, "{seed}: {}", hashes.len());
            let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xffff).collect();
            assert!(low.len() > 45_000, "{seed}: the lower bits, {}", low.len());
        }
    }

    #[test]
    fn zeros_at_the_end_count() {
        assert_ne!(hash(7, "a"), hash(7, "a\0"));
        assert_ne!(hash(7, ""), hash(7, "\0\0\0\0\0\0\0\0"));
    }
}

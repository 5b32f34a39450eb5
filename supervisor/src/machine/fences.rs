//! Generations of paths that have been removed, so that a name that comes back goes on counting.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Paths that are remembered one by one (I11). Of those beyond, the highest generation is
/// remembered for all: a name that comes back may skip numbers, and never repeats one.
const CAPACITY: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Fences {
    starts: HashMap<Arc<str>, u64>,
    order: VecDeque<Arc<str>>,
    floor: u64,
}

impl Fences {
    /// Keeps how many start attempts a path has had; whoever has left it last need not know of all.
    pub(super) fn remember(&mut self, path: &Arc<str>, starts: u64) {
        if starts <= self.recall(path) {
            return;
        }
        if self.starts.insert(Arc::clone(path), starts).is_some() {
            return;
        }
        self.order.push_back(Arc::clone(path));
        if self.order.len() > CAPACITY {
            let oldest = self.order.pop_front();
            let forgotten = oldest.and_then(|path| self.starts.remove(&path));
            self.floor = self.floor.max(forgotten.unwrap_or(0));
        }
    }

    /// How many start attempts a path has had, at the least.
    pub(super) fn recall(&self, path: &str) -> u64 {
        self.starts.get(path).copied().unwrap_or(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_path_never_repeats_a_generation() {
        let mut fences = Fences::default();
        fences.remember(&"first".into(), 7);
        for i in 0..=CAPACITY {
            fences.remember(&format!("other{i}").into(), 2);
        }
        assert!(fences.recall("first") >= 7);
        assert!(fences.starts.len() <= CAPACITY + 1);
        assert_eq!(fences.starts.len(), fences.order.len());
    }

    #[test]
    fn whoever_knows_of_fewer_attempts_takes_none_back() {
        let mut fences = Fences::default();
        fences.remember(&"a".into(), 2);
        fences.remember(&"a".into(), 1);
        assert_eq!(fences.recall("a"), 2);
        assert_eq!(fences.recall("b"), 0, "nor gives others any");
    }

    #[test]
    fn an_unknown_path_begins_at_zero() {
        assert_eq!(Fences::default().recall("new"), 0);
    }
}

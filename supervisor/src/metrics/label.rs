//! Which label a path has: one for each static child, and one for all that is added in a place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::event::kind::{Event, EventKind};

/// Paths that are known, with their labels. What was added and has gone is forgotten.
#[derive(Debug, Default)]
pub(super) struct Labels {
    labels: HashMap<Arc<str>, Arc<str>>,
    /// Roots of what was added at run time.
    added: HashSet<Arc<str>>,
}

impl Labels {
    /// Takes note of what is static and what is added.
    pub(super) fn learn(&mut self, event: &Event) {
        // A static child that comes back is known.
        if matches!(event.kind, EventKind::Added) {
            self.add(&event.path);
        }
    }

    /// A child has been added, or a static one has come back.
    pub(super) fn add(&mut self, path: &Arc<str>) {
        if !self.labels.contains_key(path) {
            self.added.insert(Arc::clone(path));
        }
    }

    /// Begins anew with what has been added: some of it may have gone.
    pub(super) fn forget_added(&mut self) {
        self.added.clear();
        self.labels.retain(|path, label| path == label);
    }

    /// The label of a path.
    pub(super) fn of(&mut self, path: &Arc<str>) -> Arc<str> {
        if let Some(label) = self.labels.get(path) {
            return Arc::clone(label);
        }
        let label = self.make(path);
        self.labels.insert(Arc::clone(path), Arc::clone(&label));
        label
    }

    /// The path has no child any more.
    pub(super) fn forget(&mut self, path: &str) {
        let added = self.labels.get(path).is_some_and(|label| **label != *path);
        if added {
            self.labels.remove(path);
            self.added.remove(path);
        }
    }

    fn make(&self, path: &Arc<str>) -> Arc<str> {
        if self.added.is_empty() {
            return Arc::clone(path);
        }
        let mut label = String::with_capacity(path.len());
        let mut end = 0;
        for segment in path.split('/') {
            end += segment.len();
            if !label.is_empty() {
                label.push('/');
            }
            let added = self.added.contains(&path[..end]);
            label.push_str(if added { "*" } else { segment });
            end += 1;
        }
        label.into()
    }
}

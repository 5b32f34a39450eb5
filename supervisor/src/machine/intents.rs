//! What operators want of children that do not exist yet.

use std::sync::Arc;

use super::Machine;
use super::node::Ix;
use crate::control::audit::Audit;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::{Event, EventKind};

/// Names that are remembered (I11).
pub(crate) const CAPACITY: usize = 256;

/// What became of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Too many are remembered already.
    Full,
    Recorded {
        before: Operation,
    },
}

impl Machine {
    /// Remembers what is wanted of a child that is not known, until it is added.
    pub(crate) fn record_intent(
        &mut self,
        path: &str,
        operation: Operation,
        _audit: &Audit,
    ) -> Intent {
        let known = self.intents.iter().position(|(name, _)| &**name == path);
        let before = match known {
            Some(place) => std::mem::replace(&mut self.intents[place].1, operation),
            None if self.intents.len() == CAPACITY => return Intent::Full,
            None => {
                self.intents.push((path.into(), operation));
                Operation::Active
            }
        };
        if before != operation {
            let evicted = self.journal.push(Event {
                seq: 0,
                at: self.now.since_start(),
                path: path.into(),
                generation: None,
                attempt: 0,
                kind: EventKind::Intent(operation),
            });
            if let Some(kind) = evicted {
                self.trash.event(kind);
            }
        }
        Intent::Recorded { before }
    }

    /// Applies what was wanted of a child that has just been added.
    pub(super) fn apply_intent(&mut self, ix: Ix) {
        let path = Arc::clone(&self.nodes[ix].path);
        let Some(place) = self.intents.iter().position(|(name, _)| *name == path) else {
            return;
        };
        let (_, operation) = self.intents.swap_remove(place);
        self.nodes[ix].operation = operation;
        self.emit(ix, EventKind::Operation(operation));
    }
}

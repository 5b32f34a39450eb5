//! What operators want of children that do not exist yet.

use std::sync::Arc;

use super::Machine;
use super::node::Ix;
use crate::control::audit::Audit;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::command::CommandKind;
use crate::event::kind::EventKind;
use crate::event::snapshot::ChildState;

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
        audit: &Audit,
    ) -> Intent {
        let command = match operation {
            Operation::Quarantined => CommandKind::Quarantine,
            _ => CommandKind::Pause,
        };
        #[cfg(feature = "recorder")]
        self.note_told(|| super::recorder::Told::Intent(path.into(), operation, audit.clone()));
        self.emit_command(None, &path.into(), command, audit);
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
            self.emit_unknown(
                &path.into(),
                ChildState::Declared,
                EventKind::Intent(operation),
            );
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

//! What operators want of children that do not exist yet.

use std::sync::Arc;

use super::Machine;
use super::answer::{Answer, Refusal};
use super::input::{Token, Verb};
use super::node::Ix;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;

/// Names that are remembered (I11).
pub(crate) const CAPACITY: usize = 256;

/// What may be wanted of a child that does not exist.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intended {
    Pause,
    Quarantine,
}

impl Intended {
    /// What is done to a child that exists.
    pub(crate) const fn verb(self) -> Verb {
        match self {
            Self::Pause => Verb::Pause,
            Self::Quarantine => Verb::Quarantine,
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Pause => Operation::Paused,
            Self::Quarantine => Operation::Quarantined,
        }
    }
}

impl Machine {
    /// Remembers what is wanted of a child that is not known, until it is added.
    pub(super) fn record_intent(&mut self, token: Token, intended: Intended, path: &Arc<str>) {
        let after = intended.operation();
        let before = match self.intent(path) {
            Some(place) => std::mem::replace(&mut self.intents[place].1, after),
            None if self.intents.len() == CAPACITY => {
                return self.answer(token, Err(Refusal::TooManyIntents));
            }
            None => {
                self.intents.push((Arc::clone(path), after));
                Operation::Active
            }
        };
        if before != after {
            self.emit_unknown(path, EventKind::Intent(after));
        }
        self.answer(token, Ok(Answer::Intent { before, after }));
    }

    /// A verb for a name that no child has: what takes back what is wanted of it does.
    pub(super) fn take_back_intent(&mut self, token: Token, verb: Verb, path: &str) {
        let place = match verb {
            Verb::Delete | Verb::Remove | Verb::Resume => self.intent(path),
            _ => None,
        };
        let Some(place) = place else {
            return self.answer(token, Err(Refusal::Unknown));
        };
        let (path, before) = self.intents.swap_remove(place);
        self.emit_unknown(&path, EventKind::Removed);
        let after = Operation::Active;
        self.answer(token, Ok(Answer::Intent { before, after }));
    }

    fn intent(&self, path: &str) -> Option<usize> {
        self.intents.iter().position(|(name, _)| &**name == path)
    }

    /// What is wanted of a child of this path, which does not exist.
    pub(super) fn wanted_of(&self, path: &str) -> Option<Operation> {
        self.intent(path).map(|place| self.intents[place].1)
    }

    /// Whether something is wanted of a child of this path, which does not exist.
    pub(crate) fn has_intent(&self, path: &str) -> bool {
        self.intent(path).is_some()
    }

    /// Applies what was wanted of a child that has just been added.
    pub(super) fn apply_intent(&mut self, ix: Ix) {
        let path = Arc::clone(&self.nodes[ix].path);
        let Some(place) = self.intent(&path) else {
            return;
        };
        let (_, operation) = self.intents.swap_remove(place);
        self.nodes[ix].operation = operation;
        self.emit(ix, EventKind::Operation(operation));
    }
}

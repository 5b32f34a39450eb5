//! Which commands wait for the start of a child to settle.

use std::collections::HashMap;

use super::Machine;
use super::input::{Action, Token};
use super::node::Ix;
use crate::machine::answer::{Answer, Refusal};

#[derive(Debug, Default)]
pub(super) struct Answers {
    /// With the event of the command.
    waiting: HashMap<Ix, Vec<(Token, u64)>>,
}

#[cfg(any(test, feature = "__world"))]
impl Answers {
    /// Children whose start somebody waits for.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Ix> {
        self.waiting.keys().copied()
    }
}

impl Machine {
    /// Answers a command, in its context.
    pub(super) fn answer(&mut self, token: Token, answer: Result<Answer, Refusal>) {
        if let Err(refusal) = &answer {
            self.emit_refusal(refusal.public());
        }
        self.actions.push_back(Action::Answer(token, answer));
    }

    /// Answers the command when the start of the child has settled.
    pub(super) fn answer_when_settled(&mut self, token: Token, ix: Ix) {
        self.answers
            .waiting
            .entry(ix)
            .or_default()
            .push((token, self.context));
    }

    /// Answers those who wait for the start of this child (I7).
    pub(super) fn settled(&mut self, ix: Ix, answer: &Result<Answer, Refusal>) {
        if self.answers.waiting.is_empty() {
            return;
        }
        let context = self.context;
        for (token, correlation) in self.answers.waiting.remove(&ix).unwrap_or_default() {
            self.context = correlation;
            self.answer(token, answer.clone());
        }
        self.context = context;
    }
}

//! Which commands wait for something: for the start of a child to settle, or for what follows from
//! them at once.

use std::collections::HashMap;

use super::Machine;
use super::answer::{Answer, ChildAnswer, Refusal};
use super::input::{Action, Token};
use super::node::{Down, Ix, NodeId, Phase};
use crate::control::outcome::ChildControlOperation as Operation;

#[derive(Debug, Default)]
pub(super) struct Answers {
    /// With the event of the command.
    waiting: HashMap<Ix, Vec<(Token, u64)>>,
    drafts: Vec<Draft>,
}

/// An answer that tells what the child is doing once supervisors have gone on.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) token: Token,
    pub(super) id: NodeId,
    /// The command forgets the child.
    pub(super) removes: bool,
    pub(super) answer: ChildAnswer,
}

impl Answers {
    pub(super) fn keep(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }
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
        self.actions
            .push_back(Action::Answer(token, Box::new(answer)));
    }

    /// Takes the answer to a command out of what is to be done, if it is there.
    pub(crate) fn take_answer(&mut self, token: Token) -> Option<Result<Answer, Refusal>> {
        let is_it = |action: &Action| matches!(action, Action::Answer(to, _) if *to == token);
        let place = self.actions.iter().rposition(is_it)?;
        match self.actions.remove(place)? {
            Action::Answer(_, answer) => Some(*answer),
            _ => None,
        }
    }

    /// Answers what has taken effect, with what has followed from it.
    #[inline]
    pub(super) fn answer_drafts(&mut self) {
        if !self.answers.drafts.is_empty() {
            self.answer_all_drafts();
        }
    }

    fn answer_all_drafts(&mut self) {
        for draft in std::mem::take(&mut self.answers.drafts) {
            let mut answer = draft.answer;
            let left = self.nodes.find(draft.id);
            let left = left.filter(|&ix| self.nodes[ix].phase != Phase::Down(Down::Removed));
            match left {
                Some(ix) if draft.removes => {
                    answer.operation_after = Operation::Removed;
                    answer.phase_after = self.nodes[ix].phase;
                }
                Some(ix) => {
                    answer.operation_after = self.nodes[ix].operation;
                    answer.phase_after = self.nodes[ix].phase;
                    answer.standing = self.standing(ix);
                }
                None => {
                    answer.operation_after = Operation::Removed;
                    answer.phase_after = Phase::Down(Down::Removed);
                }
            }
            self.answer(draft.token, Ok(Answer::Child(answer)));
        }
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
    #[inline]
    pub(super) fn settled(&mut self, ix: Ix, answer: &Result<Answer, Refusal>) {
        if !self.answers.waiting.is_empty() {
            self.answer_waiting(ix, answer);
        }
    }

    fn answer_waiting(&mut self, ix: Ix, answer: &Result<Answer, Refusal>) {
        let context = self.context;
        for (token, correlation) in self.answers.waiting.remove(&ix).unwrap_or_default() {
            self.context = correlation;
            self.answer(token, answer.clone());
        }
        self.context = context;
    }
}

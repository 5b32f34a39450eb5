//! Which commands wait for something: for the start of a child to settle, or for what follows from
//! them at once.

use std::collections::HashMap;

use super::Machine;
use super::answer::{Answer, ChildAnswer, Refusal, Settled, Start};
use super::input::{Action, Token};
use super::node::{Down, Ix, NodeId, Phase};
use crate::control::outcome::ChildControlOperation as Operation;

#[derive(Debug, Default)]
pub(super) struct Answers {
    waiting: HashMap<Ix, Vec<Waiting>>,
    drafts: Vec<Draft>,
}

/// Who waits for a start.
#[derive(Debug)]
struct Waiting {
    token: Token,
    /// The event of the command.
    correlation: u64,
    /// What was wanted of the child before.
    operation: Operation,
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
        let waiting = Waiting {
            token,
            correlation: self.context,
            operation: self.nodes[ix].operation,
        };
        self.answers.waiting.entry(ix).or_default().push(waiting);
    }

    /// Answers those who wait for the start of this child (I7).
    #[inline]
    pub(super) fn settled(&mut self, ix: Ix, start: &Result<Start, Refusal>) {
        if !self.answers.waiting.is_empty() {
            self.answer_waiting(ix, start);
        }
    }

    fn answer_waiting(&mut self, ix: Ix, start: &Result<Start, Refusal>) {
        let context = self.context;
        for waiting in self.answers.waiting.remove(&ix).unwrap_or_default() {
            self.context = waiting.correlation;
            // As of now: it may be otherwise when the one who asked hears of it.
            let before = waiting.operation;
            let answer = start.clone();
            let answer = answer.map(|start| self.answer_of_start(ix, start, before));
            self.answer(waiting.token, answer);
        }
        self.context = context;
    }

    /// Whether somebody waits for the start of this child.
    pub(super) fn is_waited_for(&self, ix: Ix) -> bool {
        self.answers.waiting.contains_key(&ix)
    }

    pub(super) fn answer_of_start(&self, ix: Ix, start: Start, before: Operation) -> Answer {
        let node = &self.nodes[ix];
        let settled = Settled {
            state: node.phase.public(),
            operation_before: before,
            operation_after: node.operation,
            generation: node.generation(),
            attempt: node.attempt,
            standing: self.standing(ix),
        };
        Answer::Start(start, Box::new(settled))
    }
}

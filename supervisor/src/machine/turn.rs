//! Whose turn it is: supervisors go on one step at a time, and read their mail in between.

use super::Machine;
use super::node::{Body, Cause, Ix, Letter, Mail, Phase, Wish};
use super::walk::{End, Op, Scope};
use crate::event::kind::EventKind;

impl Machine {
    /// Puts a message into a supervisor's inbox.
    pub(super) fn mail(&mut self, sup: Ix, mail: Mail) {
        let correlation = self.context;
        let letter = Letter { mail, correlation };
        self.nodes.sup_mut(sup).inbox.push_back(letter);
        self.schedule(sup);
    }

    pub(super) fn schedule(&mut self, sup: Ix) {
        let state = self.nodes.sup_mut(sup);
        if !state.scheduled {
            state.scheduled = true;
            self.todo.push_back(sup);
        }
    }

    /// Lets supervisors go on until nothing moves, or enough has been done.
    pub(super) fn advance(&mut self) {
        while self.steps_left > 0 {
            let Some(sup) = self.todo.pop_front() else {
                return;
            };
            // The node may have been given free since it was scheduled.
            let Body::Supervisor(state) = &mut self.nodes[sup].body else {
                continue;
            };
            state.scheduled = false;
            self.context = state.correlation;
            while self.step(sup) {
                self.steps_left = self.steps_left.saturating_sub(1);
                if self.steps_left == 0 {
                    // It may have given itself free.
                    if self.nodes[sup].sup().is_some() {
                        self.schedule(sup);
                    }
                    return;
                }
            }
            // What held up its start may be over.
            if matches!(self.nodes[sup].phase, Phase::Starting(_)) {
                self.check_ready(sup);
            }
        }
    }

    /// One step of a supervisor; false when it has to wait.
    fn step(&mut self, sup: Ix) -> bool {
        // The node may have been given free since it was scheduled.
        let Some(state) = self.nodes[sup].sup() else {
            return false;
        };
        self.context = state.correlation;
        match state.op {
            Op::Down => false,
            Op::Starting { next, scope, cause } => self.step_start(sup, next, scope, cause),
            Op::Stopping {
                next,
                scope,
                manner,
                ..
            } => self.step_stop(sup, next, scope, manner),
            Op::Up if self.is_changing(sup) => {
                self.change_is_over(sup);
                true
            }
            Op::Up => {
                let Some(letter) = self.nodes.sup_mut(sup).inbox.pop_front() else {
                    return false;
                };
                self.context = letter.correlation;
                self.deliver(sup, letter.mail);
                true
            }
        }
    }

    fn deliver(&mut self, sup: Ix, mail: Mail) {
        match mail {
            Mail::Command(token, command) => self.deliver_command(sup, token, command),
            Mail::Change => self.begin_change(sup),
            Mail::Due(of) => {
                let Some(ix) = of.find(&self.nodes) else {
                    return;
                };
                if let Phase::Failed(retry) = self.nodes[ix].phase {
                    self.restart(sup, ix, retry, self.now);
                }
            }
            // A group may have taken it up in the meantime, and started it again.
            Mail::Ended(of, at) | Mail::Failed(of, at) => {
                if let Some(ix) = of.find(&self.nodes) {
                    self.decide(sup, ix, at);
                }
            }
            Mail::FirstStart => self.continue_first_start(sup),
            Mail::Rest(scope) => {
                self.emit(sup, EventKind::GroupStarting);
                let stands = |ix: Ix| self.nodes[ix].flags.linked && self.nodes[ix].parent == sup;
                let next = match scope {
                    Scope::One(ix) if stands(ix) => ix,
                    _ => self.nodes.sup(sup).first,
                };
                let cause = Cause::Group;
                self.begin_operation(sup, Op::Starting { next, scope, cause });
            }
            Mail::Start(id) => {
                let Some(ix) = self.nodes.find(id) else {
                    return;
                };
                match (self.nodes[ix].phase, self.nodes[ix].wish) {
                    (Phase::Waiting(cause), _) => self.start_one(sup, ix, cause),
                    (Phase::Down(_), Wish::Start(cause)) => self.start_one(sup, ix, cause),
                    _ => {}
                }
            }
            Mail::Stop => self.stop_children(sup, End::Requested),
        }
    }
}

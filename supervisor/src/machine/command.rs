//! Whose turn a command is, and what it comes to where it is for no single child.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Refusal};
use super::input::{Command, Token, Verb};
use super::node::{Down, Ix, Mail, NodeId, Phase};
use super::time::Nanos;
use super::walk::{End, Op};
use super::{Machine, TreePhase};
use crate::control::audit::Audit;
use crate::event::command::CommandKind;

impl Machine {
    /// A command has arrived.
    pub(super) fn command(&mut self, token: Token, audit: &Audit, command: Command) {
        self.audit(&command, audit);
        let command = match command {
            Command::Reload(reload) => return self.reload(token, *reload),
            Command::Shutdown(within) => {
                let first = self.shut_down(within);
                return self.answer(token, Ok(Answer::Shutdown { first }));
            }
            command => command,
        };
        let sup = self.supervisor_for(&command);
        let Some(sup) = sup else {
            return self.refuse(token, command, Refusal::Unknown);
        };
        let state = self.nodes.sup(sup);
        let busy = !matches!(state.op, Op::Up) || !state.inbox.is_empty();
        if busy && self.waits_its_turn(sup, &command) && !self.comes_down(sup) {
            let command = self.by_path(sup, command);
            self.mail(sup, Mail::Command(token, command));
        } else {
            self.deliver_command(sup, token, command);
        }
    }

    /// The supervisor that a command is for.
    fn supervisor_for(&self, command: &Command) -> Option<Ix> {
        let sup = match command {
            Command::Add(sup, ..)
            | Command::Children(sup)
            | Command::Intended(_, sup, _)
            | Command::Named(_, sup, _) => self.nodes.find(*sup),
            Command::Child(_, id) => {
                let ix = self.known(*id);
                ix.and_then(|ix| self.nodes[ix].parent.some())
            }
            Command::Reload(_) | Command::Shutdown(_) => None,
        };
        sup.filter(|&sup| self.nodes[sup].sup().is_some())
    }

    /// What waits its turn is for whoever has the name by then, as in OTP: the child may have been
    /// removed, and another added in its place.
    fn by_path(&self, sup: Ix, command: Command) -> Command {
        match command {
            Command::Child(verb, id) => match self.known(id) {
                Some(ix) => Command::Named(verb, self.nodes.id(sup), self.path_of(ix)),
                None => command,
            },
            command => command,
        }
    }

    /// What starts something waits its turn; so does everything where OTP's order is asked for. A
    /// kill is no request to the supervisor.
    fn waits_its_turn(&self, sup: Ix, command: &Command) -> bool {
        let kills = matches!(command, Command::Child(Verb::Kill, _));
        command.is_add() || (self.waits(sup) && !kills)
    }

    /// Whether the answer to a command of this child would have to wait for the child: for its
    /// start, or for its stop with its group.
    pub(crate) fn waits_for(&self, asking: NodeId, command: &Command) -> bool {
        let waiting = self.supervisor_for(command);
        let Some(sup) = waiting.filter(|&sup| self.waits_its_turn(sup, command)) else {
            return false;
        };
        let sup = self.nodes.id(sup);
        let asking_starts = self.find(asking).map(|node| node.phase);
        let starts = matches!(asking_starts, Some(Phase::Starting(_)));
        (starts && self.is_above(sup, asking)) || self.holds_up_stop(sup, asking)
    }

    /// Writes what is asked for, whatever becomes of it; a question is not.
    fn audit(&mut self, command: &Command, audit: &Audit) {
        let (path, kind) = match command {
            // It is no event: were the next one taken for it, a refusal would be told of that.
            Command::Children(_) => return self.leave_context(),
            Command::Reload(_) => (self.path_of(Ix::ROOT), CommandKind::Reload),
            Command::Shutdown(_) => (self.path_of(Ix::ROOT), CommandKind::Shutdown),
            Command::Add(_, planned, _) => (Arc::clone(&planned.nodes[0].path), CommandKind::Start),
            Command::Child(verb, id) => {
                let path = self.nodes.find(*id).map(|ix| self.path_of(ix));
                // One that has gone left no name; it is answered that it is not known.
                (path.unwrap_or_else(|| Arc::from("?")), verb.kind())
            }
            Command::Intended(intended, _, path) => (Arc::clone(path), intended.verb().kind()),
            Command::Named(verb, _, path) => (Arc::clone(path), verb.kind()),
        };
        self.emit_command(&path, kind, audit);
    }

    fn path_of(&self, ix: Ix) -> Arc<str> {
        Arc::clone(&self.nodes[ix].path)
    }

    /// It is the command's turn.
    pub(super) fn deliver_command(&mut self, sup: Ix, token: Token, command: Command) {
        match command {
            Command::Add(_, planned, mirror) => self.add(sup, token, *planned, mirror.as_ref()),
            Command::Child(verb, id) => match self.known(id) {
                Some(ix) => self.verb(sup, ix, token, verb),
                None => self.answer(token, Err(Refusal::Unknown)),
            },
            Command::Named(verb, _, path) => match self.child_at(&path) {
                Some(id) => self.verb_of(id, token, verb),
                None => self.take_back_intent(token, verb, &path),
            },
            Command::Intended(intended, _, path) => match self.child_at(&path) {
                Some(id) => self.verb_of(id, token, intended.verb()),
                None => self.record_intent(token, intended, &path),
            },
            Command::Children(_) if self.comes_down(sup) => {
                self.answer(token, Err(Refusal::ShuttingDown));
            }
            Command::Children(_) => {
                let children = self.children(sup);
                self.answer(token, Ok(Answer::Children(children)));
            }
            // It has no turn of its own: its parts have.
            Command::Reload(reload) => self.reload(token, *reload),
            // It waits for nobody's turn.
            Command::Shutdown(within) => {
                let first = self.shut_down(within);
                self.answer(token, Ok(Answer::Shutdown { first }));
            }
        }
    }

    /// Begins to stop the tree, or hurries; false if the tree came down already.
    fn shut_down(&mut self, within: Option<Duration>) -> bool {
        let by = within.map_or(Nanos::NEVER, |within| self.now.after(within));
        match self.phase {
            TreePhase::Idle => {
                let cause = self.cause_of(&End::Requested);
                self.close(cause);
                self.end_tree(End::Requested);
                true
            }
            // A root that lets a start run its course has heard, and closes after that.
            TreePhase::Starting | TreePhase::Up
                if !matches!(self.nodes[Ix::ROOT].phase, Phase::Stopping(_)) =>
            {
                self.hurry(Ix::ROOT, by);
                self.stop_supervisor(Ix::ROOT);
                true
            }
            TreePhase::Starting | TreePhase::Up | TreePhase::Closing => {
                self.hurry(Ix::ROOT, by);
                false
            }
            TreePhase::Ended(_) => false,
        }
    }

    /// The child that stands at a path; the root is none.
    fn child_at(&self, path: &str) -> Option<NodeId> {
        let id = self.nodes.id(self.standing_at(path)?);
        self.known(id).map(|ix| self.nodes.id(ix))
    }

    /// The child that is asked for. One that has left, and is stuck, is asked for nothing any more:
    /// whoever is declared in its place is.
    fn known(&self, id: NodeId) -> Option<Ix> {
        let found = self.nodes.find(id).filter(|&ix| ix != Ix::ROOT)?;
        let has_left = self.nodes[found].parent == Ix::NONE;
        let ix = if has_left {
            self.heir_of(&self.nodes[found].path)?
        } else {
            found
        };
        (self.nodes[ix].phase != Phase::Down(Down::Removed)).then_some(ix)
    }

    /// A verb for a child that has just been found by its path.
    fn verb_of(&mut self, id: NodeId, token: Token, verb: Verb) {
        self.verb(self.nodes[id.ix].parent, id.ix, token, verb);
    }

    /// The node at a path, where the root is the empty one: whoever is declared in the place of one
    /// that has left and is stuck, as in snapshots and events.
    pub(crate) fn lookup(&self, path: &str) -> Option<NodeId> {
        let ix = self.standing_at(path)?;
        let known = self.nodes[ix].phase != Phase::Down(Down::Removed);
        known.then(|| self.nodes.id(ix))
    }
}

impl Command {
    const fn is_add(&self) -> bool {
        matches!(self, Self::Add(..))
    }
}

//! What is written to the journal, and what it follows from (I9, I10).
//!
//! Whatever is done is done *in the context* of one event: the command, crash or missed deadline
//! that began it. The context is kept where something waits: in the phase of a child, in the
//! operation of a supervisor, in its letters. It is taken up again when that goes on.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Machine;
use super::node::{Ix, NodeId, Phase};
use super::time::Nanos;
use super::walk::Op;
use crate::control::audit::Audit;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::command::{CommandKind, Commanded, Refused};
use crate::event::exit::ExitRecord;
use crate::event::journal::{Entry, Kept, Restart};
use crate::event::kind::EventKind;
use crate::event::snapshot::ChildState;

/// Nanoseconds after which the clock on the wall is looked at again: it may have been set.
const WALL_FOR: u64 = 1_000_000_000;

impl Machine {
    /// Tells what the clock on the wall shows.
    pub(crate) fn observe_wall(&mut self, now: Nanos, wall: SystemTime) {
        #[cfg(feature = "recorder")]
        self.note_told(|| super::recorder::Told::Wall(now.0, wall));
        let since_1970 = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
        self.wall_at_start = nanos.saturating_sub(now.0);
        self.wall_seen = now;
    }

    /// Whether it is time to look at the clock on the wall again.
    pub(crate) fn wants_wall(&self, now: Nanos) -> bool {
        self.wall_at_start == 0 || now.0.saturating_sub(self.wall_seen.0) >= WALL_FOR
    }

    /// Something begins: the next event is the first of it.
    pub(super) const fn begin_context(&mut self) {
        self.context = self.journal.seq() + 1;
    }

    /// Something is looked at, from which nothing follows.
    pub(super) const fn leave_context(&mut self) {
        self.context = 0;
    }

    /// Goes on with what has put the child into its phase.
    pub(super) fn resume_context(&mut self, ix: Ix) {
        self.context = self.nodes[ix].correlation;
    }

    /// From here on, what happens to the child follows from what is done now.
    pub(super) fn take_into_context(&mut self, ix: Ix) {
        self.nodes[ix].correlation = self.context;
    }

    /// Puts an operation of a supervisor under way.
    pub(super) fn begin_operation(&mut self, sup: Ix, op: Op) {
        let context = self.context;
        let state = self.nodes.sup_mut(sup);
        state.op = op;
        state.correlation = context;
    }

    /// Writes an event of a child.
    pub(super) fn emit(&mut self, ix: Ix, kind: EventKind) {
        let state = match kind {
            // What becomes of it is not known yet.
            EventKind::Exited(_) | EventKind::SupervisorEnded(_) => ChildState::Exited,
            _ => self.known_state(ix),
        };
        self.emit_as(ix, kind, state);
    }

    /// Writes an event of a child that is known to do this now.
    #[inline]
    pub(super) fn emit_as<K>(&mut self, ix: Ix, kind: K, state: ChildState)
    where
        Kept: From<Entry<K>>,
    {
        let node = &self.nodes[ix];
        self.write(Entry {
            at: self.now.0,
            wall: self.wall_nanos(),
            path: Arc::clone(&node.path),
            starts: node.starts,
            attempt: node.attempt,
            state,
            operation: node.operation,
            ready: node.is_ready_as(state),
            correlation: self.context,
            kind,
        });
    }

    /// Writes the events of an end that is followed by a restart at once, before that is counted.
    #[inline]
    pub(super) fn emit_restart(&mut self, ix: Ix, exit: Arc<ExitRecord>) {
        let (at, wall) = (self.now.0, self.wall_nanos());
        let node = &self.nodes[ix];
        let restart = Restart {
            at,
            wall,
            path: Arc::clone(&node.path),
            starts: node.starts,
            attempt: node.attempt,
            exit,
        };
        let trash = &mut self.trash;
        self.journal
            .push_restart(restart, |owner| trash.gone(owner));
    }

    /// Writes an event of a path that no child has: of what is wanted of the next one, if anything.
    pub(super) fn emit_unknown(&mut self, path: &Arc<str>, kind: EventKind) {
        let (state, operation) = match self.wanted_of(path) {
            Some(operation) => (ChildState::Declared, operation),
            None => (ChildState::Removed, Operation::Active),
        };
        self.write(Entry {
            at: self.now.0,
            wall: self.wall_nanos(),
            path: Arc::clone(path),
            starts: 0,
            attempt: 0,
            state,
            operation,
            ready: false,
            correlation: self.context,
            kind,
        });
    }

    /// Writes who asks for something, and why: the first event of what follows.
    pub(super) fn emit_command(&mut self, path: &Arc<str>, command: CommandKind, audit: &Audit) {
        self.begin_context();
        let audit = audit.clone();
        let kind = EventKind::Commanded(Arc::new(Commanded { command, audit }));
        self.emit_at(path, kind);
    }

    /// Writes that the command of this context had no effect. A question is not audited.
    pub(super) fn emit_refusal(&mut self, why: Refused) {
        let asked = self.journal.get(self.context);
        let Some(asked) = asked.filter(|event| matches!(event.kind, EventKind::Commanded(_)))
        else {
            return;
        };
        let path = Arc::clone(&asked.path);
        self.emit_at(&path, EventKind::Refused(why));
    }

    /// Writes what is known of an attempt of this child, which may have left the tree: it tells what
    /// whoever stands at its path is doing.
    pub(super) fn emit_beside(&mut self, ix: Ix, kind: EventKind) {
        let path = Arc::clone(&self.nodes[ix].path);
        self.emit_at(&path, kind);
    }

    /// Whoever stands at the path now, also where one that has left and is stuck keeps it from
    /// starting; or else that one.
    pub(super) fn standing_at(&self, path: &str) -> Option<Ix> {
        let holder = self.index.find(path, &self.nodes)?;
        if self.is_in_the_tree(holder) {
            return Some(holder);
        }
        Some(self.heir_of(path).unwrap_or(holder))
    }

    /// Writes an event of whoever stands at the path now.
    fn emit_at(&mut self, path: &Arc<str>, kind: EventKind) {
        match self.standing_at(path).filter(|_| !self.has_intent(path)) {
            Some(ix) => self.emit(ix, kind),
            None => self.emit_unknown(path, kind),
        }
    }

    /// Writes that what was stuck has gone.
    pub(super) fn emit_unstuck(&mut self, id: NodeId, path: &Arc<str>) {
        // The path may have been handed over by now.
        let heir = self.index.find(path, &self.nodes);
        let known = heir.or_else(|| self.nodes.find(id));
        match known.filter(|_| !self.has_intent(path)) {
            Some(ix) => self.emit(ix, EventKind::Unstuck),
            None => self.emit_unknown(path, EventKind::Unstuck),
        }
    }

    /// Says in the event of an end what its child does after all that followed from it at once,
    /// where no other event says that.
    pub(super) fn amend(&mut self, seq: u64, id: NodeId) {
        let told = || {
            let event = self.journal.get(seq)?;
            Some(self.journal.tells_state(&event.path, seq))
        };
        if seq < self.journal.seq() && told() == Some(true) {
            // That has been told by events of their own.
            return;
        }
        let found = self.nodes.find(id);
        let state = found.map_or(ChildState::Removed, |ix| self.known_state(ix));
        let known = found.map(|ix| (self.nodes[ix].operation, self.nodes[ix].is_ready_as(state)));
        if let Some(event) = self.journal.newest_mut(seq) {
            event.state = state;
            if let Some((operation, ready)) = known {
                (event.operation, event.ready) = (operation, ready);
            }
        }
    }

    /// What a child is doing, unless it has left the tree.
    #[inline]
    pub(super) fn known_state(&self, ix: Ix) -> ChildState {
        let node = &self.nodes[ix];
        let stays = match node.phase {
            Phase::Running if node.flags.linked => return ChildState::Running,
            // It may stand below a supervisor that has left.
            Phase::Stuck(_) | Phase::Down(_) => self.is_in_the_tree(ix),
            _ => ix == Ix::ROOT || node.flags.linked,
        };
        if stays {
            node.phase.public()
        } else {
            ChildState::Removed
        }
    }

    /// Whether the child, and every supervisor above it, stands in its list.
    pub(super) fn is_in_the_tree(&self, ix: Ix) -> bool {
        let mut at = ix;
        while at != Ix::ROOT && at != Ix::NONE {
            let node = &self.nodes[at];
            if !node.flags.linked {
                return false;
            }
            at = node.parent;
        }
        true
    }

    /// What the clock on the wall shows now.
    pub(super) fn wall_clock(&self) -> SystemTime {
        self.wall_clock_at(self.now)
    }

    /// What it showed, or will show, by what it showed last.
    pub(super) fn wall_clock_at(&self, at: Nanos) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.wall_at_start.saturating_add(at.0))
    }

    /// The same in nanoseconds.
    const fn wall_nanos(&self) -> u64 {
        self.wall_at_start.saturating_add(self.now.0)
    }

    #[inline]
    fn write(&mut self, entry: impl Into<Kept>) {
        if let Some(owner) = self.journal.push(entry.into()) {
            self.trash.gone(owner);
        }
    }
}

//! What must hold whenever nothing moves.

use std::time::Duration;

use super::{Ends, Ticket, World};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::{Event, EventKind};
use crate::event::snapshot::ChildState;
use crate::machine::input::{Input, Verb};
use crate::machine::node::{Down, NodeId, Phase};
use crate::shutdown::report::ResourceReconcileStatus;
use crate::shutdown::stage::ShutdownPhase;

impl World {
    /// Checks what must hold whenever nothing moves, and that news of an attempt that has ended are
    /// ignored (I2).
    pub fn check(&mut self) {
        self.machine.check();
        self.check_fold();
        self.check_tasks();
        let workers = self.machine.live_workers();
        assert_eq!(workers, self.live.len(), "attempts on the runtime");
        if let Some(former) = self.former {
            let before = self.machine.journal().seq();
            let exit = Self::record(former, Ends::Failed);
            self.tell(Input::Ready(former.id, former.generation));
            self.tell(Input::Ending(former.id, former.generation));
            self.tell(Input::Stalled(former.id, former.generation, Duration::ZERO));
            self.tell(Input::Unstalled(former.id, former.generation));
            self.tell(Input::Exited(former.id, former.generation, exit));
            let mut followed = Vec::new();
            self.machine
                .journal()
                .read(before, usize::MAX, &mut followed);
            let stale = |event: &Event| matches!(event.kind, EventKind::Stale);
            followed.retain(|event| !stale(event));
            let followed: Vec<String> = followed.iter().map(Event::to_string).collect();
            assert!(
                followed.is_empty(),
                "I2: a stale message was taken up:\n  {}",
                followed.join("\n  ")
            );
            self.fold_events();
        }
    }

    /// What a command was answered at once is what its child does now.
    pub(super) fn check_told(&mut self, path: &str, ticket: Ticket, of: Option<(Verb, NodeId)>) {
        let told = self.told.take().filter(|told| told.0 == ticket);
        let (Some((_, told)), Some((verb, id)), false) = (told, of, self.has_more()) else {
            return;
        };
        let node = self.machine.find(id);
        let replaced = self.machine.lookup(path).is_some_and(|now| now != id);
        let lives = node.is_some_and(|node| node.phase.is_live());
        if replaced || (lives && !self.machine.is_in_the_tree(id.ix)) {
            // It has left before its turn came, and whoever has its place was asked.
            return;
        }
        let left = node.filter(|node| node.phase != Phase::Down(Down::Removed));
        let removes = matches!(verb, Verb::Delete | Verb::Remove);
        let known = left.filter(|_| !removes).map(|node| node.operation);
        assert_eq!(told.operation_after, known.unwrap_or(Operation::Removed));
        if let Some(node) = left {
            assert_eq!(told.phase_after, node.phase, "`{}`", node.path);
        }
        if known.is_some() {
            let standing = self.machine.standing(id.ix);
            assert_eq!(told.standing.generation, standing.generation);
        }
    }

    /// A report tells of every task that has not gone, and is complete when only those are left that
    /// cannot be ended.
    fn check_tasks(&self) {
        let report = self.machine.shutdown_report();
        let drivers = self.drivers.values();
        let is_stuck = |id: &NodeId| {
            let node = self.machine.find(*id);
            node.is_some_and(|node| matches!(node.phase, Phase::Stuck(_)))
        };
        let stuck = drivers.filter(|id| is_stuck(id)).count() == self.drivers.len();
        let complete = self.is_over() && stuck;
        assert_eq!(report.phase == ShutdownPhase::Completed, complete);
        if complete {
            // It stands, whoever goes after that.
            return;
        }
        let status = match self.drivers.len() {
            0 => ResourceReconcileStatus::Cleaned,
            _ if stuck => ResourceReconcileStatus::Recorded,
            _ => ResourceReconcileStatus::Failed,
        };
        assert_eq!(report.reconcile.tasks_left, self.drivers.len());
        assert_eq!(report.reconcile.task_status, status);
    }

    /// The events come to what the snapshot says, and each follows from one that begins something.
    pub(super) fn check_fold(&mut self) {
        if !self.fold_events() {
            return;
        }
        let snapshot = self.snapshot();
        assert_eq!(
            self.fold.is_ready(),
            snapshot.ready,
            "readiness of the tree"
        );
        let mut told = 0;
        for child in &snapshot.children {
            let path = &child.path;
            let Some(folded) = self.fold.child(path) else {
                let untold = (child.generation, child.ready, child.operation);
                assert_eq!(
                    untold,
                    (None, false, Operation::Active),
                    "untold: {child:?}"
                );
                continue;
            };
            told += 1;
            let differs = folded.differs_from(child);
            assert_eq!(differs, None, "`{path}`: {folded:?} and {child:?}");
        }
        assert_eq!(told, self.fold.children().count(), "{:?}", self.fold);
    }

    /// Answers whether there was no gap since the tree was made.
    fn fold_events(&mut self) -> bool {
        let journal = self.machine.journal();
        let mut events = Vec::new();
        if journal.read(self.fold.seq(), usize::MAX, &mut events) > 0 {
            return false;
        }
        for event in events {
            self.check_found(&event);
            self.fold.apply(&event).expect("without a gap");
            let first = journal.get(event.correlation);
            let begins = first.is_none_or(|first| first.correlation == event.correlation);
            assert!(
                begins && event.correlation > 0,
                "{event:?} follows from nothing"
            );
        }
        true
    }

    /// An event that changes nothing tells of a child what those before it have told.
    fn check_found(&self, event: &Event) {
        if event.kind.tells_state() {
            return;
        }
        if let Some(child) = self.fold.child(&event.path) {
            let known = (child.state, child.operation, child.ready);
            let found = (event.state, event.operation, event.ready);
            // It has ended, and what becomes of it may be known by now.
            let lives = matches!(
                event.state,
                ChildState::Aborting
                    | ChildState::Running
                    | ChildState::Starting
                    | ChildState::Stopping
                    | ChildState::Stuck
            );
            let rests = child.state == ChildState::Exited && !lives;
            assert!(found == known || rests, "{event:?}, and it was {child:?}");
        }
    }
}

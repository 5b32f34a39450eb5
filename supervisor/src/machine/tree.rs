//! How far the whole tree is, from its start until its report stands.

use super::Machine;
use super::node::{Cause, Ix};
use super::report::Shutdown;
use super::walk::End;
use crate::shutdown::stage::{ShutdownCause, ShutdownPhase};

/// How far the tree is.
#[derive(Clone, Debug)]
pub(crate) enum TreePhase {
    Idle,
    Starting,
    /// Every critical child of the first start is up.
    Up,
    /// It comes down and will not start anything any more.
    Closing,
    Ended(End),
}

impl Machine {
    pub(super) fn start_tree(&mut self) {
        if matches!(self.phase, TreePhase::Idle) {
            self.begin_context();
            self.phase = TreePhase::Starting;
            self.begin_start(Ix::ROOT, Cause::First);
        }
    }

    /// The tree has ended; its report stands.
    pub(super) fn end_tree(&mut self, end: End) {
        self.phase = TreePhase::Ended(end);
        self.ended_at = self.now;
        self.shutdown_comes_to(ShutdownPhase::Reconcile);
        self.put_away();
    }

    /// Nothing will run any more, wherever it is.
    pub(super) fn runtime_gone(&mut self) {
        if !self.is_closing() {
            self.begin_context();
            self.close(ShutdownCause::RuntimeGone);
            self.stop_supervisor(Ix::ROOT);
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        matches!(self.phase, TreePhase::Closing | TreePhase::Ended(_))
    }

    /// From here on nothing starts, and an observed end is answered with a release.
    pub(super) fn close(&mut self, cause: ShutdownCause) {
        if !self.is_closing() {
            self.phase = TreePhase::Closing;
            self.closing_since = self.now;
            self.shutdown = Shutdown::Underway {
                cause,
                phases: Vec::new(),
                // Grown bit by bit, it would be moved now and then.
                children: Vec::with_capacity(self.live),
            };
            self.shutdown_comes_to(ShutdownPhase::RequestStop);
        }
    }
}

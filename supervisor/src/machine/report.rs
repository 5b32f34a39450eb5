//! How far a shutdown is, and what it has done.

use std::sync::Arc;
use std::time::Duration;

use super::node::{Ix, Phase};
use super::walk::End;
use super::{Machine, TreePhase};
use crate::event::kind::EventKind;
use crate::shutdown::report::{
    ChildShutdownStatus, PhaseReached, ResourceReconcileStatus, ShutdownReconcileReport,
    ShutdownReport, Stopped,
};
use crate::shutdown::stage::{ShutdownCause, ShutdownPhase};

/// What is known of the shutdown of a tree.
#[derive(Clone, Debug)]
pub(super) enum Shutdown {
    Before,
    /// It has begun.
    Underway {
        cause: ShutdownCause,
        phases: Vec<PhaseReached>,
        children: Vec<Stopped>,
    },
    /// Its report stands, whatever comes late.
    Reported(Arc<ShutdownReport>),
}

impl Machine {
    /// How far the shutdown is.
    pub(crate) fn shutdown_phase(&self) -> ShutdownPhase {
        match &self.shutdown {
            Shutdown::Before => ShutdownPhase::Idle,
            Shutdown::Underway { phases, .. } => {
                phases.last().map_or(ShutdownPhase::Idle, |last| last.phase)
            }
            Shutdown::Reported(report) => report.phase,
        }
    }

    /// The report of the shutdown, so far or for good.
    pub(crate) fn shutdown_report(&self) -> Arc<ShutdownReport> {
        match &self.shutdown {
            Shutdown::Reported(report) => Arc::clone(report),
            Shutdown::Before => Arc::new(self.report(ShutdownCause::NotAsked, &[], &[])),
            Shutdown::Underway {
                cause,
                phases,
                children,
            } => Arc::new(self.report(cause.clone(), phases, children)),
        }
    }

    /// Why the tree comes down.
    pub(super) fn cause_of(&self, end: &End) -> ShutdownCause {
        match end {
            End::AutoShutdown => ShutdownCause::AutoShutdown,
            End::Declined => ShutdownCause::Declined,
            End::GaveUp(_) | End::Killed => ShutdownCause::GaveUp,
            End::StartFailed(_) => ShutdownCause::StartFailed,
            End::Requested => match self.command_of_context() {
                Some(asked) => ShutdownCause::Requested(asked.audit.clone()),
                None => ShutdownCause::RuntimeGone,
            },
        }
    }

    /// Phases of a shutdown only follow each other.
    #[inline]
    pub(super) fn shutdown_comes_to(&mut self, phase: ShutdownPhase) {
        if matches!(self.shutdown, Shutdown::Underway { .. }) && self.shutdown_phase() < phase {
            self.shutdown_has_come_to(phase);
        }
    }

    fn shutdown_has_come_to(&mut self, phase: ShutdownPhase) {
        let after = self.now.since(self.closing_since);
        if let Shutdown::Underway { phases, .. } = &mut self.shutdown {
            phases.push(PhaseReached { phase, after });
            self.emit(Ix::ROOT, EventKind::Shutdown(phase));
        }
    }

    /// The shutdown is complete once nothing is left but what cannot be ended.
    pub(super) fn put_away(&mut self) {
        let underway = matches!(self.shutdown, Shutdown::Underway { .. });
        if !underway || !self.is_over() || self.driven > self.stuck {
            return;
        }
        self.context = self.nodes[Ix::ROOT].correlation;
        self.shutdown_comes_to(ShutdownPhase::Completed);
        if let Shutdown::Underway {
            cause,
            phases,
            children,
        } = std::mem::replace(&mut self.shutdown, Shutdown::Before)
        {
            let report = self.report(cause, &phases, &[]);
            let report = ShutdownReport { children, ..report };
            self.shutdown = Shutdown::Reported(Arc::new(report));
        }
    }

    fn report(
        &self,
        cause: ShutdownCause,
        phases: &[PhaseReached],
        children: &[Stopped],
    ) -> ShutdownReport {
        let phase = phases.last().map_or(ShutdownPhase::Idle, |last| last.phase);
        // Everything that is left is known to be stuck, or it is not known why it is left.
        let task_status = match self.driven {
            0 => ResourceReconcileStatus::Cleaned,
            left if left == self.stuck => ResourceReconcileStatus::Recorded,
            _ => ResourceReconcileStatus::Failed,
        };
        let ended_at = match self.phase {
            TreePhase::Ended(_) => self.ended_at,
            _ => self.now,
        };
        ShutdownReport {
            phase,
            cause,
            started_at: self.wall_clock_at(self.closing_since),
            phases: phases.to_vec(),
            children: children.to_vec(),
            took: ended_at.since(self.closing_since),
            reconcile: ShutdownReconcileReport {
                // It has no sockets.
                socket_status: ResourceReconcileStatus::NotOwned,
                task_status,
                tasks_left: self.driven,
                stale_reports: self.stale,
            },
        }
    }

    /// Who has come to rest so far; of a tree that does not shut down, nobody.
    fn told(&mut self) -> &mut Vec<Stopped> {
        match &mut self.shutdown {
            Shutdown::Underway { children, .. } => children,
            Shutdown::Before | Shutdown::Reported(_) => {
                unreachable!("children are reported while the tree closes")
            }
        }
    }

    /// Adds whatever cannot be ended, wherever it is, to the report; what stands there already is
    /// told as of now.
    pub(super) fn report_stuck(&mut self) {
        if self.stuck == 0 || !matches!(self.phase, TreePhase::Closing) {
            return;
        }
        let mut told = std::mem::take(self.told());
        for child in &mut told {
            if child.status == ChildShutdownStatus::AbortFailed {
                let ix = self.index.find(&child.path, &self.nodes);
                child.stuck = ix.and_then(|ix| self.stuck_of(ix)).or(child.stuck);
            }
        }
        *self.told() = told;
        for place in 0..self.nodes.len() {
            let ix = super::index_of(place);
            if matches!(self.nodes[ix].phase, Phase::Stuck(_)) {
                self.report_stopped(ix, ChildShutdownStatus::AbortFailed);
            }
        }
    }

    /// Whether the report tells of a path already.
    pub(super) fn is_reported(&self, path: &str) -> bool {
        match &self.shutdown {
            Shutdown::Underway { children, .. } => children.iter().any(|told| *told.path == *path),
            Shutdown::Before | Shutdown::Reported(_) => false,
        }
    }

    /// Adds a child to the report of a shutdown of the tree.
    pub(super) fn report_stopped(&mut self, ix: Ix, status: ChildShutdownStatus) {
        let reports = matches!(self.phase, TreePhase::Closing);
        if !reports {
            return;
        }
        if let Some(sup) = self.nodes[ix].sup() {
            // What is below a supervisor that is down is not walked over any more.
            let mut next = if status == ChildShutdownStatus::AlreadyExited {
                sup.last
            } else {
                Ix::NONE
            };
            while let Some(child) = next.some() {
                self.report_stopped(child, status);
                next = self.nodes[child].prev;
            }
            return;
        }
        if status == ChildShutdownStatus::AlreadyExited && self.is_fenced_by_another(ix) {
            // That one is told of.
            return;
        }
        let node = &self.nodes[ix];
        let status = match node.phase {
            // Its supervisor is down, and it is not.
            Phase::Stuck(_) if status == ChildShutdownStatus::AlreadyExited => {
                ChildShutdownStatus::AbortFailed
            }
            _ => status,
        };
        let took = match status {
            ChildShutdownStatus::AlreadyExited => Duration::ZERO,
            _ => self.now.since(node.asked),
        };
        let stopped = Stopped {
            path: Arc::clone(&node.path),
            status,
            took,
            stuck: self.stuck_of(ix),
        };
        if !std::mem::replace(&mut self.nodes[ix].flags.reported, true) {
            return self.told().push(stopped);
        }
        if status == ChildShutdownStatus::AlreadyExited {
            return;
        }
        let told = self.told();
        match told.iter_mut().find(|former| former.path == stopped.path) {
            // It had been given up and has gone after all before the report was read, or was
            // started once more with its group and does not go.
            Some(former) => {
                let is_news = matches!(
                    status,
                    ChildShutdownStatus::AbortFailed | ChildShutdownStatus::LateReport
                );
                if is_news && former.status != status {
                    *former = stopped;
                }
            }
            // It came late, and has run all the same.
            None => told.push(stopped),
        }
    }
}

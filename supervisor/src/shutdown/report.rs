//! What a shutdown did: every child, in order, how it ended and how long that took.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::stage::{ShutdownCause, ShutdownPhase};
use crate::event::stuck::Stuck;

/// The result of [`shutdown_tree`](crate::TreeRef::shutdown_tree).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShutdownResult {
    /// How far the shutdown is.
    pub phase: ShutdownPhase,
    /// The report, once it is complete.
    pub report: Option<ShutdownReport>,
    /// The tree had been asked to shut down before.
    pub idempotent: bool,
}

/// What a shutdown did. Every later question gets the same report.
///
/// Displays as a table, one line for each child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// How far the shutdown is: [`ShutdownPhase::Completed`], unless it was looked at before.
    pub phase: ShutdownPhase,
    /// What has brought it about.
    pub cause: ShutdownCause,
    /// When that was, by the clock on the wall.
    #[serde(with = "crate::event::nanos::wall")]
    pub started_at: SystemTime,
    /// When each phase was reached.
    pub phases: Vec<PhaseReached>,
    /// Every worker, in the order in which they ended.
    pub children: Vec<Stopped>,
    /// From the decision to the end of the last child.
    #[serde(with = "crate::event::nanos")]
    pub took: Duration,
    /// What the shutdown left of resources.
    pub reconcile: ShutdownReconcileReport,
}

/// When a shutdown came to one of its phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseReached {
    /// The phase.
    pub phase: ShutdownPhase,
    /// From the decision on.
    #[serde(with = "crate::event::nanos")]
    pub after: Duration,
}

/// How one child came to rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stopped {
    /// Path of the child.
    pub path: Arc<str>,
    /// How it ended.
    pub status: ChildShutdownStatus,
    /// From the request to its end.
    #[serde(with = "crate::event::nanos")]
    pub took: Duration,
    /// What it was doing when the tree ended, where it could not be ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
}

/// How a child ended in a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChildShutdownStatus {
    /// It could not be ended: it is stuck, and occupies its thread.
    AbortFailed,
    /// It had not ended when its budget was spent, and its future was dropped.
    Aborted,
    /// It did not run when it was its turn.
    AlreadyExited,
    /// Its future was dropped before its own budget was spent: the deadline of the whole had come.
    CutShort,
    /// It ended when it was asked to, with an error or a panic: see its last end.
    Failed,
    /// It ended when it was asked to. One that takes no context is dropped, for it cannot hear.
    Graceful,
    /// It had been given up as stuck, and ended after all.
    LateReport,
}

/// What a shutdown left of resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShutdownReconcileReport {
    /// Control sockets: this library opens none.
    pub socket_status: ResourceReconcileStatus,
    /// Tasks of the tree.
    pub task_status: ResourceReconcileStatus,
    /// Tasks that could not be ended: one for each child that is stuck.
    pub tasks_left: usize,
    /// Messages of attempts that were over already, since the tree was made.
    pub stale_reports: u64,
}

/// What became of a kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResourceReconcileStatus {
    /// Nothing is left.
    Cleaned,
    /// Something is left that nobody accounts for.
    Failed,
    /// The tree has none.
    NotOwned,
    /// Something is left, and named: see the children that are stuck.
    Recorded,
}

impl ShutdownReport {
    /// Whether every child stopped by itself when it was asked to, without an error or a panic.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.children.iter().all(|child| {
            let status = child.status;
            status == ChildShutdownStatus::Graceful || status == ChildShutdownStatus::AlreadyExited
        })
    }

    /// The children that could not be ended.
    pub fn stuck(&self) -> impl Iterator<Item = &Stopped> {
        let stuck = |child: &&Stopped| child.status == ChildShutdownStatus::AbortFailed;
        self.children.iter().filter(stuck)
    }
}

impl fmt::Display for ShutdownReport {
    /// One line for each child, in the order in which they ended.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped in {:.1?}: {}", self.took, self.cause)?;
        for child in &self.children {
            write!(
                f,
                "\n  {:<32} {:<14} {:.1?}",
                child.path,
                child.status.to_string(),
                child.took
            )?;
            if let Some(stuck) = &child.stuck {
                write!(f, "  {stuck}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ChildShutdownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AbortFailed => "stuck",
            Self::Aborted => "aborted",
            Self::AlreadyExited => "already exited",
            Self::CutShort => "cut short",
            Self::Failed => "failed",
            Self::Graceful => "graceful",
            Self::LateReport => "late",
        })
    }
}

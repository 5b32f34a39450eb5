//! A tree at one moment.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use super::failure::Failure;
use super::stuck::Stuck;
use crate::control::outcome::ChildControlOperation;
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::policy::{Intensity, Strategy};

/// A tree, as of one event.
///
/// Displays as a table, one line for each child.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// [`SCHEMA_VERSION`](super::kind::SCHEMA_VERSION) of the library that took it.
    pub schema: u32,
    /// The snapshot holds after the event of this number.
    pub as_of_seq: u64,
    /// When it was taken, since the tree was made.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// When it was taken, by the clock on the wall.
    #[serde(with = "super::nanos::wall")]
    pub wall: SystemTime,
    /// Every critical child of the tree is ready.
    pub ready: bool,
    /// How far the shutdown of the tree is.
    pub shutdown: ShutdownPhase,
    /// The supervisor at the root.
    pub root: SupervisorSnapshot,
    /// The supervisors and children below the root: parents first, siblings in order.
    pub children: Vec<ChildSnapshot>,
}

/// One child at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildSnapshot {
    /// Its path.
    pub path: Arc<str>,
    /// What only supervisors have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<SupervisorSnapshot>,
    /// What it is doing.
    pub state: ChildState,
    /// What is wanted of it.
    pub operation: ChildControlOperation,
    /// It counts as ready.
    pub ready: bool,
    /// The generation of its present or last attempt.
    pub generation: Option<u64>,
    /// The number of that attempt since the last back-off reset.
    pub attempt: u32,
    /// How long it has been in this state; of an attempt that lives, how long it has lived.
    #[serde(with = "super::nanos")]
    pub since: Duration,
    /// Until it is started again, where it waits for that.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::nanos::option"
    )]
    pub restart_in: Option<Duration>,
    /// Its own limit of restarts, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuse: Option<BudgetSnapshot>,
    /// Sub-tasks of its attempt that have not ended.
    #[serde(default)]
    pub sub_tasks: usize,
    /// For at least how long it has been inside one poll, where that is longer than its
    /// `stall_after`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::nanos::option"
    )]
    pub stalled: Option<Duration>,
    /// For how long it has been stuck, and what it is doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// How its last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<Arc<ExitRecord>>,
    /// Its `tags`.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub tags: Arc<[Arc<str>]>,
}

/// What a supervisor has besides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SupervisorSnapshot {
    /// Which siblings a restart takes along.
    pub strategy: Strategy,
    /// The restarts that it accepts, of all children that have no fuse.
    pub intensity: BudgetSnapshot,
    /// Why it came down, unless it has been started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
}

/// A limit of restarts within a sliding window, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BudgetSnapshot {
    /// Restarts that are left now; with the next one after that, it is spent.
    pub left: u32,
    /// Restarts that it allows.
    pub of: u32,
    /// Within this time.
    #[serde(with = "super::nanos")]
    pub window: Duration,
}

impl BudgetSnapshot {
    /// What is left of a limit of which so many restarts are used.
    pub(crate) const fn of(limit: Intensity, used: u32) -> Self {
        Self {
            left: limit.restarts.saturating_sub(used),
            of: limit.restarts,
            window: limit.window,
        }
    }
}

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildState {
    /// Its future is to be dropped.
    Aborting,
    /// It failed and waits to be started again.
    Backoff,
    /// Declared without code.
    Declared,
    /// It has ended; its supervisor has not come to it yet.
    Exited,
    /// It ended for good, badly.
    Failed,
    /// It is done.
    Finished,
    /// It declined to run.
    Ignored,
    /// It has not been started yet.
    NotStarted,
    /// There is no such child: it was removed, or forgotten when it had ended.
    Removed,
    /// It runs.
    Running,
    /// It has been started and is not ready yet.
    Starting,
    /// It is down by command, or with its group.
    Stopped,
    /// It has been asked to stop.
    Stopping,
    /// It does not yield and could not be ended.
    Stuck,
    /// It must start, but a sibling it is after is not ready.
    Waiting,
}

impl ChildState {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 15] = [
        Self::Aborting,
        Self::Backoff,
        Self::Declared,
        Self::Exited,
        Self::Failed,
        Self::Finished,
        Self::Ignored,
        Self::NotStarted,
        Self::Removed,
        Self::Running,
        Self::Starting,
        Self::Stopped,
        Self::Stopping,
        Self::Stuck,
        Self::Waiting,
    ];

    /// Whether nothing runs, and nothing will without a new reason.
    #[must_use]
    pub const fn is_down(self) -> bool {
        match self {
            Self::Declared
            | Self::Failed
            | Self::Finished
            | Self::Ignored
            | Self::NotStarted
            | Self::Removed
            | Self::Stopped => true,
            Self::Aborting
            | Self::Backoff
            | Self::Exited
            | Self::Running
            | Self::Starting
            | Self::Stopping
            | Self::Stuck
            | Self::Waiting => false,
        }
    }
}

#[allow(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's signature"
)]
fn is_empty(tags: &Arc<[Arc<str>]>) -> bool {
    tags.is_empty()
}

impl Snapshot {
    /// The child at a path.
    #[must_use]
    pub fn child(&self, path: &str) -> Option<&ChildSnapshot> {
        self.children.iter().find(|child| &*child.path == path)
    }
}

impl ChildSnapshot {
    /// Whether it is a supervisor.
    #[must_use]
    pub const fn is_supervisor(&self) -> bool {
        self.supervisor.is_some()
    }
}

impl fmt::Display for ChildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Aborting => "aborting",
            Self::Backoff => "backoff",
            Self::Declared => "declared",
            Self::Exited => "exited",
            Self::Failed => "failed",
            Self::Finished => "finished",
            Self::Ignored => "ignored",
            Self::NotStarted => "not started",
            Self::Removed => "removed",
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Stopped => "stopped",
            Self::Stopping => "stopping",
            Self::Stuck => "stuck",
            Self::Waiting => "waiting",
        })
    }
}

//! A tree at one moment.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use super::stuck::Stuck;
use crate::control::outcome::ChildControlOperation;

/// The children of a tree, as of one event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The snapshot holds after the event of this number.
    pub as_of_seq: u64,
    /// When it was taken, since the tree was made.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// Every critical child of the tree is ready.
    pub ready: bool,
    /// The supervisors and children below the root: parents first, siblings in order.
    pub children: Vec<ChildSnapshot>,
}

/// One child at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildSnapshot {
    /// Its path.
    pub path: Arc<str>,
    /// Whether it is a supervisor.
    pub is_supervisor: bool,
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
    /// How long it has been in this state.
    #[serde(with = "super::nanos")]
    pub since: Duration,
    /// Until it is started again, where it waits for that.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::nanos::option"
    )]
    pub restart_in: Option<Duration>,
    /// For how long it has been stuck, and what it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// How its last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<Arc<ExitRecord>>,
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

impl Snapshot {
    /// The child at a path.
    #[must_use]
    pub fn child(&self, path: &str) -> Option<&ChildSnapshot> {
        self.children.iter().find(|child| &*child.path == path)
    }
}

impl fmt::Display for Snapshot {
    /// A table, one line for each child.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = if self.ready { "ready" } else { "not ready" };
        write!(f, "tree {ready}, as of event {}", self.as_of_seq)?;
        for child in &self.children {
            let depth = child.path.matches('/').count();
            let name = child.path.rsplit('/').next().unwrap_or(&child.path);
            let label = format!("{:indent$}{name}", "", indent = 2 * depth + 2);
            let state = match child.operation {
                ChildControlOperation::Active => child.state.to_string(),
                operation => operation.to_string(),
            };
            write!(f, "\n{label:<32} {state:<12} {:>10.1?}", child.since)?;
            if let Some(generation) = child.generation {
                write!(f, "  generation {generation}")?;
            }
            if let Some(delay) = child.restart_in {
                write!(f, "  restarts in {delay:.1?}")?;
            }
            if let Some(stuck) = &child.stuck {
                write!(f, "  {}, given up {:.1?} ago", stuck.doing, stuck.since)?;
            }
            if let Some(exit) = &child.last_exit {
                write!(f, "  last: {exit}")?;
            }
        }
        Ok(())
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

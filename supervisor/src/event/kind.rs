//! The events of a tree.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::exit::{ExitRecord, TimeLimit};
use super::failure::Failure;
use super::stuck::Doing;
use crate::control::outcome::ChildControlOperation as Operation;

/// Something that happened to a child or supervisor of a tree.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Number of the event in its tree: begins at 1, without gaps.
    pub seq: u64,
    /// When it happened, since the tree was made; never goes back.
    #[serde(serialize_with = "super::nanos::serialize")]
    pub at: Duration,
    /// The child or supervisor; the root is the empty path.
    pub path: Arc<str>,
    /// Its generation; `None` before its first start.
    pub generation: Option<u64>,
    /// Its attempt since the last back-off reset.
    pub attempt: u32,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// Its future is dropped at the next opportunity.
    Aborting,
    /// A child was added at run time.
    Added,
    /// An attempt has ended; what is decided on it follows as an event of its own.
    Exited(Arc<ExitRecord>),
    /// It ended for good: normally, or as a temporary child.
    Finished,
    /// The supervisor comes down because of this.
    GaveUp(Arc<Failure>),
    /// An operator wants this of a child that does not exist yet.
    Intent(Operation),
    /// An operator changed what is wanted of it.
    Operation(Operation),
    /// Its start is complete.
    Ready,
    /// It was removed.
    Removed,
    /// It failed, and is started again after this delay.
    Restarting {
        /// Zero: at once.
        #[serde(serialize_with = "super::nanos::serialize")]
        delay: Duration,
        /// How the attempt ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit: Option<Arc<ExitRecord>>,
    },
    /// An attempt is started; a supervisor begins to start its children.
    Started,
    /// A supervisor has ended.
    SupervisorEnded(SupervisorEnd),
    /// It is down without having run: a restart that was due is called off.
    Stopped,
    /// It is asked to stop; a supervisor begins to stop its children.
    Stopping,
    /// It could not be ended in time; its path is fenced until it has physically gone.
    Stuck(Doing),
    /// It exceeds a limit of its time, and is ended for that.
    TimedOut {
        /// Which limit.
        limit: TimeLimit,
        /// What it allows.
        #[serde(serialize_with = "super::nanos::serialize")]
        after: Duration,
    },
    /// It must start, but a sibling that it is after is not ready.
    Waiting,
}

/// Why a supervisor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SupervisorEnd {
    /// The end of its children ended it.
    AutoShutdown,
    /// Its `init` declined to run.
    Declined,
    /// More restarts than allowed, or a fatal error.
    GaveUp,
    /// It was killed.
    Killed,
    /// It was asked to stop.
    Requested,
    /// A child could not be started.
    StartFailed,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        write!(f, "`{path}` ")?;
        match &self.kind {
            EventKind::Aborting => f.write_str("is aborted"),
            EventKind::Added => f.write_str("was added"),
            EventKind::Exited(exit) => exit.fmt(f),
            EventKind::Finished => f.write_str("has finished"),
            EventKind::GaveUp(failure) => write!(f, "gives up: {failure}"),
            EventKind::Intent(operation) => {
                write!(f, "is not known; it will be {operation} when it is added")
            }
            EventKind::Operation(operation) => write!(f, "is {operation}"),
            EventKind::Ready => f.write_str("is ready"),
            EventKind::Removed => f.write_str("was removed"),
            EventKind::Restarting { delay, exit } => {
                if let Some(exit) = exit {
                    write!(f, "{exit}; ")?;
                }
                if delay.is_zero() {
                    f.write_str("restarting now")
                } else {
                    write!(
                        f,
                        "restarting in {delay:?} (attempt {})",
                        self.attempt.saturating_add(1)
                    )
                }
            }
            EventKind::Started => f.write_str("starts"),
            EventKind::SupervisorEnded(end) => write!(f, "has ended: {end}"),
            EventKind::Stopped => f.write_str("is down; its restart is called off"),
            EventKind::Stopping => f.write_str("is asked to stop"),
            EventKind::Stuck(doing) => write!(f, "is stuck and could not be ended: {doing}"),
            EventKind::TimedOut { limit, after } => write!(f, "{limit} {after:?}"),
            EventKind::Waiting => f.write_str("waits for the children it is after"),
        }
    }
}

impl fmt::Display for SupervisorEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutoShutdown => "its children have ended",
            Self::Declined => "it declined to run",
            Self::GaveUp => "it gave up",
            Self::Killed => "it was killed",
            Self::Requested => "it was asked to stop",
            Self::StartFailed => "a child could not be started",
        })
    }
}

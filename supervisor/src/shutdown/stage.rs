//! What brings a shutdown about, and its phases.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::control::audit::Audit;

/// What has brought the shutdown of a tree about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShutdownCause {
    /// The end of its children, by `auto_shutdown`.
    AutoShutdown,
    /// The `init` of its root declined to run.
    Declined,
    /// It gave up; [`join`](crate::TreeRef::join) tells the causes.
    GaveUp,
    /// Nothing: it has not begun.
    NotAsked,
    /// Somebody asked for it.
    Requested(Audit),
    /// The runtime went away.
    RuntimeGone,
    /// A child could not be started.
    StartFailed,
}

impl fmt::Display for ShutdownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutoShutdown => f.write_str("its children have ended"),
            Self::Declined => f.write_str("its init declined to run"),
            Self::GaveUp => f.write_str("it gave up"),
            Self::NotAsked => f.write_str("nobody has asked for it"),
            Self::Requested(audit) => write!(f, "asked for by {audit}"),
            Self::RuntimeGone => f.write_str("the runtime has gone"),
            Self::StartFailed => f.write_str("a child could not be started"),
        }
    }
}

/// How far the shutdown of a tree is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[non_exhaustive]
pub enum ShutdownPhase {
    /// No shutdown has been asked for.
    #[default]
    Idle,
    /// The shutdown has begun; no child has been asked yet.
    RequestStop,
    /// Children are being stopped, in reverse.
    GracefulDrain,
    /// A child did not end within its budget: it is dropped, and so may be others.
    AbortStragglers,
    /// Every child has ended, or is known to be stuck; their tasks are being put away.
    Reconcile,
    /// Everything has ended, or is known to be stuck.
    Completed,
}

impl fmt::Display for ShutdownPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "idle",
            Self::RequestStop => "stop requested",
            Self::GracefulDrain => "draining",
            Self::AbortStragglers => "dropping what did not stop in time",
            Self::Reconcile => "putting away what is left",
            Self::Completed => "completed",
        })
    }
}

//! The phases of a shutdown.

use std::fmt;

use serde::{Deserialize, Serialize};

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

//! The phases of a shutdown.

use serde::{Deserialize, Serialize};

/// How far the shutdown of a tree is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ShutdownPhase {
    /// No shutdown has been asked for.
    #[default]
    Idle,
    /// Children are being stopped, in reverse.
    GracefulDrain,
    /// Everything has ended, or is known to be stuck.
    Completed,
}

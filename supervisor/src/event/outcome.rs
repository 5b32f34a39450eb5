//! How a child came to rest.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use super::failure::Failure;
use super::snapshot::ChildState;

/// How a child came to rest for good: nothing but a command, or a restart of its group, starts it
/// again.
///
/// What [`ChildHandle::outcome`](crate::ChildHandle::outcome) answers. It comes from the child
/// itself, not from the events, so it is never missed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildOutcome {
    /// `Finished`, `Failed`, `Ignored` or `Removed`; where the tree has ended before, `Stopped`, or
    /// `Stuck`.
    pub state: ChildState,
    /// How its last attempt ended; `None` for a supervisor, and where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Arc<ExitRecord>>,
    /// Why a supervisor gave up, or could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
}

impl ChildOutcome {
    /// Whether it did what it was there for: it ended normally, or declined to run.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.state, ChildState::Finished | ChildState::Ignored)
    }
}

impl fmt::Display for ChildOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)?;
        if let Some(exit) = &self.exit {
            write!(f, ": {exit}")?;
        }
        if let Some(failure) = &self.failure {
            write!(f, ": {failure}")?;
        }
        Ok(())
    }
}

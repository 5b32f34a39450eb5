//! What a command for a child has found and done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::snapshot::ChildState;
use crate::id::types::{Attempt, ChildId, Generation};

/// What is wanted of a child by its operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildControlOperation {
    /// Its policy alone decides.
    #[default]
    Active,
    /// It is kept down, through restarts of its group and of its supervisor.
    Paused,
    /// It is kept down for a reason.
    Quarantined,
    /// It is forgotten once it has stopped.
    Removed,
}

/// What the attempt of a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildAttemptStatus {
    /// It has been asked to end, and has not ended yet.
    Cancelling,
    /// It is ready, where readiness is more than having started.
    Ready,
    /// It runs.
    Running,
    /// It has been started and is not ready yet.
    Starting,
    /// No attempt lives.
    Stopped,
}

/// How far the stop of a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildStopState {
    /// The attempt has been asked to end.
    CancelDelivered,
    /// The attempt could not be ended in time; it is fenced.
    Failed,
    /// No stop is wanted.
    Idle,
    /// There is nothing to stop.
    NoActiveAttempt,
}

/// The outcome of a command for one child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildControlResult {
    /// The child.
    pub child_id: ChildId,
    /// Generation of the attempt that lived when the command arrived.
    pub generation: Option<Generation>,
    /// Number of that attempt since the last back-off reset.
    pub attempt: Option<Attempt>,
    /// What was wanted of the child before.
    pub operation_before: ChildControlOperation,
    /// What is wanted of it now.
    pub operation_after: ChildControlOperation,
    /// What it was doing when it was the command's turn; `None` where the child is not known, or
    /// where its start has been waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_before: Option<ChildState>,
    /// What it was doing after that; `None` where the child is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_after: Option<ChildState>,
    /// What its attempt is doing now; `None` where the child is not known.
    pub status: Option<ChildAttemptStatus>,
    /// This command has asked the attempt to end.
    pub cancel_delivered: bool,
    /// How far the stop is.
    pub stop_state: ChildStopState,
    /// The command has changed nothing.
    pub idempotent: bool,
    /// For a child that is not known: the nearest names that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did_you_mean: Vec<String>,
}

impl fmt::Display for ChildControlOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Quarantined => "quarantined",
            Self::Removed => "removed",
        })
    }
}

/// What the start of an added child led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StartOutcome {
    /// The child declined to run, which is a success without a process.
    Declined,
    /// The start is complete.
    Started,
}

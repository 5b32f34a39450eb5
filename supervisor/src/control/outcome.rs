//! What a flat command for a child has found and done: everything, in one answer.

use std::fmt;
use std::time::Duration;

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
    /// It is ready, where that is more than to run: it has said so, or it is a supervisor of which
    /// every critical child is.
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
    /// The attempt has been asked to end, or is to be dropped.
    CancelDelivered,
    /// The command found the child stopped: the stop that had been asked for is over.
    Completed,
    /// The attempt could not be ended in time; it is fenced.
    Failed,
    /// An attempt lives, and no stop is wanted.
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
    /// This command has asked the attempt to end, or has it dropped.
    pub cancel_delivered: bool,
    /// How far the stop is.
    pub stop_state: ChildStopState,
    /// The limit that its next restart counts against; `None` where the child is not known.
    pub restart_limit: Option<RestartLimitState>,
    /// Whether it is ready; `None` where the child is not known.
    pub liveness: Option<ChildLivenessState>,
    /// The command has changed nothing.
    pub idempotent: bool,
    /// What stands in the way: the child is stuck, or may not be restarted.
    pub failure: Option<ChildControlFailure>,
    /// How a restart gets past the attempt that lives; `None` for other commands.
    pub generation_fence: Option<GenerationFenceOutcome>,
    /// For a child that is not known: the nearest names that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did_you_mean: Vec<String>,
}

/// A limit of restarts within a sliding window, and how much of it is used.
///
/// That of the child itself where it has one, otherwise that of its supervisor, which counts the
/// restarts of all its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RestartLimitState {
    /// The sliding window.
    #[serde(with = "crate::event::nanos")]
    pub window: Duration,
    /// Restarts that it may have.
    pub limit: u32,
    /// Restarts that lie within it now.
    pub used: u32,
    /// Restarts that are left.
    pub remaining: u32,
    /// The next restart is one too many.
    pub exhausted: bool,
    /// When this was so, in nanoseconds since 1970.
    pub updated_at_unix_nanos: u64,
}

/// Whether a child says that it is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildLivenessState {
    /// When it was last seen to have beaten, in nanoseconds since 1970; `None` where that has not
    /// been seen of its attempt. A beat is looked for four times in the length of `heartbeat`.
    pub last_heartbeat_at_unix_nanos: Option<u64>,
    /// The last look found no beat.
    pub heartbeat_stale: bool,
    /// What it says of being ready.
    pub readiness: ReadinessState,
}

/// What a child says of being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadinessState {
    /// It is to say so, or to end, and has not done it.
    NotReady,
    /// It has said so, or has completed what others wait for.
    Ready,
    /// It counts as ready while it runs, and need not say anything.
    Unreported,
}

/// What stands in the way of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildControlFailure {
    /// Where it stands.
    pub phase: ChildControlFailurePhase,
    /// What it is, and what helps.
    pub reason: String,
    /// Whether it may pass: to ask again later is no waste.
    pub recoverable: bool,
}

/// Where something stands in the way of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildControlFailurePhase {
    /// The child may not be started.
    Admission,
    /// The attempt does not end.
    WaitCompletion,
}

/// How a restart gets past the attempt that lives: there are never two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GenerationFenceOutcome {
    /// What has been decided.
    pub decision: GenerationFenceDecision,
    /// How far the fence is.
    pub phase: GenerationFencePhase,
    /// Generation of the attempt that has to end first.
    pub old_generation: Option<Generation>,
    /// Its number since the last back-off reset.
    pub old_attempt: Option<Attempt>,
    /// Generation of the attempt that takes its place; `None` where there will be none.
    pub target_generation: Option<Generation>,
    /// This command has asked the old attempt to end.
    pub cancel_delivered: bool,
    /// The old attempt is to be dropped at its next await, or has not gone after that.
    pub abort_requested: bool,
}

/// What a restart has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GenerationFenceDecision {
    /// A restart was under way already; this one is merged with it.
    AlreadyPending,
    /// The supervisor or the tree comes down: nothing starts any more.
    BlockedByShutdown,
    /// The next attempt starts once what is under way is over: the stop of the old one, or what
    /// the supervisor is doing.
    QueuedAfterStop,
    /// It was not for this child as it is: another generation runs, or there is no code to start.
    Rejected,
    /// Nothing had to end first; the next attempt has been started.
    StartedImmediately,
}

/// How far the fence between an attempt and its successor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GenerationFencePhase {
    /// The old attempt is dropped, or does not yield.
    AbortingOld,
    /// Nothing will be started.
    Closed,
    /// Nothing is fenced: the attempt that lives is the one that is wanted.
    Open,
    /// The old attempt has gone; the next one is about to start.
    ReadyToStart,
    /// The old attempt has been asked to end.
    WaitingForOldStop,
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

//! What the machine answers, in the words of the flat commands.

use super::outcome::{
    ChildAttemptStatus, ChildControlOperation, ChildControlResult, ChildStopState,
};
use crate::error::types::SupervisorError;
use crate::event::snapshot::{ChildSnapshot, ChildState};
use crate::id::types::{Attempt, ChildId, Generation};
use crate::machine::answer::{ChildAnswer, Refusal};
use crate::machine::node::Phase;
use crate::spec::plan::display;

pub(super) fn outcome(path: &str, answer: &ChildAnswer) -> ChildControlResult {
    let name = path.rsplit('/').next().unwrap_or(path);
    let state = answer.phase_after.public();
    let asked = |phase: Phase| {
        matches!(
            phase,
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_)
        )
    };
    ChildControlResult {
        child_id: ChildId::new(name),
        generation: answer.generation.map(|value| Generation { value }),
        attempt: answer.attempt.map(|value| Attempt { value }),
        operation_before: answer.operation_before,
        operation_after: answer.operation_after,
        state_before: Some(answer.phase_before.public()),
        state_after: Some(state),
        status: Some(status(state)),
        cancel_delivered: asked(answer.phase_after) && !asked(answer.phase_before),
        stop_state: match answer.phase_after {
            Phase::Stopping(_) | Phase::Aborting(_) => ChildStopState::CancelDelivered,
            Phase::Stuck(_) => ChildStopState::Failed,
            phase if phase.is_live() => ChildStopState::Idle,
            _ => ChildStopState::NoActiveAttempt,
        },
        idempotent: answer.idempotent,
        did_you_mean: Vec::new(),
    }
}

/// The outcome of a start that has been waited for.
pub(super) fn resumed(path: &str, now: &ChildSnapshot, state: ChildState) -> ChildControlResult {
    let name = path.rsplit('/').next().unwrap_or(path);
    ChildControlResult {
        child_id: ChildId::new(name),
        generation: now.generation.map(|value| Generation { value }),
        attempt: Some(Attempt { value: now.attempt }),
        operation_before: ChildControlOperation::Active,
        operation_after: now.operation,
        state_before: None,
        state_after: Some(state),
        status: Some(status(state)),
        cancel_delivered: false,
        stop_state: ChildStopState::Idle,
        idempotent: false,
        did_you_mean: Vec::new(),
    }
}

const fn status(state: ChildState) -> ChildAttemptStatus {
    match state {
        ChildState::Aborting | ChildState::Stopping | ChildState::Stuck => {
            ChildAttemptStatus::Cancelling
        }
        ChildState::Running => ChildAttemptStatus::Running,
        ChildState::Starting => ChildAttemptStatus::Starting,
        ChildState::Backoff
        | ChildState::Declared
        | ChildState::Exited
        | ChildState::Failed
        | ChildState::Finished
        | ChildState::Ignored
        | ChildState::NotStarted
        | ChildState::Restarting
        | ChildState::Stopped
        | ChildState::Waiting => ChildAttemptStatus::Stopped,
    }
}

/// A refusal, for the one who asked.
pub(super) fn explain(refusal: Refusal, path: &str, supervisor: &str) -> SupervisorError {
    let path = path.to_owned();
    let supervisor = display(supervisor);
    match refusal {
        Refusal::AddingNotAllowed => SupervisorError::AddingNotAllowed { supervisor },
        Refusal::AlreadyPresent => SupervisorError::ChildExists {
            path,
            state: "down",
        },
        Refusal::AlreadyStarted => SupervisorError::ChildExists {
            path,
            state: "running",
        },
        Refusal::Fenced => SupervisorError::Fenced { path },
        Refusal::Interrupted => SupervisorError::StartInterrupted { path },
        Refusal::Invalid(problem) => problem.into(),
        Refusal::LimitReached(limit) => SupervisorError::LimitReached { supervisor, limit },
        Refusal::NoCode => SupervisorError::NoCode { path },
        Refusal::NotDown(phase) => {
            let state = phase.public().to_string();
            SupervisorError::NotDown { path, state }
        }
        Refusal::ShuttingDown => SupervisorError::ShuttingDown { path },
        Refusal::StartFailed(failure) => SupervisorError::StartFailed { path, failure },
        Refusal::Unknown => SupervisorError::UnknownChild {
            path,
            did_you_mean: Vec::new(),
        },
    }
}

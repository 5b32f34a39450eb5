//! What the machine answers, in the words of the flat commands.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::outcome::{
    ChildAttemptStatus, ChildControlFailure, ChildControlFailurePhase, ChildControlOperation,
    ChildControlResult, ChildLivenessState, ChildStopState, GenerationFenceDecision,
    GenerationFenceOutcome, GenerationFencePhase, ReadinessState, RestartLimitState,
};
use crate::error::types::SupervisorError;
use crate::event::snapshot::{ChildSnapshot, ChildState};
use crate::id::path;
use crate::id::types::{Attempt, ChildId, Generation};
use crate::machine::answer::{ChildAnswer, Refusal, Settled, Standing};
use crate::machine::input::Verb;
use crate::machine::intents;
use crate::machine::node::{Down, Phase};

/// What a verb found and did.
pub(super) fn outcome(path: &str, verb: Verb, answer: &ChildAnswer) -> ChildControlResult {
    let state = answer.phase_after.public();
    let cancel_delivered = match (answer.phase_before, answer.phase_after) {
        // One that had been asked is dropped.
        (Phase::Stopping(_), Phase::Aborting(_)) => verb == Verb::Kill,
        (before, after) => is_ending(after) && !is_ending(before),
    };
    ChildControlResult {
        child_id: name_of(path),
        generation: answer.generation.map(|value| Generation { value }),
        attempt: answer.attempt.map(|value| Attempt { value }),
        operation_before: answer.operation_before,
        operation_after: answer.operation_after,
        state_before: Some(answer.phase_before.public()),
        state_after: Some(state),
        status: Some(status(state, answer.standing.ready)),
        cancel_delivered,
        stop_state: stop_state(answer),
        restart_limit: Some(limit(&answer.standing)),
        liveness: Some(liveness(&answer.standing)),
        idempotent: answer.idempotent,
        failure: matches!(answer.phase_after, Phase::Stuck(_)).then(|| stuck(path)),
        generation_fence: is_restart(verb).then(|| fence(answer, cancel_delivered)),
        did_you_mean: Vec::new(),
    }
}

/// The outcome of a start that has been waited for.
pub(super) fn resumed(path: &str, settled: &Settled) -> ChildControlResult {
    let (state, standing) = (settled.state, &settled.standing);
    ChildControlResult {
        generation: settled.generation.map(|value| Generation { value }),
        attempt: Some(Attempt {
            value: settled.attempt,
        }),
        operation_before: settled.operation_before,
        operation_after: settled.operation_after,
        state_after: Some(state),
        status: Some(status(state, standing.ready)),
        stop_state: ChildStopState::Idle,
        restart_limit: Some(limit(standing)),
        liveness: Some(liveness(standing)),
        ..nothing(path)
    }
}

/// The outcome of a restart that may not be.
pub(super) fn refused(
    path: &str,
    now: &ChildSnapshot,
    standing: &Standing,
    error: &SupervisorError,
) -> ChildControlResult {
    let decision = match error {
        SupervisorError::ShuttingDown { .. } => GenerationFenceDecision::BlockedByShutdown,
        _ => GenerationFenceDecision::Rejected,
    };
    let recoverable = matches!(error, SupervisorError::OtherGeneration { .. });
    let live = !now.state.is_down() && status(now.state, None) != ChildAttemptStatus::Stopped;
    let (generation, attempt) = (
        now.generation
            .filter(|_| live)
            .map(|value| Generation { value }),
        live.then_some(Attempt { value: now.attempt }),
    );
    ChildControlResult {
        generation,
        attempt,
        operation_before: now.operation,
        operation_after: now.operation,
        state_before: Some(now.state),
        state_after: Some(now.state),
        status: Some(status(now.state, standing.ready)),
        restart_limit: Some(limit(standing)),
        liveness: Some(liveness(standing)),
        failure: Some(ChildControlFailure {
            phase: ChildControlFailurePhase::Admission,
            reason: error.to_string(),
            recoverable,
        }),
        generation_fence: Some(GenerationFenceOutcome {
            decision,
            phase: match decision {
                GenerationFenceDecision::BlockedByShutdown => GenerationFencePhase::Closed,
                _ => GenerationFencePhase::Open,
            },
            old_generation: generation,
            old_attempt: attempt,
            target_generation: None,
            cancel_delivered: false,
            abort_requested: false,
        }),
        stop_state: match now.state {
            ChildState::Stopping | ChildState::Aborting => ChildStopState::CancelDelivered,
            ChildState::Stuck => ChildStopState::Failed,
            _ if live => ChildStopState::Idle,
            _ => ChildStopState::NoActiveAttempt,
        },
        ..nothing(path)
    }
}

/// The outcome for a child that is not known: what is wanted of it is remembered.
pub(super) fn recorded(
    name: &str,
    before: ChildControlOperation,
    after: ChildControlOperation,
    did_you_mean: Vec<String>,
) -> ChildControlResult {
    ChildControlResult {
        operation_before: before,
        operation_after: after,
        idempotent: before == after,
        did_you_mean,
        ..nothing(name)
    }
}

fn nothing(path: &str) -> ChildControlResult {
    ChildControlResult {
        child_id: name_of(path),
        generation: None,
        attempt: None,
        operation_before: ChildControlOperation::Active,
        operation_after: ChildControlOperation::Active,
        state_before: None,
        state_after: None,
        status: None,
        cancel_delivered: false,
        stop_state: ChildStopState::NoActiveAttempt,
        restart_limit: None,
        liveness: None,
        idempotent: false,
        failure: None,
        generation_fence: None,
        did_you_mean: Vec::new(),
    }
}

fn name_of(path: &str) -> ChildId {
    ChildId::new(path::name(path))
}

const fn is_ending(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_)
    )
}

pub(super) const fn is_restart(verb: Verb) -> bool {
    matches!(verb, Verb::Restart | Verb::RestartIf(_))
}

fn stop_state(answer: &ChildAnswer) -> ChildStopState {
    match (answer.phase_before, answer.phase_after) {
        (_, Phase::Stopping(_) | Phase::Aborting(_)) => ChildStopState::CancelDelivered,
        (_, Phase::Stuck(_)) => ChildStopState::Failed,
        (_, phase) if phase.is_live() => ChildStopState::Idle,
        (Phase::Down(Down::Stopped), _) => ChildStopState::Completed,
        _ => ChildStopState::NoActiveAttempt,
    }
}

fn stuck(path: &str) -> ChildControlFailure {
    ChildControlFailure {
        phase: ChildControlFailurePhase::WaitCompletion,
        reason: format!("`{path}` does not yield; its path is fenced until it has gone"),
        recoverable: true,
    }
}

fn fence(answer: &ChildAnswer, cancel_delivered: bool) -> GenerationFenceOutcome {
    let was_live = answer.phase_before.is_live();
    let generation = answer.standing.generation;
    let (decision, phase, target) = match answer.phase_after {
        Phase::Starting(_) | Phase::Running => (
            GenerationFenceDecision::StartedImmediately,
            GenerationFencePhase::Open,
            generation,
        ),
        after => {
            let decision = if answer.idempotent {
                GenerationFenceDecision::AlreadyPending
            } else {
                GenerationFenceDecision::QueuedAfterStop
            };
            let phase = match after {
                Phase::Stopping(_) => GenerationFencePhase::WaitingForOldStop,
                Phase::Aborting(_) | Phase::Stuck(_) => GenerationFencePhase::AbortingOld,
                _ => GenerationFencePhase::ReadyToStart,
            };
            let next = generation.map_or(0, |generation| generation + 1);
            (decision, phase, Some(next))
        }
    };
    GenerationFenceOutcome {
        decision,
        phase,
        old_generation: answer
            .generation
            .filter(|_| was_live)
            .map(|value| Generation { value }),
        old_attempt: answer.attempt.map(|value| Attempt { value }),
        target_generation: target.map(|value| Generation { value }),
        cancel_delivered,
        abort_requested: matches!(answer.phase_after, Phase::Aborting(_) | Phase::Stuck(_)),
    }
}

fn limit(standing: &Standing) -> RestartLimitState {
    let (limit, used) = (standing.limit.restarts, standing.used);
    RestartLimitState {
        window: standing.limit.window,
        limit,
        used,
        remaining: limit.saturating_sub(used),
        exhausted: used >= limit,
        updated_at_unix_nanos: unix_nanos(Duration::ZERO),
    }
}

/// The time of so long ago, in nanoseconds since 1970.
fn unix_nanos(ago: Duration) -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let then = since_1970.unwrap_or_default().saturating_sub(ago);
    u64::try_from(then.as_nanos()).unwrap_or(u64::MAX)
}

fn liveness(standing: &Standing) -> ChildLivenessState {
    ChildLivenessState {
        last_heartbeat_at_unix_nanos: standing.beaten.map(unix_nanos),
        heartbeat_stale: standing.silent,
        readiness: match standing.ready {
            None => ReadinessState::Unreported,
            Some(true) => ReadinessState::Ready,
            Some(false) => ReadinessState::NotReady,
        },
    }
}

fn status(state: ChildState, ready: Option<bool>) -> ChildAttemptStatus {
    match state {
        ChildState::Aborting | ChildState::Stopping | ChildState::Stuck => {
            ChildAttemptStatus::Cancelling
        }
        ChildState::Running if ready == Some(true) => ChildAttemptStatus::Ready,
        ChildState::Running => ChildAttemptStatus::Running,
        ChildState::Starting => ChildAttemptStatus::Starting,
        ChildState::Backoff
        | ChildState::Declared
        | ChildState::Exited
        | ChildState::Failed
        | ChildState::Finished
        | ChildState::Ignored
        | ChildState::NotStarted
        | ChildState::Removed
        | ChildState::Stopped
        | ChildState::Waiting => ChildAttemptStatus::Stopped,
    }
}

/// A refusal, for the one who asked.
pub(crate) fn explain(refusal: Refusal, path: &str, supervisor: &str) -> SupervisorError {
    let path = path.to_owned();
    let supervisor = path::shown(supervisor).to_owned();
    match refusal {
        Refusal::AddingNotAllowed => SupervisorError::AddingNotAllowed { supervisor },
        Refusal::AlreadyPresent(phase) | Refusal::AlreadyStarted(phase) => {
            let state = phase.public();
            SupervisorError::ChildExists { path, state }
        }
        Refusal::Fenced => SupervisorError::Fenced { path },
        Refusal::Interrupted => SupervisorError::StartInterrupted { path },
        Refusal::Invalid(problem) => problem.into(),
        Refusal::LimitReached(limit) => SupervisorError::LimitReached { supervisor, limit },
        Refusal::NoCode => SupervisorError::NoCode { path },
        Refusal::NotDown(phase) => {
            let state = phase.public();
            SupervisorError::NotDown { path, state }
        }
        Refusal::OtherGeneration(generation) => {
            let generation = generation.map(|value| Generation { value });
            SupervisorError::OtherGeneration { path, generation }
        }
        Refusal::ShuttingDown => SupervisorError::ShuttingDown { path },
        Refusal::Taken(path) => SupervisorError::Taken {
            path: path.to_string(),
        },
        Refusal::StartFailed(failure) => SupervisorError::StartFailed { path, failure },
        Refusal::TooManyIntents => SupervisorError::TooManyIntents {
            name: path,
            limit: intents::CAPACITY,
        },
        Refusal::Unknown => SupervisorError::UnknownChild {
            path,
            did_you_mean: Vec::new(),
        },
    }
}

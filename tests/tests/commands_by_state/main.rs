//! Every command in every state that a child can be in: what it does, and that it can be repeated.
//!
//! The documentation's table is what this has seen; `UPDATE_EXPECT=1` writes it anew.

mod states;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rust_supervisor::SupervisorError;
use rust_supervisor::control::child::ChildHandle;
use rust_supervisor::control::command::CommandResult;
use rust_supervisor::control::outcome::{
    ChildAttemptStatus, ChildControlOperation, ChildControlResult, ChildStopState,
    GenerationFenceDecision, GenerationFencePhase, ReadinessState,
};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::id::types::Generation;
use rust_supervisor::shutdown::report::ChildShutdownStatus;

use states::{Scene, State};

/// A command, in both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Stop,
    Resume,
    Restart,
    RestartIf,
    Pause,
    Quarantine,
    Remove,
    Delete,
    Kill,
}

const VERBS: [(Verb, &str); 9] = [
    (Verb::Stop, "stop"),
    (Verb::Resume, "resume"),
    (Verb::Restart, "restart"),
    (Verb::RestartIf, "restart if of another generation"),
    (Verb::Pause, "pause"),
    (Verb::Quarantine, "quarantine"),
    (Verb::Remove, "remove"),
    (Verb::Delete, "delete"),
    (Verb::Kill, "kill"),
];

/// Of no attempt of these tests.
const OTHER: Generation = Generation { value: 1_000 };

impl Verb {
    async fn flat(self, scene: &Scene, path: &str) -> Result<ChildControlResult, SupervisorError> {
        let (tree, by, why) = (&scene.handle, "operator", "the table");
        let result = match self {
            Self::Stop => tree.stop_child(path, by, why).await,
            Self::Resume => tree.resume_child(path, by, why).await,
            Self::Restart => tree.restart_child(path, by, why).await,
            Self::RestartIf => tree.restart_child_if(path, OTHER, by, why).await,
            Self::Pause => tree.pause_child(path, by, why).await,
            Self::Quarantine => tree.quarantine_child(path, by, why).await,
            Self::Remove => tree.remove_child(path, by, why).await,
            Self::Delete => tree.delete_child(path, by, why).await,
            Self::Kill => tree.kill_child(path, by, why).await,
        };
        match result? {
            CommandResult::ChildControl { outcome } => Ok(outcome),
            other => panic!("not about a child: {other:?}"),
        }
    }

    async fn typed(self, child: &ChildHandle) -> Result<ChildControlResult, SupervisorError> {
        match self {
            Self::Stop => child.stop().await,
            Self::Resume => child.resume().await,
            Self::Restart => child.restart().await,
            Self::RestartIf => child.restart_if(OTHER).await,
            Self::Pause => child.pause().await,
            Self::Quarantine => child.quarantine().await,
            Self::Remove => child.remove().await,
            Self::Delete => child.delete().await,
            Self::Kill => child.kill().await,
        }
    }

    /// Whether a second one, at once, has nothing left to do.
    fn is_settled_at_once(self) -> bool {
        matches!(
            self,
            Self::Stop | Self::Resume | Self::Pause | Self::Quarantine
        )
    }
}

/// What a cell of the table says.
fn cell(answer: &Result<ChildControlResult, SupervisorError>) -> String {
    match answer {
        Ok(outcome) if outcome.status.is_none() => "remembered".to_owned(),
        Ok(ChildControlResult {
            generation_fence: Some(fence),
            failure: Some(_),
            ..
        }) if fence.target_generation.is_none() => match fence.decision {
            GenerationFenceDecision::BlockedByShutdown => "blocked by shutdown".to_owned(),
            _ => "rejected".to_owned(),
        },
        Ok(outcome) if outcome.idempotent => "–".to_owned(),
        Ok(outcome) => {
            let state = outcome.state_after.expect("a known child");
            match outcome.operation_after {
                ChildControlOperation::Active => state.to_string(),
                ChildControlOperation::Removed if state == ChildState::Removed => state.to_string(),
                operation => format!("{state}, {operation}"),
            }
        }
        Err(SupervisorError::NotDown { .. }) => "refused: not down".to_owned(),
        Err(SupervisorError::ShuttingDown { .. }) => "refused: shutting down".to_owned(),
        Err(SupervisorError::UnknownChild { .. }) => "unknown".to_owned(),
        Err(error) => panic!("unexpected: {error}"),
    }
}

/// All that a row of cells has shown.
#[derive(Default)]
struct Shown {
    operations: BTreeSet<String>,
    statuses: BTreeSet<String>,
    stops: BTreeSet<String>,
    decisions: BTreeSet<String>,
    fences: BTreeSet<String>,
    readiness: BTreeSet<String>,
    failures: BTreeSet<String>,
}

impl Shown {
    fn take(&mut self, outcome: &ChildControlResult) {
        let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
        macro_rules! word {
            ($value:expr) => {
                word(serde_json::to_value($value).expect("plain data"))
            };
        }
        for operation in [outcome.operation_before, outcome.operation_after] {
            self.operations.insert(word!(operation));
        }
        self.stops.insert(word!(outcome.stop_state));
        self.statuses
            .extend(outcome.status.map(|status| word!(status)));
        self.readiness
            .extend(outcome.liveness.map(|liveness| word!(liveness.readiness)));
        self.failures
            .extend(outcome.failure.iter().map(|failure| word!(failure.phase)));
        if let Some(fence) = &outcome.generation_fence {
            self.decisions.insert(word!(fence.decision));
            self.fences.insert(word!(fence.phase));
        }
    }
}

/// What holds of every outcome, whatever the command.
fn check(state: &State, verb: Verb, live: bool, outcome: &ChildControlResult) {
    let place = format!("{verb:?} of a child that is {}: {outcome:#?}", state.name);
    assert_eq!(&*outcome.child_id.value, "child", "{place}");
    assert_eq!(outcome.generation.is_some(), live, "{place}");
    assert_eq!(outcome.attempt.is_some(), live, "{place}");
    assert_eq!(outcome.state_before, Some(state.is), "{place}");
    let limit = outcome.restart_limit.expect("a known child has a limit");
    assert_eq!(
        limit.remaining,
        limit.limit - limit.used.min(limit.limit),
        "{place}"
    );
    assert_eq!(limit.exhausted, limit.remaining == 0, "{place}");
    let cancelling = outcome.status == Some(ChildAttemptStatus::Cancelling);
    if outcome.cancel_delivered {
        assert!(live && cancelling && !outcome.idempotent, "{place}");
    }
    let asked = matches!(
        outcome.stop_state,
        ChildStopState::CancelDelivered | ChildStopState::Failed
    );
    assert_eq!(asked, cancelling, "{place}");
    assert_eq!(
        outcome.stop_state == ChildStopState::Failed,
        outcome.state_after == Some(ChildState::Stuck),
        "{place}"
    );
    let restarts = matches!(verb, Verb::Restart | Verb::RestartIf);
    assert_eq!(outcome.generation_fence.is_some(), restarts, "{place}");
    if let Some(fence) = &outcome.generation_fence {
        assert_eq!(fence.old_generation, outcome.generation, "{place}");
        assert_eq!(fence.old_attempt, outcome.attempt, "{place}");
        assert_eq!(fence.cancel_delivered, outcome.cancel_delivered, "{place}");
        match fence.decision {
            GenerationFenceDecision::BlockedByShutdown => {
                assert_eq!(fence.phase, GenerationFencePhase::Closed, "{place}");
            }
            GenerationFenceDecision::StartedImmediately => {
                assert_eq!(fence.phase, GenerationFencePhase::Open, "{place}");
                assert!(!live, "a second copy: {place}");
            }
            _ => {}
        }
        if let (Some(old), Some(target)) = (fence.old_generation, fence.target_generation) {
            assert_eq!(target.value, old.value + 1, "{place}");
        }
    }
}

/// Plays one cell, in both forms, each on a tree of its own.
async fn play(state: &State, verb: Verb, shown: &mut Shown) -> String {
    let scene = state.scene().await;
    assert_eq!(scene.state_of(state.path), state.is, "{}", state.name);
    let handle = scene.handle.child(state.path);
    let live = matches!(
        state.is,
        ChildState::Aborting
            | ChildState::Running
            | ChildState::Starting
            | ChildState::Stopping
            | ChildState::Stuck
    );
    let answer = verb.flat(&scene, state.path).await;
    if let (Ok(outcome), true) = (&answer, handle.is_ok()) {
        check(state, verb, live, outcome);
        shown.take(outcome);
        // Removed is what a command says of a child that its handle still sees on its way out.
        let seen = handle.as_ref().map(ChildHandle::state).expect("known");
        assert_eq!(outcome.state_after, Some(seen), "{verb:?} {}", state.name);
    }
    let repeated = verb.flat(&scene, state.path).await;
    if let (Ok(first), Ok(second)) = (&answer, &repeated) {
        shown.take(second);
        assert_eq!(
            second.operation_after, first.operation_after,
            "{}",
            state.name
        );
        if verb.is_settled_at_once() {
            assert!(second.idempotent, "{verb:?} {}: {second:#?}", state.name);
            assert!(!second.cancel_delivered, "{verb:?} {}", state.name);
        }
    }
    end(scene).await;

    let scene = state.scene().await;
    match (scene.handle.child(state.path), &answer) {
        (Ok(child), Ok(flat)) => match verb.typed(&child).await {
            Ok(typed) => {
                let state_of = |outcome: &ChildControlResult| {
                    (
                        outcome.state_before,
                        outcome.state_after,
                        outcome.idempotent,
                    )
                };
                assert_eq!(state_of(&typed), state_of(flat), "{verb:?} {}", state.name);
            }
            // Of a refusal the flat form tells all there is to know, the typed one is an error.
            Err(error) => {
                let failure = flat.failure.as_ref().expect("the same refusal");
                assert_eq!(failure.reason, error.to_string());
            }
        },
        (Ok(child), Err(refused)) => {
            let typed = verb.typed(&child).await.expect_err("the same refusal");
            assert_eq!(typed.to_string(), refused.to_string());
        }
        (Err(error), _) => {
            assert!(
                matches!(error, SupervisorError::UnknownChild { .. }),
                "{error}"
            );
        }
    }
    end(scene).await;
    cell(&answer)
}

/// Ends a tree: nothing of it is left, and there never were two copies.
async fn end(scene: Scene) {
    scene.let_go.store(true, Ordering::Release);
    while scene.state_of("child") == ChildState::Stuck {
        std::thread::sleep(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    let report = scene.handle.shutdown().await.expect("stops");
    let stuck = |status| matches!(status, ChildShutdownStatus::AbortFailed);
    assert!(
        !report.children.iter().any(|child| stuck(child.status)),
        "{report}"
    );
    while scene.log.alive() > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(scene.log.most_alive() <= 1, "{:?}", scene.log.lines());
}

fn words(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_command_does_in_every_state_what_the_documentation_says() {
    let (mut table, mut shown) = (String::new(), Shown::default());
    table.push_str("| the child is |");
    for (_, verb) in VERBS {
        write!(table, " {verb} |").expect("text");
    }
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(VERBS.len()));
    table.push('\n');
    for state in states::all() {
        write!(table, "| {} |", state.name).expect("text");
        for (verb, _) in VERBS {
            let cell = play(&state, verb, &mut shown).await;
            write!(table, " {cell} |").expect("text");
        }
        table.push('\n');
    }

    assert_eq!(
        shown.operations,
        words(&["active", "paused", "quarantined", "removed"])
    );
    assert_eq!(
        shown.statuses,
        words(&["cancelling", "ready", "running", "starting", "stopped"])
    );
    assert_eq!(
        shown.stops,
        words(&[
            "cancel_delivered",
            "completed",
            "failed",
            "idle",
            "no_active_attempt"
        ])
    );
    assert_eq!(
        shown.decisions,
        words(&[
            "already_pending",
            "blocked_by_shutdown",
            "queued_after_stop",
            "rejected",
            "started_immediately",
        ])
    );
    assert_eq!(
        shown.fences,
        words(&[
            "aborting_old",
            "closed",
            "open",
            "ready_to_start",
            "waiting_for_old_stop"
        ])
    );
    assert_eq!(
        shown.readiness,
        words(&["not_ready", "ready", "unreported"])
    );
    assert_eq!(shown.failures, words(&["admission", "wait_completion"]));

    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../supervisor/src/control/commands_by_state.md"
    );
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(file, &table).expect("written");
    }
    let documented = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(
        documented, table,
        "the documentation is stale; UPDATE_EXPECT=1 writes it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_beat_is_shown_as_long_as_it_is_fresh() {
    use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
    let beats = ChildSpec::from_fn("beats", |ctx: TaskContext| async move {
        ctx.heartbeat();
        ctx.cancelled().await;
    })
    .heartbeat(Duration::from_secs(4));
    let handle = Supervisor::start(SupervisorSpec::root(vec![beats]))
        .await
        .expect("starts");
    let beats = handle.child("beats").expect("known");
    let liveness = |outcome: ChildControlResult| outcome.liveness.expect("a known child");
    let at_first = liveness(beats.resume().await.expect("changes nothing"));
    assert_eq!(at_first.last_heartbeat_at_unix_nanos, None);
    assert_eq!(at_first.readiness, ReadinessState::Unreported);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let fresh = liveness(beats.resume().await.expect("changes nothing"));
    assert!(fresh.last_heartbeat_at_unix_nanos.is_some() && !fresh.heartbeat_stale);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stale = liveness(beats.resume().await.expect("changes nothing"));
    assert!(stale.heartbeat_stale);
    handle.shutdown().await.expect("stops");
}

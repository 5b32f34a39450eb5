//! The flat, audited commands: what they find, do and answer.
//!
//! What the seed's own tests promise stands here in other words.

use std::time::Duration;

use rust_supervisor::control::command::CommandResult;
use rust_supervisor::control::outcome::{
    ChildAttemptStatus, ChildControlOperation, ChildControlResult, ChildStopState,
    GenerationFenceDecision, GenerationFencePhase,
};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::id::types::{ChildId, SupervisorPath};
use rust_supervisor::shutdown::report::ResourceReconcileStatus;
use rust_supervisor::shutdown::stage::ShutdownPhase;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec};
use supervisor_tests::{Log, obedient};

async fn empty() -> SupervisorHandle {
    Supervisor::start(SupervisorSpec::root(Vec::new()))
        .await
        .expect("starts")
}

fn outcome(result: CommandResult) -> ChildControlResult {
    match result {
        CommandResult::ChildControl { outcome } => outcome,
        other => panic!("not about a child: {other:?}"),
    }
}

#[tokio::test]
async fn a_child_that_is_declared_by_manifest_is_shown_and_can_be_paused_once() {
    let handle = empty().await;
    let manifest = "name: worker\nkind: async_worker\n";
    let added = handle
        .add_child(SupervisorPath::root(), manifest, "operator", "test")
        .await;
    let CommandResult::ChildAdded { child_manifest } = added.expect("adds") else {
        panic!("another answer");
    };
    assert_eq!(child_manifest.name, "worker");
    assert_eq!(
        handle.snapshot_of("worker").expect("is shown").state,
        ChildState::Declared
    );
    let id = ChildId::new("worker");
    let first = outcome(
        handle
            .pause_child(id.clone(), "operator", "test")
            .await
            .expect("pauses"),
    );
    assert_eq!(first.operation_before, ChildControlOperation::Active);
    assert_eq!(first.operation_after, ChildControlOperation::Paused);
    assert!(!first.idempotent);
    let second = outcome(
        handle
            .pause_child(id, "operator", "test")
            .await
            .expect("pauses"),
    );
    assert_eq!(second.operation_before, ChildControlOperation::Paused);
    assert!(second.idempotent);
}

#[tokio::test]
async fn a_manifest_with_a_mistake_is_refused_with_its_place_and_adds_nothing() {
    let handle = empty().await;
    for (manifest, says) in [
        ("name: worker\nkimd: async_worker\n", "kimd"),
        ("kind: async_worker\n", "name"),
        ("name: [", "this is not YAML"),
        ("name: w\nkind: thread\n", "thread"),
        ("", "it is empty"),
        ("name: w\nargs: { url: a }\n", "no `template`"),
        ("name: w\nshutdown: 5s\n", "never runs"),
        ("name: w\ntemplate: feed\n", "unknown template `feed`"),
    ] {
        let error = handle
            .add_child(SupervisorPath::root(), manifest, "operator", "test")
            .await
            .expect_err(manifest);
        assert!(
            matches!(error, SupervisorError::InvalidManifest { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(says), "{manifest:?}: {error}");
    }
    let name = "name: bad/name\n";
    let refused = handle
        .add_child(SupervisorPath::root(), name, "operator", "test")
        .await;
    assert!(
        matches!(refused, Err(SupervisorError::InvalidSpec(_))),
        "{refused:?}"
    );
    let large = format!("name: {}\n", "x".repeat(100_000));
    let refused = handle
        .add_child(SupervisorPath::root(), large, "operator", "test")
        .await;
    assert!(
        matches!(refused, Err(SupervisorError::InvalidManifest { .. })),
        "{refused:?}"
    );
    assert!(handle.snapshot().expect("runs").children.is_empty());
}

#[tokio::test]
async fn the_intent_for_an_unknown_child_is_recorded_and_applied_when_it_is_added() {
    let (handle, log) = (empty().await, Log::new());
    let paused = handle
        .pause_child("worker", "operator", "before it is there")
        .await;
    let paused = outcome(paused.expect("recorded"));
    assert_eq!(
        (paused.status, paused.generation, paused.attempt),
        (None, None, None)
    );
    assert_eq!(paused.stop_state, ChildStopState::NoActiveAttempt);
    assert!(!paused.idempotent && !paused.cancel_delivered);
    let again = handle.pause_child("worker", "operator", "again").await;
    assert!(outcome(again.expect("known")).idempotent);
    let shown = handle.snapshot().expect("runs");
    let shown = shown.child("worker").expect("is shown");
    assert_eq!(
        (shown.state, shown.operation),
        (ChildState::Declared, ChildControlOperation::Paused)
    );
    let child = obedient("worker", &log, Duration::ZERO);
    handle.start_child("/", child).await.expect("added");
    let worker = handle.snapshot_of("worker").expect("is there");
    assert_eq!(
        (worker.operation, worker.generation),
        (ChildControlOperation::Paused, None)
    );
    assert_eq!(log.lines(), Vec::<String>::new(), "no code of it ran");
    handle
        .resume_child("worker", "operator", "now")
        .await
        .expect("resumes");
    log.wait_for("+worker", 1).await;
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn an_empty_name_is_nobody_and_not_the_whole_tree() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    for name in ["", "/"] {
        let (by, why) = ("op", "an unset variable");
        let answers = [
            handle.delete_child(name, by, why).await,
            handle.kill_child(name, by, why).await,
            handle.pause_child(name, by, why).await,
            handle.quarantine_child(name, by, why).await,
            handle.remove_child(name, by, why).await,
            handle.restart_child(name, by, why).await,
            handle.resume_child(name, by, why).await,
            handle.stop_child(name, by, why).await,
        ];
        for answer in answers {
            let unknown = answer.expect_err("nobody");
            assert!(
                matches!(unknown, SupervisorError::UnknownChild { .. }),
                "{unknown:?}"
            );
        }
    }
    let worker = handle.snapshot_of("worker").expect("is there");
    assert_eq!(worker.state, ChildState::Running);
    assert_eq!(worker.generation, Some(0));
    assert!(handle.snapshot().expect("sound").children.len() == 1);
}

#[tokio::test]
async fn an_intent_names_the_nearest_children_there_are() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let recorded = outcome(
        handle
            .pause_child("wroker", "op", "typo")
            .await
            .expect("recorded"),
    );
    assert_eq!(recorded.did_you_mean, ["worker"]);
    let unknown = handle
        .restart_child("wroker", "op", "typo")
        .await
        .expect_err("unknown");
    assert!(
        unknown.to_string().contains("did you mean `worker`?"),
        "{unknown}"
    );
    for n in 1..256 {
        handle
            .pause_child(format!("x{n}"), "op", "many")
            .await
            .expect("recorded");
    }
    let full = handle
        .pause_child("one-too-many", "op", "many")
        .await
        .expect_err("full");
    assert!(
        matches!(full, SupervisorError::TooManyIntents { limit: 256, .. }),
        "{full:?}"
    );
}

#[tokio::test]
async fn pausing_a_running_child_answers_with_its_identity_before_it_has_ended() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+worker", 1).await;
    let paused = outcome(
        handle
            .pause_child("worker", "operator", "pause")
            .await
            .expect("pauses"),
    );
    assert_eq!(paused.child_id, ChildId::new("worker"));
    assert_eq!(paused.generation.expect("runs").value, 0);
    assert_eq!(paused.attempt.expect("runs").value, 1);
    assert_eq!(paused.status, Some(ChildAttemptStatus::Cancelling));
    assert_eq!(paused.stop_state, ChildStopState::CancelDelivered);
    assert!(paused.cancel_delivered);
    let json = serde_json::to_value(CommandResult::ChildControl { outcome: paused });
    let json = json.expect("plain data");
    assert_eq!(json["ChildControl"]["outcome"]["operation_after"], "paused");
    assert_eq!(
        json["ChildControl"]["outcome"]["child_id"]["value"],
        "worker"
    );
    handle.stopped("worker").await.expect("stops");
    assert_eq!(log.alive(), 0);
    handle.shutdown_tree("test", "done").await.expect("stops");
}

#[tokio::test]
async fn a_command_without_a_name_or_a_reason_is_refused_before_it_does_anything() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+worker", 1).await;
    let newest = handle.snapshot().expect("runs").as_of_seq;
    for (by, why, field) in [(" ", "why", "requested_by"), ("operator", "\t", "reason")] {
        let refused = [
            handle
                .pause_child("worker", by, why)
                .await
                .expect_err("blank"),
            handle
                .restart_child("worker", by, why)
                .await
                .expect_err("blank"),
            handle
                .remove_child("worker", by, why)
                .await
                .expect_err("blank"),
            handle.shutdown_tree(by, why).await.expect_err("blank"),
        ];
        for error in refused {
            let SupervisorError::InvalidTransition { message } = error else {
                panic!("{error:?}");
            };
            assert!(message.contains(field), "{message}");
        }
    }
    assert_eq!(
        handle.snapshot().expect("runs").as_of_seq,
        newest,
        "nothing has happened"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_second_shutdown_answers_the_report_of_the_first() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![
        obedient("a", &log, Duration::ZERO),
        obedient("b", &log, Duration::from_millis(20)),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+b", 1).await;
    let CommandResult::Shutdown { result: first } = handle
        .shutdown_tree("operator", "first")
        .await
        .expect("stops")
    else {
        panic!("another answer");
    };
    assert_eq!(first.phase, ShutdownPhase::Completed);
    let report = first.report.clone().expect("complete");
    assert_eq!(report.phase, ShutdownPhase::Completed);
    assert_eq!(
        report.reconcile.socket_status,
        ResourceReconcileStatus::NotOwned
    );
    assert_eq!(
        report.reconcile.task_status,
        ResourceReconcileStatus::Cleaned
    );
    assert!(!first.idempotent);
    let CommandResult::Shutdown { result: second } = handle
        .shutdown_tree("operator", "second")
        .await
        .expect("stopped")
    else {
        panic!("another answer");
    };
    assert!(second.idempotent);
    assert_eq!(second.report, first.report);
    let late = handle.pause_child("a", "operator", "too late").await;
    assert!(matches!(late, Err(SupervisorError::TreeGone)), "{late:?}");
}

#[tokio::test]
async fn an_empty_tree_stays_up_and_shuts_down_with_a_complete_report() {
    let handle = empty().await;
    assert!(handle.is_alive() && handle.is_ready());
    let CommandResult::Shutdown { result } = handle
        .shutdown_tree("operator", "test")
        .await
        .expect("stops")
    else {
        panic!("another answer");
    };
    assert_eq!(result.report.expect("complete").children, []);
}

#[tokio::test]
async fn a_bare_name_finds_the_only_child_of_that_name() {
    let log = Log::new();
    let region = |name| {
        let inner = vec![obedient("session", &log, Duration::ZERO)];
        ChildSpec::supervisor(name, SupervisorSpec::root(inner))
    };
    let only = obedient("only", &log, Duration::ZERO);
    let inner = SupervisorSpec::root(vec![only]);
    let spec = SupervisorSpec::root(vec![
        region("eu"),
        region("us"),
        ChildSpec::supervisor("deep", inner),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    assert_eq!(
        &*handle.snapshot_of("only").expect("found").path,
        "deep/only"
    );
    assert_eq!(
        &*handle.snapshot_of("eu/session").expect("found").path,
        "eu/session"
    );
    let ambiguous = handle
        .pause_child("session", "op", "which?")
        .await
        .expect_err("two");
    let SupervisorError::AmbiguousName { candidates, .. } = &ambiguous else {
        panic!("{ambiguous:?}");
    };
    assert_eq!(candidates, &["eu/session", "us/session"]);
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_query_answers_during_a_long_drain() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("slow", &log, Duration::from_millis(300))]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+slow", 1).await;
    handle.request_shutdown();
    let slow = handle.snapshot_of("slow").expect("answers");
    assert_eq!(slow.state, ChildState::Stopping);
    assert!(handle.is_alive() && !handle.is_ready());
    let refused = outcome(
        handle
            .restart_child("slow", "op", "again")
            .await
            .expect("answers"),
    );
    let fence = refused.generation_fence.expect("of a restart");
    assert_eq!(fence.decision, GenerationFenceDecision::BlockedByShutdown);
    assert_eq!(fence.phase, GenerationFencePhase::Closed);
    let failure = refused.failure.expect("says why");
    assert!(failure.reason.contains("shutting down") && !failure.recoverable);
    let typed = handle.child("slow").expect("known").restart().await;
    assert!(
        matches!(typed, Err(SupervisorError::ShuttingDown { .. })),
        "{typed:?}"
    );
    handle.join().await.expect("ends");
    assert_eq!(log.lines(), ["+slow", "-slow"]);
}

#[tokio::test]
async fn children_come_and_go_at_run_time_and_generations_are_never_repeated() {
    let (handle, log) = (empty().await, Log::new());
    for generation in 0..3 {
        let child = obedient("worker", &log, Duration::ZERO);
        handle.start_child("/", child).await.expect("added");
        let worker = handle.snapshot_of("worker").expect("is there");
        assert_eq!(worker.generation, Some(generation));
        let taken = handle
            .start_child("/", obedient("worker", &log, Duration::ZERO))
            .await;
        assert!(
            matches!(taken, Err(SupervisorError::ChildExists { .. })),
            "{taken:?}"
        );
        log.wait_for("+worker", usize::try_from(generation).expect("small") + 1)
            .await;
        handle
            .remove_child("worker", "op", "next")
            .await
            .expect("removes");
        let mut events = handle.events_after(0);
        while handle.snapshot_of("worker").is_ok() {
            events.next().await;
        }
    }
    assert_eq!(log.most_alive(), 1);
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn audit_texts_are_seen_and_bounded() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let most = "é".repeat(2_048);
    for blank in [
        "",
        " \t\n",
        "\u{3000}\u{a0}",
        "\u{200b}\u{feff}\u{2060}",
        "\u{0}",
    ] {
        let answer = handle.pause_child("worker", "op", blank).await;
        assert!(
            matches!(&answer, Err(SupervisorError::InvalidTransition { message })
                if message.contains("`reason` is blank")),
            "{blank:?}: {answer:?}"
        );
        let acting = handle.acting_as(blank, "why").map(drop);
        assert!(
            matches!(&acting, Err(SupervisorError::InvalidTransition { message })
                if message.contains("`requested_by` is blank")),
            "{blank:?}: {acting:?}"
        );
    }
    let answer = handle.pause_child("worker", "op", format!("{most}!")).await;
    assert!(
        matches!(&answer, Err(SupervisorError::InvalidTransition { message })
            if message.contains("`reason` has 4097 bytes")),
        "{answer:?}"
    );
    let state = handle.snapshot_of("worker").expect("runs").operation;
    assert_eq!(state, ChildControlOperation::Active, "nothing was done");
    handle
        .pause_child("worker", "\u{200b}op", most)
        .await
        .expect("is paused");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_kill_of_a_child_that_is_stopping_says_that_it_has_it_dropped() {
    let deaf = ChildSpec::from_fn("deaf", |_ctx| std::future::pending::<()>())
        .shutdown(Duration::from_secs(60));
    let handle = Supervisor::start(SupervisorSpec::root(vec![deaf])).await;
    let handle = handle.expect("starts");
    let stopped = outcome(handle.stop_child("deaf", "op", "stop").await.expect("runs"));
    assert!(stopped.cancel_delivered);
    let again = outcome(handle.stop_child("deaf", "op", "stop").await.expect("runs"));
    assert!(again.idempotent && !again.cancel_delivered, "{again:?}");
    let killed = outcome(handle.kill_child("deaf", "op", "now").await.expect("runs"));
    assert!(!killed.idempotent && killed.cancel_delivered, "{killed:?}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_shutdowns_at_once_one_is_the_first() {
    for _ in 0..50 {
        let log = Log::new();
        let spec = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
        let handle = Supervisor::start(spec).await.expect("starts");
        let together = std::sync::Arc::new(tokio::sync::Barrier::new(8));
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let (tree, together) = (handle.downgrade(), together.clone());
                tokio::spawn(async move {
                    together.wait().await;
                    match tree.shutdown_tree("op", "the end").await {
                        Ok(CommandResult::Shutdown { result }) => result,
                        other => panic!("{other:?}"),
                    }
                })
            })
            .collect();
        let mut firsts = 0;
        for call in calls {
            let result = call.await.expect("answered");
            firsts += usize::from(!result.idempotent);
            assert!(result.report.is_some());
        }
        assert_eq!(firsts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_keeps_the_tree_from_being_ready_is_missing() {
    let log = Log::new();
    let group = |name: &str| {
        let children = vec![
            obedient("critical", &log, Duration::ZERO),
            obedient("other", &log, Duration::ZERO).critical(false),
        ];
        ChildSpec::supervisor(name, SupervisorSpec::root(children))
    };
    let spec = SupervisorSpec::root(vec![group("optional").critical(false), group("needed")]);
    let handle = Supervisor::start(spec).await.expect("starts");
    for path in ["optional/critical", "optional/other", "needed/other"] {
        handle.stop_child(path, "op", "stop").await.expect("runs");
        handle.stopped(path).await.expect("stops");
        let readiness = handle.readiness();
        assert!(
            readiness.ready && readiness.missing.is_empty(),
            "{readiness}"
        );
    }
    handle
        .stop_child("needed/critical", "op", "stop")
        .await
        .expect("runs");
    handle.stopped("needed/critical").await.expect("stops");
    let readiness = handle.readiness();
    assert!(!readiness.ready);
    assert_eq!(
        readiness
            .missing
            .iter()
            .map(|path| &**path)
            .collect::<Vec<_>>(),
        ["needed/critical"]
    );
    handle.shutdown().await.expect("stops");
}

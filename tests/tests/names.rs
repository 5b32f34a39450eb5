//! What names may stand for in commands, and what becomes of those that stand for nothing.

use rust_supervisor::control::command::CommandResult;
use rust_supervisor::control::outcome::ChildControlOperation as Operation;
use rust_supervisor::event::fold::Fold;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::{EventStream, Observed};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec};
use supervisor_tests::{Log, obedient};

async fn tree(log: &Log) -> SupervisorHandle {
    let children = vec![obedient("a", log, std::time::Duration::ZERO)];
    let handle = Supervisor::start(SupervisorSpec::root(children)).await;
    handle.expect("starts")
}

/// How often each thing has been told of names that no child has.
async fn told_of(handle: &SupervisorHandle, path: &str) -> Vec<String> {
    let last = handle.snapshot().expect("runs").as_of_seq;
    let mut events = handle.events_after(0);
    let mut told = Vec::new();
    loop {
        let Some(Observed::Event(event)) = events.next().await else {
            panic!("there is a gap")
        };
        if &*event.path == path {
            told.push(match &event.kind {
                EventKind::Commanded(asked) => format!("asked to {}", asked.command),
                EventKind::Refused(why) => format!("refused: {why}"),
                EventKind::Intent(operation) => format!("will be {operation}"),
                other => format!("{other:?}"),
            });
        }
        if event.seq == last {
            return told;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_command_takes_the_root_for_a_child() {
    let log = Log::new();
    let handle = tree(&log).await;
    for name in ["", "/", "//", " "] {
        for (verb, answer) in [
            ("kill", handle.kill_child(name, "t", "t").await),
            ("pause", handle.pause_child(name, "t", "t").await),
            ("quarantine", handle.quarantine_child(name, "t", "t").await),
            ("stop", handle.stop_child(name, "t", "t").await),
            ("restart", handle.restart_child(name, "t", "t").await),
            ("resume", handle.resume_child(name, "t", "t").await),
            ("delete", handle.delete_child(name, "t", "t").await),
            ("remove", handle.remove_child(name, "t", "t").await),
        ] {
            assert!(
                matches!(answer, Err(SupervisorError::UnknownChild { .. })),
                "{verb} of {name:?}: {answer:?}"
            );
        }
    }
    let unasked = handle
        .events_after(0)
        .only(|event| matches!(event.kind, EventKind::Commanded(_) | EventKind::Intent(_)));
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(log.alive(), 1);
    assert!(handle.is_ready());
    assert_eq!(handle.snapshot().expect("runs").children.len(), 1);
    handle.shutdown().await.expect("stops");
    let told: Vec<_> = drain(unasked).await;
    assert_eq!(told.len(), 1, "only the shutdown: {told:?}");
}

async fn drain(mut events: EventStream) -> Vec<Observed> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn what_is_wanted_of_a_name_can_be_taken_back() {
    let log = Log::new();
    let handle = tree(&log).await;
    for name in ["nobody", "nowhere/nobody"] {
        handle.pause_child(name, "t", "t").await.expect("recorded");
        let taken_back = handle.resume_child(name, "t", "t").await;
        let Ok(CommandResult::ChildControl { outcome }) = taken_back else {
            panic!("{taken_back:?}")
        };
        assert_eq!(outcome.operation_before, Operation::Paused);
        assert_eq!(outcome.operation_after, Operation::Active);
        let snapshot = handle.snapshot().expect("runs");
        assert_eq!(snapshot.children.len(), 1, "{snapshot}");
        let again = handle.resume_child(name, "t", "t").await;
        assert!(
            matches!(again, Err(SupervisorError::UnknownChild { .. })),
            "{again:?}"
        );
    }
    // A full list has room again.
    for n in 0..256 {
        let name = format!("x{n}");
        handle.quarantine_child(name, "t", "t").await.expect("room");
    }
    let full = handle.pause_child("nobody", "t", "t").await;
    assert!(
        matches!(full, Err(SupervisorError::TooManyIntents { .. })),
        "{full:?}"
    );
    handle.remove_child("x7", "t", "t").await.expect("known");
    handle.pause_child("nobody", "t", "t").await.expect("room");
    // One below a supervisor that is removed is not forgotten with it.
    handle.remove_child("x8", "t", "t").await.expect("known");
    let group = ChildSpec::supervisor("group", SupervisorSpec::root(Vec::new()));
    handle.start_child("/", group).await.expect("is added");
    let below = handle.pause_child("group/nobody", "t", "t").await;
    below.expect("room");
    handle
        .remove_child("group", "t", "t")
        .await
        .expect("is there");
    handle.stopped("/group").await.ok();
    // Events tell of all that.
    let snapshot = handle.snapshot().expect("runs");
    let (mut fold, mut events) = (Fold::default(), handle.events_after(0));
    while fold.seq() < snapshot.as_of_seq {
        let Some(Observed::Event(event)) = events.next().await else {
            panic!("there is a gap")
        };
        fold.apply(&event).expect("in order");
    }
    assert_eq!(fold.children().count(), snapshot.children.len());
    for child in &snapshot.children {
        let folded = fold.child(&child.path).expect("told of");
        assert_eq!(folded.differs_from(child), None);
    }
    assert_eq!(
        fold.child("nobody").map(|it| it.state),
        Some(ChildState::Declared)
    );
    // The one that it was for begins paused.
    let nobody = obedient("nobody", &log, std::time::Duration::ZERO);
    handle.start_child("/", nobody).await.expect("is added");
    let nobody = handle.snapshot_of("nobody").expect("is there");
    assert_eq!(nobody.operation, Operation::Paused);
    assert_eq!(log.alive(), 1);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn an_intent_is_one_command_and_no_refusal() {
    let log = Log::new();
    let handle = tree(&log).await;
    for name in ["nobody", "nowhere/nobody"] {
        let answer = handle.pause_child(name, "t", "t").await;
        assert!(
            matches!(&answer, Ok(CommandResult::ChildControl { outcome }) if outcome.status.is_none()),
            "{answer:?}"
        );
        assert_eq!(
            told_of(&handle, name).await,
            ["asked to pause", "will be paused"]
        );
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_writes_is_one_line_of_text_and_stays_whole_as_data() {
    let log = Log::new();
    let handle = tree(&log).await;
    let reason = "größer\n`/` has ended: it gave up\u{1b}[2J";
    handle.pause_child("a", "op", reason).await.expect("pauses");
    let mut asked = handle
        .events_after(0)
        .only(|event| matches!(event.kind, EventKind::Commanded(_)));
    let Some(Observed::Event(event)) = asked.next().await else {
        panic!("it is told")
    };
    assert_eq!(
        event.to_string(),
        r"`a` is told to pause by op: größer\n`/` has ended: it gave up\u{1b}[2J"
    );
    let EventKind::Commanded(asked) = &event.kind else {
        panic!("{event}")
    };
    assert_eq!(&*asked.audit.reason, reason);
    handle.shutdown().await.expect("stops");
}

//! What a snapshot says, and that it can be read back.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::fold::Fold;
use rust_supervisor::event::kind::{Event, SCHEMA_VERSION};
use rust_supervisor::event::snapshot::{ChildState, Snapshot};
use rust_supervisor::event::stream::Observed;
use rust_supervisor::shutdown::stage::ShutdownPhase;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Strategy};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const MINUTE: Duration = Duration::from_secs(60);

async fn until_state(handle: &SupervisorHandle, path: &str, state: ChildState) {
    while handle.snapshot_of(path).expect("is there").state != state {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_budgets_delays_ends_tags_and_what_is_wanted() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail)
        .backoff(Backoff::constant(Duration::from_secs(4)))
        .fuse(Intensity::new(3, MINUTE))
        .tags(["io", "eu"]);
    let other = fragile("other", &log, &fail).backoff(Backoff::none());
    let inner = SupervisorSpec::root(vec![weak, other])
        .intensity(Intensity::new(5, MINUTE))
        .strategy(Strategy::OneForOne);
    let spec = SupervisorSpec::root(vec![
        ChildSpec::supervisor("inner", inner),
        obedient("calm", &log, Duration::ZERO),
    ])
    .intensity(Intensity::new(2, MINUTE))
    .strategy(Strategy::RestForOne);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+other", 1).await;
    log.wait_for("+weak", 1).await;
    fail.notify_one();
    until_state(&handle, "inner/weak", ChildState::Backoff).await;
    fail.notify_one();
    log.wait_for("+other", 2).await;
    handle
        .pause_child("calm", "test", "to see it")
        .await
        .expect("pauses");
    until_state(&handle, "calm", ChildState::Stopped).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let snapshot = handle.snapshot().expect("can be taken");
    assert_eq!(snapshot.schema, SCHEMA_VERSION);
    assert!(!snapshot.ready);
    assert_eq!(snapshot.shutdown, ShutdownPhase::Idle);
    assert_eq!(snapshot.root.strategy, Strategy::RestForOne);
    assert_eq!(
        (snapshot.root.intensity.left, snapshot.root.intensity.of),
        (2, 2)
    );
    let inner = snapshot.child("inner").expect("is there");
    let supervisor = inner.supervisor.as_ref().expect("it is one");
    assert_eq!(
        (supervisor.intensity.left, supervisor.intensity.of),
        (4, 5),
        "the restart of the child with a fuse does not count"
    );
    let weak = snapshot.child("inner/weak").expect("is there");
    let fuse = weak.fuse.expect("it has one");
    assert_eq!((fuse.left, fuse.of, fuse.window), (2, 3, MINUTE));
    let restart_in = weak.restart_in.expect("it waits");
    assert!(restart_in > Duration::ZERO && restart_in <= Duration::from_secs(3));
    assert_eq!(
        weak.tags.iter().map(|tag| &**tag).collect::<Vec<_>>(),
        ["io", "eu"]
    );
    assert!(weak.last_exit.is_some());
    let read: Snapshot =
        serde_json::from_value(serde_json::to_value(&snapshot).expect("plain data"))
            .expect("can be read back");
    assert_eq!(read.to_string(), snapshot.to_string());
    let restart_in = format!("{restart_in:.1?}");
    assert_eq!(
        snapshot.to_string(),
        format!(
            "tree not ready, as of event {}\n\
             CHILD      STATE     FOR  GEN  TRY  LEFT\n\
             /                                    2/2  rest_for_one\n\
             \x20 inner    running  1.0s    0    1   4/5  one_for_one\n\
             \x20   weak   backoff  1.0s    0    1   2/3  restarts in {restart_in}; last: error: weak \
             was told to fail; #io; #eu\n\
             \x20   other  running  1.0s    1    2        last: error: other was told to fail\n\
             \x20 calm     paused   1.0s    0    1        last: ended normally",
            snapshot.as_of_seq
        )
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_counts_sub_tasks() {
    let log = Log::new();
    let parent = ChildSpec::from_fn("parent", {
        let log = log.clone();
        move |ctx: TaskContext| {
            let log = log.clone();
            async move {
                for _ in 0..3 {
                    let inner = ctx.clone();
                    drop(ctx.spawn(async move { inner.cancelled().await }));
                }
                log.write("spawned");
                ctx.cancelled().await;
            }
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![parent]))
        .await
        .expect("starts");
    log.wait_for("spawned", 1).await;
    let snapshot = handle.snapshot().expect("can be taken");
    assert_eq!(snapshot.child("parent").expect("is there").sub_tasks, 3);
    assert_eq!(handle.snapshot_of("parent").expect("is there").sub_tasks, 3);
    handle.shutdown().await.expect("stops");
    assert_eq!(handle.snapshot_of("parent").expect("is there").sub_tasks, 0);
}

/// Every kind of event that there is, as it serializes: read from where they are declared.
fn all_kinds() -> std::collections::BTreeSet<String> {
    let source = include_str!("../../supervisor/src/event/kind.rs");
    let (_, kinds) = source.split_once("pub enum EventKind {").expect("is there");
    let (kinds, _) = kinds.split_once("\n}").expect("ends");
    let variants = kinds.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric())?;
        name.starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| &name[..end])
    });
    let snake_case = |name: &str| {
        let mut snake = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        snake
    };
    variants.map(snake_case).collect()
}

/// What a later version of the same schema adds is passed over.
#[test]
fn fields_that_are_not_known_are_passed_over() {
    fn with_more(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(values) => values.iter_mut().for_each(with_more),
            serde_json::Value::Object(fields) => {
                // A variant has one key, and no fields beside it.
                let is_struct = ["path", "schema", "left"];
                if is_struct.iter().any(|field| fields.contains_key(*field)) {
                    fields.insert("of_a_later_version".to_owned(), 7.into());
                }
                fields.values_mut().for_each(with_more);
            }
            _ => {}
        }
    }
    let events: serde_json::Value =
        serde_json::from_str(include_str!("data/events.1.json")).expect("JSON");
    let mut more = events.clone();
    with_more(&mut more);
    assert_ne!(more, events);
    let read: Vec<Event> = serde_json::from_value(more).expect("can be read");
    assert_eq!(serde_json::to_value(&read).expect("plain data"), events);
    let snapshot: serde_json::Value =
        serde_json::from_str(include_str!("data/snapshot.1.json")).expect("JSON");
    let mut more = snapshot.clone();
    with_more(&mut more);
    let read: Snapshot = serde_json::from_value(more).expect("can be read");
    assert_eq!(serde_json::to_value(&read).expect("plain data"), snapshot);
}

/// A file is committed for every version; what is read is written as it was, errors as their text.
#[test]
fn events_and_snapshots_of_every_version_still_read() {
    let events = include_str!("data/events.1.json");
    let snapshot = include_str!("data/snapshot.1.json");
    let written: serde_json::Value = serde_json::from_str(events).expect("JSON");
    let read: Vec<Event> = serde_json::from_str(events).expect("it still reads");
    assert_eq!(serde_json::to_value(&read).expect("plain data"), written);
    let kinds: std::collections::BTreeSet<String> = written
        .as_array()
        .expect("events")
        .iter()
        .map(|event| match &event["kind"] {
            serde_json::Value::String(kind) => kind.clone(),
            kind => {
                let fields = kind.as_object().expect("one key");
                fields.keys().next().expect("one").clone()
            }
        })
        .collect();
    assert_eq!(kinds, all_kinds(), "one of each kind");
    let written: serde_json::Value = serde_json::from_str(snapshot).expect("JSON");
    let read: Snapshot = serde_json::from_str(snapshot).expect("it still reads");
    assert_eq!(read.schema, 1);
    assert_eq!(serde_json::to_value(&read).expect("plain data"), written);
}

/// What a subscriber reads can be written and read back, with its error as text.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_read_back_says_the_same() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![fragile("weak", &log, &fail).backoff(Backoff::none())])
        .intensity(Intensity::new(1, MINUTE));
    let handle = Supervisor::start(spec).await.expect("starts");
    for time in 1..=2 {
        log.wait_for("+weak", time).await;
        fail.notify_one();
    }
    handle.join().await.expect_err("it gives up");
    let (mut events, mut count) = (handle.events_after(0), 0);
    while let Some(Observed::Event(event)) = events.next().await {
        let json = serde_json::to_string(&event).expect("plain data");
        let read: Event = serde_json::from_str(&json).expect("can be read");
        assert_eq!(read.to_string(), event.to_string());
        assert_eq!(serde_json::to_string(&read).expect("plain data"), json);
        count += 1;
    }
    assert!(count > 10, "{count}");
}

/// Whoever has missed events takes a snapshot, and goes on behind it.
#[tokio::test(start_paused = true)]
async fn a_fold_says_where_events_are_missing_and_goes_on_from_a_snapshot() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![weak, obedient("calm", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+weak", 1).await;
    let snapshot = handle.snapshot().expect("can be taken");
    let mut fold = Fold::from(&snapshot);
    fail.notify_one();
    log.wait_for("+weak", 2).await;
    handle
        .pause_child("calm", "test", "to see it")
        .await
        .expect("pauses");
    handle.stopped("calm").await.expect("stops");
    let (now, mut events) = (
        handle.snapshot().expect("can be taken"),
        handle.events_after(snapshot.as_of_seq),
    );
    let mut behind = Fold::default();
    while fold.seq() < now.as_of_seq {
        let Some(Observed::Event(event)) = events.next().await else {
            panic!("none is missed");
        };
        let gap = behind
            .apply(&event)
            .expect_err("the first events are missing");
        assert_eq!((gap.expected, gap.found), (1, event.seq));
        fold.apply(&event).expect("the next one");
        // Whoever keeps it can put it away, and goes on with it.
        let json = serde_json::to_string(&fold).expect("plain data");
        fold = serde_json::from_str(&json).expect("can be read");
    }
    for child in &now.children {
        let folded = fold.child(&child.path).expect("is known");
        assert_eq!(folded.differs_from(child), None, "{}", child.path);
    }
    assert_eq!(fold.children().count(), now.children.len());
    assert_eq!(fold.is_ready(), now.ready);
    handle.shutdown().await.expect("stops");
}

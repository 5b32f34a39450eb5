//! A recording of a tree plays to the same events and the same snapshot.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::kind::Event;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::recorder::{Recording, RecordingError, Replayed};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{
    Intensity, Pool, Readiness, RestartPolicy, Shutdown, Strategy,
};
use rust_supervisor::test_util::{Script, Turn};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use serde_json::Value;

const LIMIT: usize = 65_536;

/// Children that end in every way, below supervisors of every strategy.
fn tree() -> SupervisorSpec {
    let moment = Duration::from_millis(3);
    let script = |turns: Vec<Turn>, name: &str| {
        let child = Script::new(turns).child(name);
        child.backoff(Backoff::exponential(moment, 10 * moment))
    };
    let flaky = || {
        vec![
            Turn::fail("no route"),
            Turn::panic("a bug").after(moment),
            Turn::run(),
        ]
    };
    let group = |name: &str, strategy| {
        let children = vec![
            script(vec![], "first"),
            script(flaky(), "flaky"),
            script(vec![], "last").after(["first"]),
        ];
        let spec = SupervisorSpec::root(children).strategy(strategy);
        ChildSpec::supervisor(name, spec)
    };
    let weak = SupervisorSpec::root(vec![script(
        vec![Turn::fail("again").after(moment)],
        "weak",
    )])
    .intensity(Intensity::new(2, Duration::from_secs(60)));
    SupervisorSpec::root(vec![
        group("all", Strategy::OneForAll),
        group("rest", Strategy::RestForOne),
        group("dependents", Strategy::Dependents),
        ChildSpec::supervisor("doomed", weak).fuse(Intensity::new(1, Duration::from_secs(60))),
        ChildSpec::supervisor(
            "pool",
            SupervisorSpec::root(Vec::new()).pool(Pool::Unlimited),
        ),
        script(vec![Turn::finish()], "done").restart(RestartPolicy::Temporary),
        script(vec![Turn::decline()], "shy").readiness(Readiness::Explicit),
        script(vec![Turn::hang()], "deaf").shutdown(Shutdown::Within(moment)),
        script(vec![Turn::hang()], "late")
            .timeout(Duration::from_millis(40))
            .shutdown(Shutdown::Within(moment)),
    ])
    .record(LIMIT)
}

async fn events(handle: &SupervisorHandle) -> Vec<Event> {
    let (mut stream, mut events) = (handle.events_after(0), Vec::new());
    while let Some(observed) = stream.next().await {
        match observed {
            Observed::Event(event) => events.push(event),
            other => panic!("a gap: {other:?}"),
        }
    }
    events
}

/// Operators at work.
async fn disturb(handle: &SupervisorHandle) {
    let pause = || tokio::time::sleep(Duration::from_millis(7));
    let tree = handle.acting_as("ada", "makes trouble").expect("says why");
    for (round, path) in ["all/first", "rest/flaky", "dependents/last", "deaf"]
        .iter()
        .enumerate()
    {
        let child = tree.child(*path).expect("known");
        child.restart().await.expect("answers");
        pause().await;
        child.pause().await.expect("answers");
        child.kill().await.expect("answers");
        pause().await;
        child.resume().await.expect("answers");
        let job = Script::new([Turn::finish().after(Duration::from_millis(5))]);
        let job = job.child(format!("job{round}"));
        let added = tree.start_child("pool", job).await.expect("added");
        pause().await;
        let outcome = added.outcome().await.expect("answers");
        assert!(outcome.is_success(), "{outcome}");
        tree.pause_child(format!("unborn{round}"), "ada", "in advance")
            .await
            .expect("kept");
    }
    let late = ChildSpec::from_fn("unborn1", |ctx: TaskContext| async move {
        ctx.cancelled().await;
    });
    tree.start_child("/", late).await.expect("added");
    tree.child("all")
        .expect("known")
        .remove()
        .await
        .expect("answers");
    tree.child("rest")
        .expect("known")
        .restart()
        .await
        .expect("answers");
    let unknown = tree.restart_child("nobody", "ada", "a typing error").await;
    unknown.expect_err("is not there");
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// What serializes alike is alike.
fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("plain data")
}

#[track_caller]
fn same(replayed: &Replayed, events: &[Event], handle: &SupervisorHandle) {
    let lines: Vec<String> = events
        .iter()
        .map(|event| format!("{} {event}", event.seq))
        .collect();
    assert_eq!(replayed.lines(), lines);
    for (replayed, event) in replayed.events.iter().zip(events) {
        assert_eq!(json(replayed), json(event));
    }
    let (mut there, mut here) = (
        json(&replayed.snapshot),
        json(handle.snapshot().expect("known")),
    );
    // They were taken at different moments.
    for snapshot in [&mut there, &mut here] {
        for field in ["at", "wall"] {
            snapshot[field] = Value::Null;
        }
        for child in snapshot["children"].as_array_mut().expect("a list") {
            child["since"] = Value::Null;
        }
    }
    assert_eq!(there, here);
}

async fn a_life(handle: SupervisorHandle) {
    disturb(&handle).await;
    handle.shutdown().await.expect("stops");
    let events = events(&handle).await;
    assert!(events.len() > 150, "{} events", events.len());
    let recording = handle.recording().expect("is recorded");
    assert!(recording.is_complete() && recording.len() > 50);
    same(&recording.replay().expect("plays"), &events, &handle);
    let read = Recording::from_json(&recording.to_json().expect("writes")).expect("reads");
    same(&read.replay().expect("plays"), &events, &handle);
}

#[tokio::test(start_paused = true)]
async fn a_recording_plays_to_the_same_events_and_snapshot() {
    a_life(Supervisor::start(tree()).await.expect("starts")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_it_does_where_many_threads_were_at_work() {
    for _ in 0..3 {
        a_life(Supervisor::start(tree()).await.expect("starts")).await;
    }
}

#[tokio::test]
async fn a_full_log_is_exact_as_far_as_it_goes_and_says_so() {
    let crashing = Script::new([Turn::fail("again")])
        .child("crashing")
        .backoff(Backoff::none());
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(vec![crashing])
        .intensity(limit)
        .record(100);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut stream = handle.events_after(0);
    let mut events = Vec::new();
    while events.len() < 1_000 {
        if let Some(Observed::Event(event)) = stream.next().await {
            events.push(event);
        }
    }
    let recording = handle.recording().expect("is recorded");
    assert!(!recording.is_complete());
    assert_eq!(recording.len(), 100);
    let replayed = recording.replay().expect("plays");
    let known = replayed.events.len();
    assert!((100..1_000).contains(&known), "{known}");
    for (replayed, event) in replayed.events.iter().zip(&events) {
        assert_eq!(json(replayed), json(event));
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_recorded_only_where_that_is_asked_for() {
    let handle = Supervisor::start(SupervisorSpec::root(Vec::new()))
        .await
        .expect("starts");
    assert!(handle.recording().is_none());
    handle.shutdown().await.expect("stops");
}

#[test]
fn what_is_no_recording_of_this_version_is_refused_with_a_reason() {
    let error = Recording::from_json("{}").expect_err("no recording");
    assert!(matches!(error, RecordingError::Malformed(_)), "{error}");
    let error = Recording::from_json(r#"{"version": 7}"#).expect_err("another version");
    let says = "a recording of version 7 cannot be played by version 1";
    assert!(error.to_string().starts_with(says), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_have_happened_is_refused() {
    let spec = SupervisorSpec::root(vec![Script::new([]).child("child")]).record(LIMIT);
    let handle = Supervisor::start(spec).await.expect("starts");
    let json = handle
        .recording()
        .expect("is recorded")
        .to_json()
        .expect("writes");
    let changed = json.replace("{\"driven\":1}", "{\"driven\":7}");
    assert_ne!(changed, json);
    let error = Recording::from_json(&changed)
        .expect("reads")
        .replay()
        .expect_err("no such node");
    assert!(
        matches!(error, RecordingError::Unplayable { .. }),
        "{error}"
    );
    handle.shutdown().await.expect("stops");
}

/// The helper's own output, kept beside this file; `UPDATE_EXPECT=1` writes it anew.
#[tokio::test(start_paused = true)]
async fn an_incident_becomes_a_test() {
    let feed = Script::new([Turn::fail("no route"), Turn::run()]).child("feed");
    let feed = feed.backoff(Backoff::constant(Duration::from_secs(1)));
    let spec = SupervisorSpec::root(vec![feed]).record(LIMIT);
    let handle = Supervisor::start(spec).await.expect("starts");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let ada = handle
        .acting_as("ada", "the end of the test")
        .expect("says why");
    ada.shutdown().await.expect("stops");
    let recording = Arc::new(handle.recording().expect("is recorded"));
    let code = recording.test("feed_lost_its_route").expect("writes");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(folder).expect("made");
        std::fs::write(format!("{folder}/feed_lost_its_route.rs"), &code).expect("written");
        let json = recording.to_json().expect("writes");
        std::fs::write(format!("{folder}/feed_lost_its_route.json"), json).expect("written");
    }
    // Its delay is random: everything else is what the committed one says.
    let kept = std::fs::read_to_string(format!("{folder}/feed_lost_its_route.rs"));
    let without_delay = |code: &str| {
        let delay = |line: &str| line.contains("restarting in");
        code.lines()
            .filter(|line| !delay(line))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        without_delay(&kept.expect("is there")),
        without_delay(&code)
    );
}

mod recorded {
    include!("recorded/feed_lost_its_route.rs");
}

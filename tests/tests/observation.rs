//! What one sees of a tree: typed events without gaps, and who is ready.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::kind::{Event, EventKind, SupervisorEnd};
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};

async fn all_events(handle: &rust_supervisor::SupervisorHandle) -> Vec<Event> {
    let (mut stream, mut events) = (handle.events_after(0), Vec::new());
    while let Some(observed) = stream.next().await {
        match observed {
            Observed::Event(event) => events.push(event),
            other => panic!("nothing is missed here: {other:?}"),
        }
    }
    events
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_without_gaps_and_tell_the_whole_life_of_a_tree() {
    let log = Log::new();
    let seen = log.clone();
    let flaky = ChildSpec::from_fn("flaky", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            if ctx.generation().value == 0 {
                return Err("the first time");
            }
            log.write("again");
            ctx.cancelled().await;
            Ok(())
        }
    })
    .backoff(Backoff::constant(Duration::from_secs(2)));
    let spec = SupervisorSpec::root(vec![obedient("calm", &log, Duration::ZERO), flaky]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("again", 1).await;
    handle.shutdown().await.expect("stops");
    let events = all_events(&handle).await;
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    assert!(events.is_sorted_by_key(|event| event.at));
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            let kind = match &event.kind {
                EventKind::Exited(exit) => format!("exited ({exit})"),
                EventKind::Ready => "ready".into(),
                EventKind::Restarting { .. } => "restarting".into(),
                EventKind::Started => "started".into(),
                EventKind::Stopping => "stopping".into(),
                EventKind::SupervisorEnded(SupervisorEnd::Requested) => "ended".into(),
                EventKind::Commanded(audit) => format!("told to {}", audit.command),
                other => format!("{other:?}"),
            };
            format!("{} /{} {kind}", event.correlation, event.path)
        })
        .collect();
    // Each with the number of the event that it follows from.
    assert_eq!(
        told,
        [
            "1 / started",
            "1 /calm started",
            "1 /flaky started",
            "1 / ready",
            "5 /flaky exited (error: the first time)",
            "5 / Unready",
            "5 /flaky restarting",
            "5 /flaky started",
            "5 / ready",
            "10 / told to shutdown",
            "10 / stopping",
            "10 / Shutdown(RequestStop)",
            "10 / Shutdown(GracefulDrain)",
            "10 /flaky stopping",
            "10 /flaky exited (ended normally)",
            "10 / Unready",
            "10 /calm stopping",
            "10 /calm exited (ended normally)",
            "10 / ended",
            "10 / Shutdown(Reconcile)",
            "10 / Shutdown(Completed)",
        ]
    );
    let restarting = &events[6];
    let EventKind::Restarting { delay, .. } = restarting.kind else {
        panic!("{restarting:?}");
    };
    assert!(
        (Duration::from_secs(1)..=Duration::from_secs(2)).contains(&delay),
        "{delay:?}"
    );
    assert_eq!(
        restarting.to_string(),
        format!("`flaky` error: the first time; restarting in {delay:?} (attempt 2)")
    );
    let json = serde_json::to_value(&events).expect("plain data");
    assert_eq!(
        json[6]["at"].as_u64(),
        u64::try_from(restarting.at.as_nanos()).ok()
    );
    assert_eq!(
        json[6]["kind"]["restarting"]["exit"]["kind"]["failed"],
        "the first time"
    );
}

#[tokio::test(start_paused = true)]
async fn two_subscribers_read_the_same_and_a_late_one_reads_from_where_it_wants() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("child", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut live = handle.events();
    handle
        .restart_child("child", "test", "events")
        .await
        .expect("restarts");
    let Some(Observed::Event(first)) = live.next().await else {
        panic!("an event");
    };
    let mut again = handle.events_after(first.seq - 1);
    let Some(Observed::Event(same)) = again.next().await else {
        panic!("an event");
    };
    assert_eq!((same.seq, same.to_string()), (first.seq, first.to_string()));
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn readiness_follows_the_critical_children() {
    let (log, fail) = (Log::new(), Arc::new(tokio::sync::Notify::new()));
    let minor = supervisor_tests::fragile("minor", &log, &fail)
        .critical(false)
        .backoff(Backoff::constant(Duration::from_secs(60)));
    let major = obedient("major", &log, Duration::ZERO);
    let inner = ChildSpec::supervisor("inner", SupervisorSpec::root(vec![major]));
    let handle = Supervisor::start(SupervisorSpec::root(vec![inner, minor]))
        .await
        .expect("starts");
    assert!(handle.is_ready() && handle.readiness().ready);
    log.wait_for("+minor", 1).await;
    fail.notify_one();
    log.wait_for("-minor", 1).await;
    assert!(handle.is_ready(), "it is not critical");
    handle
        .pause_child("major", "test", "readiness")
        .await
        .expect("pauses");
    handle.stopped("major").await.expect("stops");
    assert!(!handle.is_ready());
    assert_eq!(handle.readiness().to_string(), "not ready: `inner/major`");
    assert!(handle.health().is_healthy(), "{:?}", handle.health());
    let waiting = handle.downgrade();
    let waiting = tokio::spawn(async move { waiting.ready().await });
    handle
        .resume_child("major", "test", "readiness")
        .await
        .expect("resumes");
    waiting.await.expect("no panic").expect("ready again");
    assert!(handle.is_ready());
    handle.shutdown().await.expect("stops");
    assert!(!handle.is_ready());
}

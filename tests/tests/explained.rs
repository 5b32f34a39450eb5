//! What would follow from a failure, and what has become of a child.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::account::Account;
use rust_supervisor::event::command::CommandKind;
use rust_supervisor::event::explanation::{Explanation, StepKind};
use rust_supervisor::event::history::Decision;
use rust_supervisor::event::kind::{Event, EventKind};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Strategy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorSpec, TaskContext, TreeRef,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const MINUTE: Duration = Duration::from_secs(60);

/// Events from a number to the first one that will do.
async fn until(tree: &TreeRef, after: u64, last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let (mut stream, mut events) = (tree.events_after(after), Vec::new());
    while let Some(Observed::Event(event)) = stream.next().await {
        let found = last(&event);
        events.push(event);
        if found {
            break;
        }
    }
    events
}

#[tokio::test(start_paused = true)]
async fn what_is_explained_is_what_then_happens() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::constant(Duration::from_secs(2)));
    let inner = SupervisorSpec::root(vec![
        obedient("first", &log, Duration::ZERO),
        weak,
        obedient("last", &log, Duration::ZERO),
    ])
    .strategy(Strategy::OneForAll)
    .intensity(Intensity::new(3, MINUTE));
    let spec = SupervisorSpec::root(vec![
        ChildSpec::supervisor("inner", inner),
        obedient("other", &log, Duration::ZERO),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+weak", 1).await;
    let explanation = handle.explain("inner/weak").expect("it is there");
    let (stops, starts): (Vec<_>, Vec<_>) = (
        explanation.stops().collect(),
        explanation.starts().collect(),
    );
    assert_eq!(stops, ["inner/last", "inner/first"]);
    assert_eq!(starts, ["inner/first", "inner/weak", "inner/last"]);
    assert_eq!(
        explanation.steps[0].what,
        StepKind::Restarts {
            from: Duration::from_secs(1),
            to: Duration::from_secs(2)
        }
    );
    assert_eq!(explanation.budgets[0].left.left, 3);
    fail.notify_one();
    let after = explanation.as_of_seq;
    let last =
        |event: &Event| matches!(event.kind, EventKind::Started) && &*event.path == "inner/last";
    let events = until(&handle, after, last).await;
    let did = |of: fn(&EventKind) -> bool| -> Vec<&str> {
        let events = events.iter().filter(|event| of(&event.kind));
        events.map(|event| &*event.path).collect()
    };
    assert_eq!(did(|kind| matches!(kind, EventKind::Stopping)), stops);
    assert_eq!(did(|kind| matches!(kind, EventKind::Started)), starts);
    assert!(
        events.iter().all(|event| event.correlation == after + 1),
        "all of it follows from the crash"
    );
    let read: Explanation =
        serde_json::from_value(serde_json::to_value(&explanation).expect("plain data"))
            .expect("can be read back");
    assert_eq!(read, explanation);
    handle.shutdown().await.expect("stops");
    let error = handle.explain("no-such").expect_err("it is not there");
    assert!(
        matches!(error, SupervisorError::UnknownChild { .. }),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn why_tells_the_last_ends_with_what_was_decided_and_who_asked() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::constant(Duration::from_secs(2)));
    let handle = Supervisor::start(SupervisorSpec::root(vec![weak]))
        .await
        .expect("starts");
    log.wait_for("+weak", 1).await;
    fail.notify_one();
    log.wait_for("+weak", 2).await;
    handle
        .restart_child("weak", "ada", "new settings")
        .await
        .expect("restarts");
    log.wait_for("+weak", 3).await;
    handle
        .pause_child("weak", "ben", "maintenance")
        .await
        .expect("pauses");
    handle.stopped("weak").await.expect("stops");
    let account = handle.why("weak").expect("it is there");
    assert_eq!(account.state, ChildState::Stopped);
    let [crash, restart, pause] = &account.ends[..] else {
        panic!("{account}");
    };
    assert!(
        crash
            .exit
            .as_ref()
            .is_some_and(|exit| exit.error().is_some())
    );
    let Decision::Restart { delay, .. } = crash.decision else {
        panic!("{crash}");
    };
    assert!(delay >= Duration::from_secs(1), "{delay:?}");
    for (ended, command, who, why) in [
        (restart, CommandKind::Restart, "ada", "new settings"),
        (pause, CommandKind::Pause, "ben", "maintenance"),
    ] {
        assert_eq!(ended.decision, Decision::Asked);
        let asked = ended.asked_by.as_ref().expect("somebody did");
        assert_eq!(asked.command, command);
        assert_eq!(
            (&*asked.audit.requested_by, &*asked.audit.reason),
            (who, why)
        );
    }
    let text = account.to_string();
    assert!(text.starts_with("`weak` has been stopped for "), "{text}");
    assert!(text.contains(", paused\n"), "{text}");
    assert!(
        text.contains("it is told to restart by ada: new settings"),
        "{text}"
    );
    let follows = account.follows_from.as_ref().expect("it is in the journal");
    assert!(
        matches!(&follows.kind, EventKind::Commanded(asked) if asked.command == CommandKind::Pause)
    );
    let read: Account = serde_json::from_value(serde_json::to_value(&account).expect("plain data"))
        .expect("can be read back");
    assert_eq!(read.to_string(), text);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn why_tells_a_stop_of_a_child_that_has_never_failed() {
    let log = Log::new();
    let handle = Supervisor::start(SupervisorSpec::root(vec![obedient(
        "calm",
        &log,
        Duration::ZERO,
    )]))
    .await
    .expect("starts");
    assert!(handle.why("calm").expect("it is there").ends.is_empty());
    log.wait_for("+calm", 1).await;
    handle
        .stop_child("calm", "ada", "to look at it")
        .await
        .expect("stops");
    handle.stopped("calm").await.expect("stops");
    let account = handle.why("calm").expect("it is there");
    let asked = account.ends[0].asked_by.as_ref().expect("somebody did");
    assert_eq!(&*asked.audit.requested_by, "ada");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_tree_explains_itself_while_others_restart() {
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let idle = (0..3_000).map(|n| {
        ChildSpec::from_fn(format!("idle{n}"), |ctx: TaskContext| async move {
            ctx.cancelled().await;
        })
        .backoff(Backoff::none())
    });
    let storm = (0..4).map(|n| {
        let stop = Arc::clone(&stop);
        ChildSpec::from_fn(format!("storm{n}"), move |ctx: TaskContext| {
            let stop = Arc::clone(&stop);
            async move {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    ctx.cancelled().await;
                    return Ok(());
                }
                tokio::task::yield_now().await;
                Err("again")
            }
        })
        .backoff(Backoff::none())
    });
    let spec = SupervisorSpec::root(idle.collect())
        .children(storm)
        .intensity(Intensity::new(u32::MAX, MINUTE));
    let handle = Supervisor::start(spec).await.expect("starts");
    for n in 0..8 {
        let path = format!("idle{}", n * 100);
        let explanation = handle.explain(path.as_str()).expect("it is there");
        assert_eq!(explanation.starts().collect::<Vec<_>>(), [path.as_str()]);
        assert_eq!(explanation.stops().count(), 0);
        assert!(explanation.when_spent.is_empty(), "it is never spent");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let report = handle.shutdown().await.expect("stops");
    assert_eq!(report.children.len(), 3_004);
}

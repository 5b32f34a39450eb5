//! The kit for tests of supervised programs keeps what it promises.

use std::time::Duration;

use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Readiness, Shutdown, Strategy};
use rust_supervisor::test_util::{Observer, Script, Turn};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec};

async fn started(children: Vec<ChildSpec>) -> (SupervisorHandle, Observer) {
    let spec = SupervisorSpec::root(children).strategy(Strategy::RestForOne);
    let handle = Supervisor::start(spec).await.expect("starts");
    let observer = Observer::new(&handle);
    (handle, observer)
}

/// What a panicking future says.
async fn complaint(test: impl Future<Output = ()> + Send + 'static) -> String {
    let panicked = tokio::spawn(test).await.expect_err("panics");
    let payload = panicked.into_panic();
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_takes_the_next_turn_and_the_last_one_is_repeated() {
    let script = Script::new([
        Turn::fail("no route"),
        Turn::panic("a bug"),
        Turn::fail("later").after(Duration::from_secs(3)),
        Turn::run(),
    ]);
    let child = script
        .child("child")
        .backoff(Backoff::constant(Duration::from_secs(1)));
    let (handle, mut observer) = started(vec![child]).await;
    let mut ends = Vec::new();
    for attempt in 1..=3 {
        let exited = observer
            .wait_for(|event| matches!(event.kind, EventKind::Exited(_)))
            .await;
        let EventKind::Exited(exit) = exited.kind else {
            unreachable!()
        };
        ends.push(exit.to_string());
        if attempt == 3 {
            assert!(exit.uptime >= Duration::from_secs(3), "{:?}", exit.uptime);
        }
        observer.wait_for_state("child", ChildState::Backoff).await;
        let delay = observer.step_backoff("child").await;
        assert!(delay <= Duration::from_secs(1), "{delay:?}");
        assert_eq!(
            script.started(),
            attempt + usize::from(script.started() > attempt)
        );
    }
    assert_eq!(ends[..2], ["error: no route", "panicked: a bug"]);
    script.tell(Turn::fail("told to"));
    observer.wait_for_state("child", ChildState::Backoff).await;
    observer.step_backoff("child").await;
    tokio::task::yield_now().await;
    assert_eq!(script.started(), 5, "the last turn is repeated");
    observer.assert_restarts("child", 4);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn turns_that_decline_finish_and_hang() {
    let shy = Script::new([Turn::decline()]).child("shy");
    let done = Script::new([Turn::finish()]).child("done");
    let deaf = Script::new([Turn::hang()]).child("deaf");
    let (handle, mut observer) = started(vec![
        shy.readiness(Readiness::Explicit),
        done,
        deaf.shutdown(Shutdown::Within(Duration::from_secs(1))),
    ])
    .await;
    observer.wait_for_state("shy", ChildState::Ignored).await;
    observer.wait_for_state("done", ChildState::Finished).await;
    observer.wait_for_state("deaf", ChildState::Running).await;
    handle.shutdown().await.expect("stops");
    let aborted = observer
        .wait_for(|event| &*event.path == "deaf" && matches!(event.kind, EventKind::Exited(_)))
        .await;
    let EventKind::Exited(exit) = aborted.kind else {
        unreachable!()
    };
    assert!(matches!(exit.kind, ExitKind::Aborted), "{exit}");
}

#[tokio::test(start_paused = true)]
async fn the_order_of_a_group_restart_is_asserted() {
    let (a, b) = (Script::new([]), Script::new([]));
    let (handle, mut observer) =
        started(vec![a.child("a").backoff(Backoff::none()), b.child("b")]).await;
    observer.assert_order(&["+a", "+b"]);
    while a.started() + b.started() < 2 {
        tokio::task::yield_now().await;
    }
    a.tell(Turn::fail("told to"));
    observer
        .wait_for(|event| &*event.path == "b" && event.generation == Some(1))
        .await;
    observer.assert_order(&["-a", "-b", "+a", "+b"]);
    observer.assert_restarts("a", 1);
    observer.assert_restarts("b", 0);
    handle.shutdown().await.expect("stops");
    observer.assert_order(&["-b", "-a"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_in_vain_is_told_with_the_last_events() {
    let (handle, mut observer) = started(vec![Script::new([]).child("child")]).await;
    let tree = handle.downgrade();
    let said = complaint(async move {
        observer.wait_for_state("child", ChildState::Backoff).await;
    })
    .await;
    assert!(
        said.starts_with("two minutes passed before `child` became backoff"),
        "{said}"
    );
    assert!(said.contains("`child` starts"), "{said}");
    let said = complaint(async move {
        let mut observer = Observer::new(&tree);
        observer.step_backoff("child").await;
    })
    .await;
    assert_eq!(said, "`child` does not wait for a restart: it is running");
    let mut observer = Observer::new(&handle);
    let said = complaint(async move { observer.assert_order(&["+chidl"]) }).await;
    assert!(said.contains("+chidl") && said.contains("+child"), "{said}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_what_has_happened_although_its_task_has_had_its_turn() {
    let (handle, mut observer) = started(vec![Script::new([Turn::run()]).child("child")]).await;
    while tokio::task::coop::has_budget_remaining() {
        tokio::task::consume_budget().await;
    }
    observer.assert_order(&["+child"]);
    handle.shutdown().await.expect("stops");
}

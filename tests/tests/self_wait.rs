//! Who would wait for itself is told at once, and nothing keeps a tree alive but its handles.

use std::time::Duration;

use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorSpec, TaskContext, TaskResult,
};
use supervisor_tests::{Log, obedient};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_child_that_awaits_the_end_of_its_tree_is_told_at_once() {
    let (told, mut answers) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let told = told.clone();
        async move {
            let tree = ctx.tree().expect("in a tree");
            told.send(tree.join().await.expect_err("itself"))
                .expect("read");
            told.send(tree.shutdown().await.expect_err("itself"))
                .expect("read");
            ctx.cancelled().await;
        }
    });
    let begun = Instant::now();
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    for _ in 0..2 {
        let answer = answers.recv().await.expect("answers");
        assert!(
            matches!(answer, SupervisorError::WouldWaitForItself),
            "{answer:?}"
        );
    }
    // The shutdown has been asked for all the same.
    let report = handle.join().await.expect("ends");
    assert!(report.is_clean(), "{report}");
    assert_eq!(begun.elapsed(), Duration::ZERO, "no budget was waited for");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_awaits_its_own_stop_is_told_at_once() {
    let (told, mut answers) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let told = told.clone();
        async move {
            let tree = ctx.tree().expect("in a tree");
            tree.stop_child("child", "itself", "enough")
                .await
                .expect("asks");
            told.send(tree.stopped("child").await.expect_err("itself"))
                .expect("read");
            TaskResult::Cancelled
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let answer = answers.recv().await.expect("answers");
    assert!(
        matches!(answer, SupervisorError::WouldWaitForItself),
        "{answer:?}"
    );
    handle.stopped("child").await.expect("stops");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_holds_a_reference_does_not_keep_its_tree_alive() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let live = seen.live("child");
        async move {
            let _live = live;
            let _tree = ctx.tree();
            ctx.cancelled().await;
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    let tree = handle.downgrade();
    log.wait_for("+child", 1).await;
    drop(handle);
    let report = timeout(Duration::from_secs(1), tree.join())
        .await
        .expect("in time");
    assert!(report.expect("asked to stop").is_clean());
    assert_eq!(log.alive(), 0);
    let late = tree.pause_child("child", "test", "too late").await;
    assert!(matches!(late, Err(SupervisorError::TreeGone)), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_tree_runs_on_when_it_has_been_detached() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("child", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let tree = handle.downgrade();
    handle.detach();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((log.alive(), tree.is_alive()), (1, true));
    tree.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_of_several_handles_stops_the_tree() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("child", &log, Duration::ZERO)]);
    let first = Supervisor::start(spec).await.expect("starts");
    let second = first.clone();
    drop(first);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(log.alive(), 1);
    let tree = second.downgrade();
    drop(second);
    tree.join().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_own_supervisor_or_start_is_told_at_once() {
    let (told, mut answers) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let told = told.clone();
        async move {
            let tree = ctx.tree().expect("in a tree");
            told.send(tree.ready().await.expect_err("itself"))
                .expect("read");
            let more = ChildSpec::from_fn("more", |_ctx| async {});
            let added = tree.start_child("inner", more).await;
            told.send(added.expect_err("itself")).expect("read");
            ctx.mark_ready();
            told.send(tree.stopped("inner").await.expect_err("itself"))
                .expect("read");
            ctx.cancelled().await;
        }
    })
    .readiness(rust_supervisor::spec::policy::Readiness::Explicit);
    let inner = ChildSpec::supervisor("inner", SupervisorSpec::root(vec![child]));
    let begun = Instant::now();
    let handle = Supervisor::start(SupervisorSpec::root(vec![inner]))
        .await
        .expect("starts");
    for _ in 0..3 {
        let answer = answers.recv().await.expect("answers");
        assert!(
            matches!(answer, SupervisorError::WouldWaitForItself),
            "{answer:?}"
        );
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_adds_a_sibling_while_its_group_waits_for_its_end_is_told_at_once() {
    use rust_supervisor::spec::policy::{Shutdown, Strategy};
    let (told, mut answers) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let told = told.clone();
        async move {
            ctx.cancelled().await;
            let tree = ctx.tree().expect("in a tree");
            let more = ChildSpec::from_fn("more", |_ctx| async {});
            let added = tree.start_child("/", more).await;
            let _ = told.send(added.map(drop));
        }
    })
    .shutdown(Shutdown::Infinity);
    let log = Log::new();
    let other = obedient("other", &log, Duration::ZERO);
    let spec = SupervisorSpec::root(vec![child, other]).strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    handle
        .kill_child("other", "test", "a group")
        .await
        .expect("runs");
    let answer = timeout(Duration::from_secs(600), answers.recv()).await;
    let answer = answer.expect("it does not wait for itself");
    assert!(
        matches!(answer, Some(Err(SupervisorError::WouldWaitForItself))),
        "{answer:?}"
    );
    // It is not told so where nobody waits for it.
    handle.ready().await.expect("the group is up again");
    handle
        .stop_child("child", "test", "alone")
        .await
        .expect("runs");
    let answer = answers.recv().await;
    assert!(matches!(answer, Some(Ok(()))), "{answer:?}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_starting_child_whose_command_would_wait_for_that_start_is_told_at_once() {
    use rust_supervisor::spec::policy::{Readiness, WhileStarting};
    let (told, mut answers) = mpsc::unbounded_channel();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let told = told.clone();
        async move {
            let tree = ctx.tree().expect("in a tree");
            let stop = tree.stop_child("other", "child", "test").await;
            let _ = told.send(stop.map(drop));
            let pause = tree.pause_child("other", "child", "test").await;
            let _ = told.send(pause.map(drop));
            let children = tree.children("/").await;
            let _ = told.send(children.map(drop));
            ctx.mark_ready();
            // A kill waits for nobody.
            let kill = tree.kill_child("other", "child", "test").await;
            assert!(kill.is_ok(), "{kill:?}");
            ctx.cancelled().await;
        }
    })
    .readiness(Readiness::Explicit);
    let log = Log::new();
    let other = obedient("other", &log, Duration::ZERO);
    let spec = SupervisorSpec::root(vec![other, child]).while_starting(WhileStarting::Wait);
    let begun = Instant::now();
    let handle = Supervisor::start(spec).await.expect("starts");
    for _ in 0..3 {
        let answer = answers.recv().await;
        assert!(
            matches!(answer, Some(Err(SupervisorError::WouldWaitForItself))),
            "{answer:?}"
        );
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    handle.shutdown().await.expect("stops");
}

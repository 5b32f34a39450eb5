//! Blocking children: cooperative, and never counted as ended before they have returned.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use rust_supervisor::error::types::ServeError;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::shutdown::report::ChildShutdownStatus;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext, supervised,
    supervisor_tree,
};
use supervisor_tests::{Log, exits};
use tokio::runtime::{Builder, Runtime};

type Held = Mutex<mpsc::Receiver<()>>;

/// Does not look whether it is to stop.
#[supervised(blocking, shutdown = "20ms", backoff = "none")]
#[allow(clippy::needless_pass_by_value)]
fn deaf(_ctx: TaskContext, log: Log, held: &Held) -> Result<(), String> {
    let _live = log.live("deaf");
    let held = held.lock().expect("one attempt at a time");
    let _ = held.recv_timeout(Duration::from_secs(20));
    Err("let go".to_owned())
}

fn held() -> (mpsc::Sender<()>, Held) {
    let (let_go, held) = mpsc::channel();
    (let_go, Mutex::new(held))
}

fn runtime(blocking: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(blocking)
        .enable_all()
        .build()
        .expect("builds")
}

async fn until_state(handle: &SupervisorHandle, path: &str, state: ChildState) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of(path).expect("is there").state != state {
        events.next().await.expect("not over yet");
    }
}

/// Waits until the end of what was stuck has been told; its tree has ended before.
async fn until_told(handle: &SupervisorHandle) {
    let stuck = |handle: &SupervisorHandle| {
        let child = handle.snapshot_of("deaf");
        child.is_ok_and(|child| child.state == ChildState::Stuck)
    };
    while stuck(handle) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_returns_late_is_told_as_what_it_returned_not_as_aborted() {
    let (log, (let_go, held)) = (Log::new(), held());
    let handle = Supervisor::start(supervisor_tree! { deaf(log.clone(), held) })
        .await
        .expect("starts");
    log.wait_for("+deaf", 1).await;
    let report = handle.shutdown().await.expect("bounded");
    assert_eq!(report.children[0].status, ChildShutdownStatus::AbortFailed);
    assert_eq!(log.count("-deaf"), 0);
    let_go.send(()).expect("still held");
    log.wait_for("-deaf", 1).await;
    until_told(&handle).await;
    assert_eq!(exits(&handle).await, ["error: let go"]);
}

fn a_runtime_that_goes_away_does_not_end_a_blocking_child(
    go: impl FnOnce(Runtime) + Send + 'static,
) {
    let (log, (let_go, held)) = (Log::new(), held());
    let runtime = runtime(4);
    let handle = runtime.block_on(async {
        let tree = supervisor_tree! { deaf(log.clone(), held) };
        let handle = Supervisor::start(tree).await.expect("starts");
        log.wait_for("+deaf", 1).await;
        handle
    });
    let gone = std::thread::spawn(move || go(runtime));
    let other = self::runtime(1);
    other.block_on(async {
        until_state(&handle, "deaf", ChildState::Stuck).await;
        assert_eq!(log.alive(), 1, "it is not told as ended while it runs");
        assert!(exits_so_far(&handle).await.is_empty());
        let report = handle.shutdown().await.expect("bounded");
        assert_eq!(report.children[0].status, ChildShutdownStatus::AbortFailed);
        assert!(!report.is_clean());
        let_go.send(()).expect("still held");
        log.wait_for("-deaf", 1).await;
        until_told(&handle).await;
        assert_eq!(exits(&handle).await, ["the runtime has gone"]);
        assert_eq!(log.count("+deaf"), 1, "nothing starts any more");
    });
    gone.join().expect("the runtime has gone as well");
}

/// Those that are in the journal now.
async fn exits_so_far(handle: &SupervisorHandle) -> Vec<String> {
    let newest = handle.snapshot().expect("lives").as_of_seq;
    let mut events = handle.events_after(0);
    let mut exits = Vec::new();
    while let Some(Observed::Event(event)) = events.next().await {
        if let EventKind::Exited(exit) = &event.kind {
            exits.push(exit.to_string());
        }
        if event.seq >= newest {
            break;
        }
    }
    exits
}

#[test]
fn a_runtime_that_is_dropped_does_not_end_a_blocking_child() {
    // Tokio waits for the function, whoever supervises it.
    a_runtime_that_goes_away_does_not_end_a_blocking_child(drop);
}

#[test]
fn a_runtime_that_is_shut_down_in_the_background_does_not_end_a_blocking_child() {
    a_runtime_that_goes_away_does_not_end_a_blocking_child(Runtime::shutdown_background);
}

#[test]
fn a_runtime_whose_tree_has_ended_is_dropped_without_delay() {
    let log = Log::new();
    let runtime = runtime(4);
    let (let_go, held) = held();
    let_go.send(()).expect("held");
    drop(let_go);
    runtime.block_on(async {
        let tree = supervisor_tree! { deaf(log.clone(), held) };
        let handle = Supervisor::start(tree).await.expect("starts");
        log.wait_for("-deaf", 1).await;
        handle.shutdown().await.expect("stops");
    });
    let began = std::time::Instant::now();
    drop(runtime);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn one_that_waits_for_a_thread_of_the_pool_is_stopped_without_ever_running() {
    let log = Log::new();
    let runtime = runtime(1);
    let (let_go, holds) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || {
        tell.send(()).expect("waited for");
        let _ = holds.recv_timeout(Duration::from_secs(20));
    });
    told.recv().expect("the pool is full");
    let (_never, held) = held();
    let report = runtime.block_on(async {
        let tree = supervisor_tree! { deaf(log.clone(), held) };
        let handle = Supervisor::start(tree).await.expect("starts");
        until_state(&handle, "deaf", ChildState::Running).await;
        tokio::task::yield_now().await;
        handle.shutdown().await.expect("stops")
    });
    assert!(report.stuck().next().is_none(), "{report}");
    assert!(log.lines().is_empty(), "it never ran");
    let_go.send(()).expect("held");
}

/// Counts what it has been lent, and spawns beside that.
#[supervised(blocking, backoff = "none")]
#[allow(clippy::needless_pass_by_value)]
fn spawns(ctx: TaskContext, log: Log, rounds: &mut u32) -> Result<(), String> {
    let _live = log.live("body");
    let (own, inner) = (ctx.clone(), log.clone());
    let live = log.live("sub");
    ctx.spawn(async move {
        let _live = live;
        own.cancelled().await;
        inner.write("the sub-task was told");
    });
    *rounds += 1;
    if *rounds < 10 {
        return Err("again".to_owned());
    }
    while !ctx.is_cancelled() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sub_tasks_of_a_blocking_child_end_with_its_attempts() {
    let log = Log::new();
    let handle = Supervisor::start(supervisor_tree! { spawns(log.clone(), 0) })
        .await
        .expect("starts");
    log.wait_for("+body", 10).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
    assert_eq!((log.most_alive(), log.alive()), (1, 0));
    assert_eq!(log.count("the sub-task was told"), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_keeps_what_it_has_captured_between_its_attempts() {
    let log = Log::new();
    let (seen, mut rounds) = (log.clone(), 0);
    let child = ChildSpec::blocking("child", move |ctx: TaskContext| {
        let _live = seen.live("child");
        rounds += 1;
        seen.write(format!("round {rounds}"));
        match rounds {
            1 => return Err("the first time"),
            2 => panic!("the second time"),
            _ => {}
        }
        while !ctx.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    })
    .backoff(Backoff::none());
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    log.wait_for("round 3", 1).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
    assert_eq!((log.most_alive(), log.alive()), (1, 0));
}

#[test]
fn where_the_pool_has_no_thread_the_attempt_has_failed_with_a_clear_error() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        // No system gives such a thread.
        .thread_stack_size(usize::MAX / 2)
        .build()
        .expect("builds");
    runtime.block_on(async {
        let (log, (_never, held)) = (Log::new(), held());
        let tree = supervisor_tree! { deaf(log.clone(), held) { backoff = "1h" } };
        let handle = Supervisor::start(tree).await.expect("starts");
        until_state(&handle, "deaf", ChildState::Backoff).await;
        let exit = handle.snapshot_of("deaf").expect("is there").last_exit;
        let exit = exit.expect("has failed");
        let error = exit.downcast_ref::<ServeError>();
        assert!(
            matches!(error, Some(ServeError::NoBlockingThread { .. })),
            "{exit}"
        );
        assert!(handle.shutdown().await.expect("stops").is_clean());
        assert!(log.lines().is_empty());
    });
}

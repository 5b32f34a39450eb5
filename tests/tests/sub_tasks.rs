//! Sub-tasks belong to their attempt: none outlives it, and a failure of one is its failure.

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::shutdown::report::ChildShutdownStatus;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy, Shutdown};
use rust_supervisor::task::subtask::SubTaskError;
use rust_supervisor::{
    ChildSpec, Fatal, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
};
use supervisor_tests::Log;
use tokio::sync::{Notify, oneshot};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

async fn start(child: ChildSpec) -> SupervisorHandle {
    let spec = SupervisorSpec::root(vec![child.backoff(Backoff::none())]).intensity(UNLIMITED);
    Supervisor::start(spec).await.expect("starts")
}

async fn until_state(handle: &SupervisorHandle, state: ChildState) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of("child").expect("is there").state != state {
        events.next().await.expect("the tree lives");
    }
}

/// A sub-task that hears its stop, and whose end takes a while.
fn slow_to_end(ctx: &TaskContext, log: &Log, name: &'static str) {
    let (own, log) = (ctx.clone(), log.clone());
    ctx.spawn(async move {
        let _live = log.live_slow(name, Duration::from_millis(20));
        own.cancelled().await;
        log.write(format!("{name} was told"));
    });
}

async fn the_next_attempt_starts_when_all_sub_tasks_have_gone() {
    let log = Log::new();
    let seen = log.clone();
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let live = log.live("body");
            slow_to_end(&ctx, &log, "one");
            slow_to_end(&ctx, &log, "two");
            log.wait_for("+one", 1).await;
            log.wait_for("+two", 1).await;
            if ctx.generation().value < 3 {
                drop(live);
                return Err("again");
            }
            ctx.cancelled().await;
            Ok(())
        }
    }))
    .await;
    log.wait_for("+body", 4).await;
    assert_eq!(log.most_alive(), 1, "no copy beside a former one");
    let lines = log.lines();
    let mut gone = 0;
    for line in &lines {
        match line.as_str() {
            "-one" | "-two" => gone += 1,
            "+body" => {
                assert_eq!(gone % 2, 0, "both have gone before: {lines:?}");
            }
            _ => {}
        }
    }
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}: {:?}", log.lines());
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_next_attempt_starts_when_all_sub_tasks_have_gone_1() {
    the_next_attempt_starts_when_all_sub_tasks_have_gone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_next_attempt_starts_when_all_sub_tasks_have_gone_4() {
    the_next_attempt_starts_when_all_sub_tasks_have_gone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_task_that_fails_ends_its_attempt_at_once_and_is_the_reason() {
    #[derive(Debug, thiserror::Error)]
    #[error("no line")]
    struct NoLine;

    let log = Log::new();
    let seen = log.clone();
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                if ctx.generation().value == 0 {
                    slow_to_end(&ctx, &log, "sibling");
                    log.wait_for("+sibling", 1).await;
                    ctx.spawn(async { Err::<(), _>(NoLine) });
                }
                ctx.cancelled().await;
                log.write("the body was told");
            }
        })
        // The stop does not run into its budget.
        .shutdown(Shutdown::Infinity),
    )
    .await;
    log.wait_for("the body was told", 1).await;
    log.wait_for("-sibling", 1).await;
    until_state(&handle, ChildState::Running).await;
    while handle.snapshot_of("child").expect("is there").generation != Some(1) {
        tokio::task::yield_now().await;
    }
    let exit = handle.snapshot_of("child").expect("is there").last_exit;
    let exit = exit.expect("has failed");
    assert!(exit.downcast_ref::<NoLine>().is_some(), "{exit:?}");
    let place = exit.sub_task.as_ref().expect("of a sub-task");
    let file = place.location().expect("of this process").file();
    assert!(file.ends_with("sub_tasks.rs"), "{place}");
    assert!(
        exit.to_string()
            .contains("no line, in the sub-task spawned at"),
        "{exit}"
    );
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_task_that_panics_ends_its_attempt_with_the_panic() {
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| async move {
            let outcome = ctx.spawn(async { panic!("out of paper") }).await;
            let error = outcome.expect_err("it has panicked");
            assert_eq!(error, SubTaskError::Panicked);
            ctx.cancelled().await;
            // What the body makes of it is not the reason.
            Err(error)
        })
        .restart(RestartPolicy::Temporary),
    )
    .await;
    until_gone(&handle).await;
    let exits = exits(&handle).await;
    assert_eq!(exits.len(), 1, "{exits:?}");
    assert!(
        exits[0].starts_with("panicked: out of paper, in the sub-task"),
        "{exits:?}"
    );
}

/// A temporary child is forgotten when it has ended.
async fn until_gone(handle: &SupervisorHandle) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of("child").is_ok() {
        events.next().await.expect("the tree lives");
    }
}

/// How all attempts have ended, in their words; stops the tree.
async fn exits(handle: &SupervisorHandle) -> Vec<String> {
    handle.shutdown().await.expect("stops");
    supervisor_tests::exits(handle).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fatal_error_of_a_sub_task_is_one_of_its_child() {
    let handle = start(ChildSpec::from_fn("child", |ctx: TaskContext| async move {
        ctx.spawn(async { Err::<(), _>(Fatal("no such table")) });
        ctx.cancelled().await;
    }))
    .await;
    let error = handle.join().await.expect_err("gives up");
    assert!(error.to_string().contains("no such table"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_sub_task_that_does_not_listen_is_dropped_when_the_budget_is_spent() {
    let log = Log::new();
    let seen = log.clone();
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                let live = log.live("deaf");
                ctx.spawn(async move {
                    let _live = live;
                    pending::<()>().await;
                });
                if ctx.generation().value > 0 {
                    ctx.cancelled().await;
                }
            }
        })
        .restart(RestartPolicy::Permanent)
        .shutdown(Duration::from_secs(7)),
    )
    .await;
    let began = tokio::time::Instant::now();
    log.wait_for("+deaf", 2).await;
    assert_eq!(
        began.elapsed().as_secs(),
        7,
        "the budget of a body that ended by itself"
    );
    assert_eq!(log.most_alive(), 1);
    let began = tokio::time::Instant::now();
    let report = handle.shutdown().await.expect("stops");
    assert_eq!(
        began.elapsed().as_secs(),
        7,
        "the rest of the budget of the stop"
    );
    assert_eq!(log.alive(), 0, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_listen_is_dropped_when_a_sub_task_has_failed() {
    let log = Log::new();
    let seen = log.clone();
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                let _live = log.live("body");
                if ctx.generation().value == 0 {
                    ctx.spawn(async { Err::<(), _>("broken pipe") });
                    pending::<()>().await;
                }
                ctx.cancelled().await;
            }
        })
        .shutdown(Duration::from_secs(3)),
    )
    .await;
    let began = tokio::time::Instant::now();
    log.wait_for("+body", 2).await;
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(log.most_alive(), 1);
    let exits = exits(&handle).await;
    assert!(exits[0].starts_with("error: broken pipe"), "{exits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_can_await_what_its_sub_tasks_return() {
    let handle = start(
        ChildSpec::from_fn("child", |ctx: TaskContext| async move {
            let sum = ctx.spawn(async { Ok::<_, Infallible>(20) });
            let more = ctx.spawn_blocking(|| Ok::<_, std::io::Error>(22));
            assert_eq!(sum.await? + more.await?, 42);
            let never = ctx.spawn(async {
                loop {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
            assert!(!never.is_finished());
            never.abort();
            assert_eq!(never.await.map(drop), Err(SubTaskError::Cancelled));
            Ok::<_, SubTaskError>(())
        })
        .restart(RestartPolicy::Temporary),
    )
    .await;
    until_gone(&handle).await;
    assert_eq!(exits(&handle).await, ["ended normally"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_task_of_an_attempt_that_is_over_never_runs() {
    let kept: Arc<Mutex<Option<TaskContext>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        *keeps.lock().expect("sound") = Some(ctx.clone());
        async move {
            if ctx.generation().value == 1 {
                ctx.cancelled().await;
            }
            Err::<(), _>("again")
        }
    }))
    .await;
    while handle.snapshot_of("child").expect("is there").generation != Some(1) {
        tokio::task::yield_now().await;
    }
    let ctx = kept.lock().expect("sound").clone().expect("was kept");
    handle.shutdown().await.expect("stops");
    let ran = Arc::new(AtomicBool::new(false));
    let (seen, also) = (Arc::clone(&ran), Arc::clone(&ran));
    let refused = ctx.spawn(async move { seen.store(true, Ordering::SeqCst) });
    assert!(refused.is_finished());
    assert_eq!(refused.await, Err(SubTaskError::Cancelled));
    let refused = ctx.spawn_blocking(move || also.store(true, Ordering::SeqCst));
    assert_eq!(refused.await, Err(SubTaskError::Cancelled));
    assert_eq!(Arc::strong_count(&ran), 1, "both are dropped");
    assert!(!ran.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spawned_while_the_body_is_dropped_belongs_to_the_attempt() {
    struct SpawnsInDrop(TaskContext, Log);

    impl Drop for SpawnsInDrop {
        fn drop(&mut self) {
            slow_to_end(&self.0, &self.1, "late");
        }
    }

    let log = Log::new();
    let seen = log.clone();
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        let spawns = SpawnsInDrop(ctx.clone(), log.clone());
        async move {
            let _spawns = spawns;
            let _live = log.live("body");
            if ctx.generation().value < 20 {
                return Err("again");
            }
            ctx.cancelled().await;
            Ok(())
        }
    }))
    .await;
    log.wait_for("+body", 21).await;
    assert_eq!(log.most_alive(), 1);
    assert_eq!(log.count("+late"), log.count("-late"));
    handle.shutdown().await.expect("stops");
    assert_eq!(log.count("+late"), 21);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spawned_after_the_stop_was_asked_is_told_and_waited_for() {
    let log = Log::new();
    let seen = log.clone();
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            log.write("runs");
            ctx.cancelled().await;
            slow_to_end(&ctx, &log, "flush");
        }
    }))
    .await;
    log.wait_for("runs", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.lines(), ["runs", "+flush", "flush was told", "-flush"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_drops_the_sub_tasks_too() {
    let log = Log::new();
    let seen = log.clone();
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                for name in ["a", "b"] {
                    let live = log.live(name);
                    ctx.spawn(async move {
                        let _live = live;
                        pending::<()>().await;
                    });
                }
                log.write("runs");
                pending::<()>().await;
            }
        })
        .shutdown(Shutdown::Infinity),
    )
    .await;
    log.wait_for("runs", 1).await;
    handle
        .kill_child("child", "test", "at once")
        .await
        .expect("killed");
    log.wait_for("runs", 2).await;
    assert_eq!(log.most_alive(), 1);
    handle
        .kill_child("child", "test", "at once")
        .await
        .expect("killed");
    log.wait_for("runs", 3).await;
    // Nobody listens: the tree goes with its handle.
    handle
        .pause_child("child", "test", "no more")
        .await
        .expect("paused");
    handle
        .kill_child("child", "test", "at once")
        .await
        .expect("killed");
    handle.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_task_that_waits_for_its_own_child_or_tree_is_answered_at_once() {
    let (answer, answered) = oneshot::channel();
    let answer = Mutex::new(Some(answer));
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let answer = answer.lock().expect("sound").take();
        async move {
            let own = ctx.clone();
            ctx.spawn(async move {
                let tree = own.tree().expect("in a tree");
                let joined = tree.join().await;
                let stopped = tree.stopped("child").await;
                if let Some(answer) = answer {
                    answer.send((joined, stopped)).expect("waited for");
                }
            });
            ctx.cancelled().await;
        }
    }))
    .await;
    let (joined, stopped) = answered.await.expect("answers");
    assert!(
        matches!(joined, Err(SupervisorError::WouldWaitForItself)),
        "{joined:?}"
    );
    assert!(
        matches!(stopped, Err(SupervisorError::WouldWaitForItself)),
        "{stopped:?}"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_sub_task_is_waited_for_and_makes_its_child_stuck_beyond_the_budget() {
    let log = Log::new();
    let seen = log.clone();
    let (let_go, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let (log, held) = (seen.clone(), Arc::clone(&held));
            async move {
                let _live = log.live("body");
                if ctx.generation().value == 0 {
                    let blocking = log.clone();
                    ctx.spawn_blocking(move || {
                        let _live = blocking.live("blocking");
                        let held = held.lock().expect("one at a time");
                        let _ = held.recv_timeout(Duration::from_secs(20));
                    });
                    log.wait_for("+blocking", 1).await;
                    return Err("leave it behind");
                }
                ctx.cancelled().await;
                Ok(())
            }
        })
        .shutdown(Duration::from_millis(20)),
    )
    .await;
    until_state(&handle, ChildState::Stuck).await;
    assert_eq!(log.count("-body"), 1);
    assert_eq!(log.count("+body"), 1, "fenced");
    let_go.send(()).expect("still held");
    log.wait_for("+body", 2).await;
    let lines = log.lines();
    assert_eq!(lines, ["+body", "+blocking", "-body", "-blocking", "+body"]);
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_sub_task_that_has_not_begun_is_dropped_with_its_attempt() {
    let log = Log::new();
    let (seen, started) = (log.clone(), log.clone());
    // The pool is full while this holds its threads.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .expect("builds");
    let (let_go, held) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || {
        tell.send(()).expect("waited for");
        let _ = held.recv_timeout(Duration::from_secs(20));
    });
    told.recv().expect("holds the pool");
    let tree = runtime.spawn(async move {
        let handle = start(
            ChildSpec::from_fn("child", move |ctx: TaskContext| {
                let live = seen.live("never run");
                let log = seen.clone();
                async move {
                    ctx.spawn_blocking(move || drop(live));
                    log.write("+body");
                    ctx.cancelled().await;
                }
            })
            .shutdown(Duration::from_millis(20)),
        )
        .await;
        started.wait_for("+body", 1).await;
        handle.shutdown().await.expect("stops")
    });
    let report = tree.await.expect("no panic");
    // It had its budget, in which a thread might have become free, and is dropped then.
    let child = report.children.first().expect("had one");
    assert_eq!(child.status, ChildShutdownStatus::Aborted, "{report}");
    assert_eq!(log.lines(), ["+never run", "+body", "-never run"]);
    let_go.send(()).expect("held");
    runtime.shutdown_background();
}

async fn thousands_of_sub_tasks_come_and_go_with_their_attempts() {
    const EACH: usize = 1_000;
    let alive = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(Notify::new());
    let (count, tell) = (Arc::clone(&alive), Arc::clone(&done));
    let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let (alive, done) = (Arc::clone(&count), Arc::clone(&tell));
        async move {
            assert_eq!(alive.load(Ordering::SeqCst), 0, "of the former attempt");
            for _ in 0..EACH {
                let (own, alive) = (ctx.clone(), Counted::new(&alive));
                ctx.spawn(async move {
                    let _alive = alive;
                    own.cancelled().await;
                });
            }
            if ctx.generation().value < 20 {
                return Err("again");
            }
            done.notify_one();
            ctx.cancelled().await;
            Ok(())
        }
    }))
    .await;
    done.notified().await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn thousands_of_sub_tasks_come_and_go_with_their_attempts_1() {
    thousands_of_sub_tasks_come_and_go_with_their_attempts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_of_sub_tasks_come_and_go_with_their_attempts_4() {
    thousands_of_sub_tasks_come_and_go_with_their_attempts().await;
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_restarts_with_sub_tasks_on_other_threads_leaves_none_behind() {
    let alive = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(Notify::new());
    let (count, tell) = (Arc::clone(&alive), Arc::clone(&done));
    let handle = start(
        ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let (alive, done) = (Arc::clone(&count), Arc::clone(&tell));
            async move {
                let before = alive.load(Ordering::SeqCst);
                if before != 0 {
                    return Err(Fatal(format!("{before} of the former attempt live")).into());
                }
                let generation = ctx.generation().value;
                let counted = Counted::new(&alive);
                let own = ctx.clone();
                let nested = Counted::new(&alive);
                // One that spawns another, while the body may have ended.
                ctx.spawn(async move {
                    let _counted = counted;
                    let inner = own.clone();
                    own.spawn(async move {
                        let _nested = nested;
                        inner.cancelled().await;
                    });
                    if generation % 3 == 0 {
                        return Err("a sub-task fails");
                    }
                    Ok(())
                });
                // That very one may have been restarted before its first poll.
                if generation >= 5_000 {
                    done.notify_one();
                    ctx.cancelled().await;
                    return Ok(());
                }
                if generation % 2 == 0 {
                    ctx.cancelled().await;
                    return Ok(());
                }
                Err::<(), rust_supervisor::task::factory::TaskError>("again".into())
            }
        })
        .restart(RestartPolicy::Permanent),
    )
    .await;
    let storm = async {
        loop {
            // Those that wait to be stopped are.
            handle
                .restart_child("child", "test", "storm")
                .await
                .expect("restarts");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = done.notified() => {}
        () = storm => {}
        ended = handle.join() => panic!("{ended:?}"),
    }
    handle.shutdown().await.expect("stops");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_blocking_sub_task_that_outlives_its_runtime_is_not_told_as_ended_before_it_has_returned() {
    let log = Log::new();
    let seen = log.clone();
    let (let_go, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let runtime = tokio::runtime::Runtime::new().expect("builds");
    let handle = runtime.block_on(async {
        let waits = log.clone();
        let handle = start(
            ChildSpec::from_fn("child", move |ctx: TaskContext| {
                let (log, held) = (seen.clone(), Arc::clone(&held));
                async move {
                    let blocking = log.clone();
                    ctx.spawn_blocking(move || {
                        let _live = blocking.live("blocking");
                        let held = held.lock().expect("one at a time");
                        let _ = held.recv_timeout(Duration::from_secs(20));
                    });
                    ctx.cancelled().await;
                }
            })
            .shutdown(Duration::from_millis(20)),
        )
        .await;
        waits.wait_for("+blocking", 1).await;
        handle
    });
    runtime.shutdown_background();
    let other = tokio::runtime::Runtime::new().expect("builds");
    other.block_on(async {
        let mut events = handle.events_after(0);
        while handle.snapshot_of("child").expect("is there").state != ChildState::Stuck {
            events.next().await.expect("not over yet");
        }
        assert_eq!(log.alive(), 1);
        let report = handle.shutdown().await.expect("bounded");
        assert_eq!(report.children[0].status, ChildShutdownStatus::AbortFailed);
        let_go.send(()).expect("still held");
        log.wait_for("-blocking", 1).await;
        // Its end is told when it has come.
        while handle
            .snapshot_of("child")
            .is_ok_and(|child| child.state == ChildState::Stuck)
        {
            tokio::task::yield_now().await;
        }
    });
}

#[tokio::test]
async fn a_detached_context_runs_sub_tasks_where_it_is_and_is_cancelled_by_their_failure() {
    let ctx = TaskContext::detached();
    let value = ctx.spawn(async { Ok::<_, Infallible>(7) }).await;
    assert_eq!(value, Ok(7));
    assert!(!ctx.is_cancelled());
    let failed = ctx.spawn_blocking(|| Err::<(), _>("no")).await;
    assert_eq!(failed, Err(SubTaskError::Failed));
    assert!(ctx.is_cancelled());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_task_that_panics_when_it_is_dropped_has_failed() {
    struct Loud;

    impl Drop for Loud {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "not quietly");
        }
    }

    let handle = start(
        ChildSpec::from_fn("child", |ctx: TaskContext| async move {
            let loud = Loud;
            ctx.spawn(async move {
                let _loud = loud;
                pending::<()>().await;
            });
            tokio::task::yield_now().await;
        })
        .restart(RestartPolicy::Temporary)
        .shutdown(Shutdown::Abort),
    )
    .await;
    until_gone(&handle).await;
    let exits = exits(&handle).await;
    assert!(
        exits[0].starts_with("panicked while it was dropped: not quietly"),
        "{exits:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_body_is_that_of_the_attempt_where_no_sub_task_fails() {
    let handle = start(
        ChildSpec::from_fn("child", |ctx: TaskContext| async move {
            let own = ctx.clone();
            ctx.spawn(async move { own.cancelled().await });
            Err::<(), _>("the body")
        })
        .restart(RestartPolicy::Temporary),
    )
    .await;
    until_gone(&handle).await;
    assert_eq!(exits(&handle).await, ["error: the body"]);
}

//! Children whose futures are not `Send`: on a thread of their own, with the same contract.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::shutdown::report::ChildShutdownStatus;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Readiness, RestartPolicy, StartOrder, Strategy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::{Notify, oneshot};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

async fn start(children: Vec<ChildSpec>) -> SupervisorHandle {
    let spec = SupervisorSpec::root(children).intensity(UNLIMITED);
    Supervisor::start(spec).await.expect("starts")
}

async fn until_state(handle: &SupervisorHandle, path: &str, state: ChildState) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of(path).expect("is there").state != state {
        events.next().await.expect("the tree lives");
    }
}

/// Threads of this name, where that can be told.
fn threads_named(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let named = tasks.flatten().filter(|task| {
        let comm = std::fs::read_to_string(task.path().join("comm"));
        comm.is_ok_and(|comm| comm.trim_end() == name)
    });
    named.count()
}

async fn restarts_share_one_thread_and_never_two_copies() {
    let log = Log::new();
    let threads: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let (seen, ran) = (log.clone(), Arc::clone(&threads));
    let main = thread::current().id();
    let child = ChildSpec::local("loc-restarts", move |ctx: TaskContext| {
        let (log, threads) = (seen.clone(), Arc::clone(&ran));
        async move {
            let shared = Rc::new(Cell::new(0));
            let _live = log.live("child");
            let current = thread::current();
            assert_eq!(current.name(), Some("loc-restarts"));
            threads.lock().expect("sound").push(current.id());
            tokio::time::sleep(Duration::from_millis(1)).await;
            shared.set(1);
            if ctx.generation().value < 50 {
                match ctx.generation().value % 3 {
                    0 => return Err("again"),
                    1 => panic!("at once"),
                    _ => {}
                }
                return Ok(());
            }
            ctx.cancelled().await;
            Ok(())
        }
    })
    .restart(RestartPolicy::Permanent)
    .backoff(Backoff::none());
    let handle = start(vec![child]).await;
    log.wait_for("+child", 51).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
    assert_eq!((log.most_alive(), log.alive()), (1, 0));
    let threads = threads.lock().expect("sound");
    assert_eq!(threads.len(), 51);
    assert!(
        threads
            .iter()
            .all(|thread| *thread == threads[0] && *thread != main)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn restarts_share_one_thread_and_never_two_copies_1() {
    restarts_share_one_thread_and_never_two_copies().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restarts_share_one_thread_and_never_two_copies_4() {
    restarts_share_one_thread_and_never_two_copies().await;
}

#[tokio::test]
async fn restarts_share_one_thread_and_never_two_copies_on_a_current_thread_runtime() {
    restarts_share_one_thread_and_never_two_copies().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_a_thread_from_the_first_start_until_the_child_is_let_go() {
    let log = Log::new();
    let local = |name: &'static str| {
        let log = log.clone();
        ChildSpec::local(name, move |ctx: TaskContext| {
            let log = log.clone();
            async move {
                let _live = log.live(name);
                ctx.cancelled().await;
            }
        })
    };
    let waits = ChildSpec::from_fn("never-ready", |ctx: TaskContext| async move {
        ctx.cancelled().await;
    })
    .readiness(Readiness::Explicit)
    .critical(false);
    let spec = SupervisorSpec::root(vec![
        waits,
        local("loc-unborn").after(["never-ready"]).critical(false),
    ])
    .start(StartOrder::Concurrent);
    let handle = Supervisor::start(spec).await.expect("starts");
    handle
        .start_child("/", local("loc-born"))
        .await
        .expect("added");
    log.wait_for("+loc-born", 1).await;
    if cfg!(target_os = "linux") {
        assert_eq!(
            (threads_named("loc-born"), threads_named("loc-unborn")),
            (1, 0)
        );
    }
    handle
        .pause_child("loc-born", "test", "keep the thread")
        .await
        .expect("pauses");
    log.wait_for("-loc-born", 1).await;
    handle
        .remove_child("loc-born", "test", "no more")
        .await
        .expect("removes");
    while threads_named("loc-born") > 0 {
        tokio::task::yield_now().await;
    }
    handle.shutdown().await.expect("stops");
    assert_eq!(threads_named("loc-unborn"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_child_keeps_order_and_readiness_in_its_group() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let seen = log.clone();
    let local = ChildSpec::local("b", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let _live = log.live("b");
            let not_send = Rc::new(());
            tokio::time::sleep(Duration::from_millis(5)).await;
            ctx.mark_ready();
            ctx.cancelled().await;
            drop(not_send);
        }
    })
    .readiness(Readiness::Explicit)
    .backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![
        obedient("a", &log, Duration::ZERO).readiness(Readiness::Explicit),
        local,
        fragile("c", &log, &fail).readiness(Readiness::Explicit),
    ])
    .strategy(Strategy::OneForAll);
    let handle = Supervisor::start(spec).await.expect("starts");
    assert_eq!(log.take(), ["+a", "+b", "+c"]);
    fail.notify_one();
    log.wait_for("+c", 1).await;
    assert_eq!(log.take(), ["-c", "-b", "-a", "+a", "+b", "+c"]);
    assert!(handle.shutdown().await.expect("stops").is_clean());
    assert_eq!(log.take(), ["-c", "-b", "-a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_child_that_ignores_the_stop_is_dropped_and_one_that_blocks_is_stuck() {
    let log = Log::new();
    let seen = log.clone();
    let deaf = ChildSpec::local("deaf", move |_ctx: TaskContext| {
        let live = seen.live("deaf");
        async move {
            let _live = (live, Rc::new(()));
            pending::<()>().await;
        }
    })
    .shutdown(Duration::from_millis(20));
    let (let_go, held) = mpsc::channel::<()>();
    let (seen, held) = (log.clone(), Arc::new(Mutex::new(held)));
    let blocks = ChildSpec::local("blocks", move |ctx: TaskContext| {
        let (log, held) = (seen.clone(), Arc::clone(&held));
        async move {
            let _live = log.live("blocks");
            {
                let held = held.lock().expect("one at a time");
                let _ = held.recv_timeout(Duration::from_secs(20));
            }
            ctx.cancelled().await;
        }
    })
    .shutdown(Duration::from_millis(20));
    let handle = start(vec![deaf, blocks]).await;
    log.wait_for("+deaf", 1).await;
    log.wait_for("+blocks", 1).await;
    let report = handle.shutdown().await.expect("bounded");
    let ends: Vec<_> = report
        .children
        .iter()
        .map(|child| (&*child.path, child.status))
        .collect();
    assert_eq!(
        ends,
        [
            ("blocks", ChildShutdownStatus::AbortFailed),
            ("deaf", ChildShutdownStatus::Aborted)
        ]
    );
    assert_eq!(log.count("-deaf"), 1);
    let_go.send(()).expect("still held");
    log.wait_for("-blocks", 1).await;
    assert_eq!(log.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_local_child_is_started_again_once_it_has_gone() {
    let log = Log::new();
    let (let_go, held) = mpsc::channel::<()>();
    let (seen, held) = (log.clone(), Arc::new(Mutex::new(held)));
    let blocks = ChildSpec::local("blocks", move |ctx: TaskContext| {
        let (log, held) = (seen.clone(), Arc::clone(&held));
        async move {
            let _live = log.live("blocks");
            if ctx.generation().value == 0 {
                let held = held.lock().expect("one at a time");
                let _ = held.recv_timeout(Duration::from_secs(20));
            }
            ctx.cancelled().await;
        }
    })
    .backoff(Backoff::none())
    .shutdown(Duration::from_millis(20));
    let handle = start(vec![blocks]).await;
    log.wait_for("+blocks", 1).await;
    handle
        .restart_child("blocks", "test", "again")
        .await
        .expect("asked");
    until_state(&handle, "blocks", ChildState::Stuck).await;
    let_go.send(()).expect("still held");
    log.wait_for("+blocks", 2).await;
    assert_eq!(log.most_alive(), 1);
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_sub_tasks_share_what_is_not_send_and_end_with_their_attempt() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::local("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let words = Rc::new(RefCell::new(Vec::new()));
            let (adds, own) = (Rc::clone(&words), ctx.clone());
            let live = log.live("sub");
            ctx.spawn_local(async move {
                let _live = live;
                adds.borrow_mut().push("from a sub-task");
                own.cancelled().await;
                // It still runs when the body has ended.
                tokio::time::sleep(Duration::from_millis(5)).await;
                adds.borrow_mut().push("until the end");
            });
            let sum = ctx.spawn(async { Ok::<_, std::convert::Infallible>(1) });
            assert_eq!(sum.await, Ok(1), "on the tree's runtime");
            while words.borrow().is_empty() {
                tokio::task::yield_now().await;
            }
            log.write(words.borrow()[0]);
            if ctx.generation().value < 10 {
                return Err("again");
            }
            ctx.cancelled().await;
            Ok(())
        }
    })
    .backoff(Backoff::none());
    let handle = start(vec![child]).await;
    log.wait_for("from a sub-task", 11).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
    assert_eq!((log.most_alive(), log.alive()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elsewhere_a_local_sub_task_is_a_panic_of_the_one_who_spawns_it() {
    let child = ChildSpec::from_fn("child", |ctx: TaskContext| async move {
        ctx.spawn_local(async {});
    })
    .restart(RestartPolicy::Temporary);
    let handle = start(vec![child]).await;
    let mut events = handle.events_after(0);
    while handle.snapshot_of("child").is_ok() {
        events.next().await.expect("the tree lives");
    }
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_child_that_waits_for_its_own_tree_is_answered_at_once() {
    let (answer, answered) = oneshot::channel();
    let mut answer = Some(answer);
    let child = ChildSpec::local("child", move |ctx: TaskContext| {
        let answer = answer.take();
        async move {
            let joined = ctx.tree().expect("in a tree").join().await;
            if let Some(answer) = answer {
                answer.send(joined).expect("waited for");
            }
            ctx.cancelled().await;
        }
    });
    let handle = start(vec![child]).await;
    let joined = answered.await.expect("answers");
    assert!(
        matches!(joined, Err(SupervisorError::WouldWaitForItself)),
        "{joined:?}"
    );
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[test]
fn a_local_child_ends_with_the_runtime_of_its_tree() {
    let log = Log::new();
    let seen = log.clone();
    let runtime = tokio::runtime::Runtime::new().expect("builds");
    let handle = runtime.block_on(async {
        let waits = log.clone();
        let child = ChildSpec::local("child", move |ctx: TaskContext| {
            let live = seen.live("child");
            async move {
                let _live = (live, Rc::new(()));
                ctx.cancelled().await;
            }
        });
        let handle = start(vec![child]).await;
        waits.wait_for("+child", 1).await;
        handle
    });
    drop(runtime);
    let other = tokio::runtime::Runtime::new().expect("builds");
    let joined = other
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), handle.join()).await });
    joined.expect("in time").expect("no failure of its own");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_a_local_child_waits_by_the_clock_of_the_tree() {
    let (tell, told) = mpsc::channel();
    let child = ChildSpec::local("child", move |ctx: TaskContext| {
        let tell = tell.clone();
        async move {
            tell.send(ctx.generation().value).expect("waited for");
            if ctx.generation().value == 0 {
                return Err("again");
            }
            ctx.cancelled().await;
            Ok(())
        }
    })
    .backoff(Backoff::constant(Duration::from_secs(3600)));
    let handle = start(vec![child]).await;
    let told = Arc::new(Mutex::new(told));
    // The paused clock stands still while somebody waits on the blocking pool.
    let next = || {
        let told = Arc::clone(&told);
        tokio::task::spawn_blocking(move || {
            let told = told.lock().expect("one at a time");
            told.recv_timeout(Duration::from_secs(20))
        })
    };
    assert_eq!(next().await.expect("no panic"), Ok(0));
    until_state(&handle, "child", ChildState::Backoff).await;
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(next().await.expect("no panic"), Ok(1));
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_closure_holds_is_dropped_on_the_thread_before_the_tree_has_ended() {
    struct Tells(Log);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.write(thread::current().name().unwrap_or("?"));
        }
    }

    let log = Log::new();
    let held = Tells(log.clone());
    let child = ChildSpec::local("the-thread", move |ctx: TaskContext| {
        let _ = &held;
        async move { ctx.cancelled().await }
    });
    let handle = start(vec![child]).await;
    handle.shutdown().await.expect("stops");
    handle.join().await.expect("has ended");
    assert_eq!(log.lines(), ["the-thread"]);
}

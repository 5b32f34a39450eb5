//! The watchdog: names a child that is inside one poll for too long while it is, accuses nobody else,
//! and keeps deadlines while every thread of the runtime is occupied.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::shutdown::report::ChildShutdownStatus;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};
use tokio::runtime::{Builder, Runtime};

const STALL: Duration = Duration::from_millis(80);

/// A child that is inside one poll until it is let go, and then waits.
fn blocker(log: &Log) -> (ChildSpec, mpsc::Sender<()>) {
    let (child, let_go) = supervisor_tests::blocker(log);
    (child.stall_after(STALL), let_go)
}

fn runtime(workers: usize) -> Runtime {
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().expect("builds")
}

/// Runs a tree on a runtime of its own, in a thread of its own, until it has ended.
fn run(workers: usize, spec: SupervisorSpec) -> (SupervisorHandle, thread::JoinHandle<()>) {
    let (tell, told) = mpsc::channel();
    let running = thread::spawn(move || {
        runtime(workers).block_on(async {
            let handle = Supervisor::start(spec).await.expect("starts");
            tell.send(handle.clone()).expect("waited for");
            handle.join().await.expect("no failure");
        });
    });
    (told.recv().expect("starts"), running)
}

/// Looks at the tree from outside of every runtime.
fn until(handle: &SupervisorHandle, path: &str, is: impl Fn(&SupervisorHandle) -> bool) {
    let began = Instant::now();
    while !is(handle) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            handle.snapshot_of(path)
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// What the journal says of a child, without its times.
fn told(handle: &SupervisorHandle, path: &str) -> Vec<String> {
    let newest = handle.snapshot().expect("lives").as_of_seq;
    runtime(0).block_on(async {
        let mut events = handle.events_after(0);
        let mut told = Vec::new();
        while let Some(Observed::Event(event)) = events.next().await {
            let last = event.seq >= newest;
            if &*event.path == path {
                told.push(match event.kind {
                    EventKind::Stalled { .. } => "stalled".to_owned(),
                    EventKind::Unstalled => "unstalled".to_owned(),
                    _ => event.to_string(),
                });
            }
            if last {
                break;
            }
        }
        told
    })
}

fn a_child_inside_one_poll_is_named_while_it_is(workers: usize) {
    let log = Log::new();
    let (blocker, let_go) = blocker(&log);
    let sibling = obedient("sibling", &log, Duration::ZERO).stall_after(STALL);
    let spec = SupervisorSpec::root(vec![sibling, blocker]);
    let (handle, running) = run(workers, spec);
    let stalled =
        |handle: &SupervisorHandle| handle.snapshot_of("blocker").expect("is there").stalled;
    until(&handle, "blocker", |handle| stalled(handle).is_some());
    let child = handle.snapshot_of("blocker").expect("is there");
    assert_eq!(child.state, ChildState::Running);
    assert!(child.stalled >= Some(STALL), "{child:?}");
    assert_eq!(log.count("-blocker"), 0, "it still is");
    let first = stalled(&handle);
    until(&handle, "blocker", |handle| stalled(handle) > first);
    let_go.send(()).expect("still held");
    until(&handle, "blocker", |handle| stalled(handle).is_none());
    let told = told(&handle, "blocker");
    let of_stalls: Vec<&String> = told
        .iter()
        .filter(|told| told.ends_with("stalled"))
        .collect();
    assert_eq!(of_stalls, ["stalled", "unstalled"], "{told:?}");
    assert!(
        !self::told(&handle, "sibling")
            .iter()
            .any(|told| told == "stalled"),
        "it merely waited"
    );
    handle.request_shutdown();
    running.join().expect("ends");
}

#[test]
fn a_child_inside_one_poll_is_named_while_it_is_on_four_threads() {
    a_child_inside_one_poll_is_named_while_it_is(4);
}

#[test]
fn a_child_inside_one_poll_is_named_while_it_is_on_the_only_worker() {
    a_child_inside_one_poll_is_named_while_it_is(1);
}

#[test]
fn a_child_inside_one_poll_is_named_while_it_is_on_a_current_thread_runtime() {
    a_child_inside_one_poll_is_named_while_it_is(0);
}

#[test]
fn on_a_busy_machine_nobody_who_merely_waits_is_accused() {
    let log = Log::new();
    let children = (0..50).map(|n| {
        let log = log.clone();
        ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
            let log = log.clone();
            async move {
                let pause = Duration::from_millis(1 + n % 3);
                let mut turns = 0;
                while ctx
                    .until_cancelled(tokio::time::sleep(pause))
                    .await
                    .is_some()
                {
                    turns += 1;
                    if turns == 100 {
                        log.write("busy enough");
                    }
                }
            }
        })
        .stall_after(Duration::from_secs(2))
    });
    let spec = SupervisorSpec::root(children.collect());
    let (handle, running) = run(2, spec);
    let done = Arc::new(AtomicBool::new(false));
    let burners: Vec<_> = (0..4)
        .map(|_| {
            let done = Arc::clone(&done);
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    until(&handle, "c0", |_| log.count("busy enough") == 50);
    done.store(true, Ordering::Relaxed);
    for burner in burners {
        burner.join().expect("burns");
    }
    for n in 0..50 {
        let told = told(&handle, &format!("c{n}"));
        assert!(!told.iter().any(|told| told == "stalled"), "{told:?}");
    }
    handle.request_shutdown();
    running.join().expect("ends");
}

/// Every thread of the runtime is occupied by the blocker when the tree is to stop.
fn deadlines_are_kept_and_nobody_else_is_blamed(workers: usize) {
    let log = Log::new();
    let (blocker, let_go) = blocker(&log);
    let budget = Duration::from_millis(100);
    let sibling = |name| obedient(name, &log, Duration::ZERO).shutdown(budget);
    let spec = SupervisorSpec::root(vec![
        sibling("before"),
        blocker.shutdown(budget),
        sibling("behind"),
    ])
    // All are asked at once.
    .start(rust_supervisor::spec::policy::StartOrder::Concurrent);
    let (handle, running) = run(workers, spec);
    until(&handle, "blocker", |_| log.count("+blocker") == 1);
    until(&handle, "behind", |_| {
        log.count("+behind") + log.count("+before") == 2 || workers < 2
    });
    let stalled =
        |handle: &SupervisorHandle| handle.snapshot_of("blocker").expect("is there").stalled;
    until(&handle, "blocker", |handle| stalled(handle).is_some());
    handle.request_shutdown();
    let state = |path: &str| handle.snapshot_of(path).expect("is there").state;
    // Its budget, and a second to be dropped, pass while no task can notice. Nobody outside looks:
    // the thread tells.
    thread::sleep(budget + Duration::from_millis(1_700));
    assert_eq!(state("blocker"), ChildState::Stuck);
    if workers < 2 {
        for path in ["before", "behind"] {
            assert_ne!(state(path), ChildState::Aborting, "`{path}` merely waits");
            assert_ne!(state(path), ChildState::Stuck, "`{path}` merely waits");
        }
    }
    let_go.send(()).expect("still held");
    running.join().expect("ends");
    let report = runtime(0).block_on(handle.shutdown()).expect("has ended");
    for child in &report.children {
        let status = match &*child.path {
            "blocker" => {
                child.status == ChildShutdownStatus::AbortFailed
                    || child.status == ChildShutdownStatus::LateReport
            }
            _ => child.status == ChildShutdownStatus::Graceful,
        };
        assert!(status, "{report}");
    }
    assert_eq!(log.alive(), 0);
}

#[test]
fn deadlines_are_kept_and_nobody_else_is_blamed_on_a_current_thread_runtime() {
    deadlines_are_kept_and_nobody_else_is_blamed(0);
}

#[test]
fn deadlines_are_kept_and_nobody_else_is_blamed_on_the_only_worker() {
    deadlines_are_kept_and_nobody_else_is_blamed(1);
}

#[test]
fn deadlines_are_kept_and_nobody_else_is_blamed_on_four_threads() {
    deadlines_are_kept_and_nobody_else_is_blamed(4);
}

#[test]
fn a_child_that_cannot_beat_because_others_occupy_the_threads_is_not_hung() {
    let log = Log::new();
    let (blocker, let_go) = blocker(&log);
    let seen = log.clone();
    let beats = ChildSpec::from_fn("beats", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let _live = log.live("beats");
            let pause = Duration::from_millis(5);
            while ctx
                .until_cancelled(tokio::time::sleep(pause))
                .await
                .is_some()
            {
                ctx.heartbeat();
                log.write("beats");
            }
        }
    })
    .heartbeat(Duration::from_millis(200))
    .backoff(Backoff::none());
    let (handle, running) = run(0, SupervisorSpec::root(vec![beats, blocker]));
    until(&handle, "blocker", |_| log.count("+blocker") == 1);
    // Five times as long as it may be silent.
    thread::sleep(Duration::from_secs(1));
    let_go.send(()).expect("still held");
    let before = log.count("beats");
    until(&handle, "beats", |_| log.count("beats") > before + 3);
    assert_eq!(log.count("+beats"), 1, "{:?}", told(&handle, "beats"));
    handle.request_shutdown();
    running.join().expect("ends");
}

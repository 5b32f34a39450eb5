//! No wake-up is lost, whatever races: a stop is heard, and never are there two copies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::spec::policy::RestartPolicy;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::Log;

const CHILDREN: usize = 32;
const COMMANDS: usize = 20_000;

/// Each hears its stop in another way.
fn listener(n: usize, log: &Log) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
        let live = log.live(&format!("c{n}"));
        async move {
            let _live = live;
            match n % 4 {
                0 => ctx.cancelled().await,
                1 => {
                    let token = ctx.cancellation_token();
                    tokio::spawn(async move { token.cancelled().await })
                        .await
                        .expect("no panic");
                }
                2 => {
                    while !ctx.is_cancelled() {
                        tokio::task::yield_now().await;
                    }
                }
                _ => tokio::task::yield_now().await,
            }
        }
    })
    .restart(RestartPolicy::Permanent)
    .backoff(rust_supervisor::spec::backoff::Backoff::none())
    .shutdown(Duration::from_secs(60))
}

async fn storm_of_restarts() {
    let log = Log::new();
    let children: Vec<_> = (0..CHILDREN).map(|n| listener(n, &log)).collect();
    let limit = rust_supervisor::spec::policy::Intensity::new(u32::MAX, Duration::from_secs(1));
    let handle = Supervisor::start(SupervisorSpec::root(children).intensity(limit))
        .await
        .expect("starts");
    let issued = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let (tree, issued) = (handle.downgrade(), Arc::clone(&issued));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("builds");
                runtime.block_on(async {
                    for n in 0..COMMANDS {
                        let name = format!("c{}", (n * 7 + thread) % CHILDREN);
                        tree.restart_child(name, "test", "race")
                            .await
                            .expect("answered");
                        issued.fetch_add(1, Ordering::Relaxed);
                    }
                });
            })
        })
        .collect();
    tokio::task::spawn_blocking(move || {
        for thread in threads {
            thread.join().expect("no panic");
        }
    })
    .await
    .expect("no panic");
    assert_eq!(issued.load(Ordering::Relaxed), 2 * COMMANDS);
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "no budget ran out: {report}");
    assert!(report.took < Duration::from_secs(30), "{report}");
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn racing_restarts_on_one_worker_lose_no_stop() {
    storm_of_restarts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_restarts_on_four_workers_lose_no_stop() {
    storm_of_restarts().await;
}

#[tokio::test]
async fn a_child_that_is_stopped_before_its_first_poll_runs_no_code() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |_ctx: TaskContext| {
        seen.write("made");
        async {}
    });
    // On one thread nothing is polled until this test awaits something that is not ready.
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    handle
        .pause_child("child", "test", "at once")
        .await
        .expect("pauses");
    handle.stopped("child").await.expect("stops");
    assert_eq!(log.lines(), Vec::<String>::new());
    let exit = handle
        .snapshot_of("child")
        .expect("is there")
        .last_exit
        .expect("has ended");
    assert!(matches!(exit.kind, ExitKind::NeverStarted), "{exit}");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_cancelled_by_a_stop_and_by_the_end_of_its_attempt() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let token = ctx.cancellation_token();
            let outliving = log.clone();
            tokio::spawn(async move {
                token.cancelled().await;
                outliving.write("told");
            });
            if ctx.generation().value > 0 {
                log.write("second attempt");
                ctx.cancelled().await;
            }
        }
    })
    .restart(RestartPolicy::Permanent);
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    log.wait_for("told", 1).await;
    log.wait_for("second attempt", 1).await;
    handle.shutdown().await.expect("stops");
    log.wait_for("told", 2).await;
}

//! Restart loops starve nobody, and a blocked thread hides no wake-up.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

/// A child that asks for something, and then blocks its thread until it is let go.
fn asks_then_blocks<F, Fut>(log: &Log, ask: F) -> (ChildSpec, mpsc::Sender<()>)
where
    F: Fn(TaskContext) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (let_go, held) = mpsc::channel::<()>();
    let (log, held) = (log.clone(), Arc::new(Mutex::new(held)));
    let child = ChildSpec::from_fn("asks", move |ctx: TaskContext| {
        let (log, held, ask) = (log.clone(), Arc::clone(&held), ask.clone());
        async move {
            log.wait_for("+other", 1).await;
            ask(ctx.clone()).await;
            let released = {
                let held = held.lock().expect("one attempt at a time");
                held.recv_timeout(Duration::from_secs(10)).is_ok()
            };
            log.write(if released { "let go" } else { "nobody came" });
            ctx.cancelled().await;
        }
    });
    (child, let_go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_reacts_although_the_one_who_asked_blocks_its_thread() {
    let log = Log::new();
    let (asks, let_go) = asks_then_blocks(&log, |ctx| async move {
        let tree = ctx.tree().expect("in a tree");
        tree.restart_child("other", "asks", "test")
            .await
            .expect("asked");
    });
    let other = obedient("other", &log, Duration::ZERO);
    let handle = Supervisor::start(SupervisorSpec::root(vec![other, asks]))
        .await
        .expect("starts");
    log.wait_for("+other", 2).await;
    assert_eq!(
        log.count("nobody came"),
        0,
        "the restart waited for the blocked thread"
    );
    let_go.send(()).expect("still held");
    log.wait_for("let go", 1).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_ends_in_time_although_the_one_who_asked_blocks_its_thread() {
    let log = Log::new();
    let (asks, let_go) = asks_then_blocks(&log, |ctx| async move {
        let tree = ctx.tree().expect("in a tree");
        tree.restart_child("other", "asks", "test")
            .await
            .expect("asked");
    });
    let seen = log.clone();
    let other = ChildSpec::from_fn("other", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let _live = log.live("other");
            if ctx.generation().value == 0 {
                std::future::pending::<()>().await;
            }
            ctx.cancelled().await;
        }
    })
    .shutdown(Duration::from_millis(100));
    let handle = Supervisor::start(SupervisorSpec::root(vec![other, asks]))
        .await
        .expect("starts");
    log.wait_for("+other", 2).await;
    assert_eq!(
        log.count("nobody came"),
        0,
        "the budget waited for the blocked thread"
    );
    let_go.send(()).expect("still held");
    log.wait_for("let go", 1).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

async fn a_ticker_keeps_ticking() {
    let log = Log::new();
    let loops = (0..8).map(|n| {
        ChildSpec::from_fn(format!("loop{n}"), |_ctx: TaskContext| async {})
            .restart(RestartPolicy::Permanent)
            .backoff(Backoff::none())
    });
    let seen = log.clone();
    let ticker = ChildSpec::from_fn("ticker", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            let mut pause = tokio::time::interval(Duration::from_millis(1));
            while ctx.until_cancelled(pause.tick()).await.is_some() {
                log.write("tick");
            }
        }
    });
    let spec = SupervisorSpec::root(vec![ticker])
        .children(loops)
        .intensity(UNLIMITED);
    let handle = Supervisor::start(spec).await.expect("starts");
    // Would never come if the loops kept the workers for themselves.
    log.wait_for("tick", 100).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn restart_loops_do_not_starve_a_ticker_on_one_worker() {
    a_ticker_keeps_ticking().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_loops_do_not_starve_a_ticker_on_two_workers() {
    a_ticker_keeps_ticking().await;
}

#[tokio::test]
async fn restart_loops_do_not_starve_a_ticker_on_the_current_thread() {
    a_ticker_keeps_ticking().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_from_another_thread_reads_the_paused_clock() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![obedient("child", &log, Duration::ZERO)]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut events = handle.events();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let tree = handle.downgrade();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("builds");
        runtime
            .block_on(tree.pause_child("child", "test", "elsewhere"))
            .expect("pauses");
    })
    .join()
    .expect("no panic");
    let Some(rust_supervisor::event::stream::Observed::Event(event)) = events.next().await else {
        panic!("an event");
    };
    assert_eq!(event.at, Duration::from_secs(1000));
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_crashes_without_end_lets_others_run_although_the_clock_stands_still() {
    let crashing = ChildSpec::from_fn("crashing", |_: TaskContext| async { Err::<(), _>("again") })
        .backoff(Backoff::none());
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(vec![crashing]).intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    tokio::task::yield_now().await;
    let crashing = handle.child("crashing").expect("known");
    let generation = crashing.generation().expect("has been started").value;
    assert!(generation > 0);
    crashing.pause().await.expect("pauses");
    crashing.stopped().await.expect("is down");
    handle.shutdown().await.expect("stops");
}

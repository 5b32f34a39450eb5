//! Promises that other supervisors break, with real tasks: see `rust_supervisor::promises`.
//!
//! And that what stands there names tests that there are.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Readiness, RestartPolicy, Strategy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
    supervised,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const NOW: Duration = Duration::ZERO;

async fn start(spec: SupervisorSpec) -> SupervisorHandle {
    Supervisor::start(spec).await.expect("starts")
}

/// Waits until the child is doing this.
async fn until(handle: &SupervisorHandle, path: &str, state: ChildState) {
    let mut events = handle.events();
    while handle.snapshot_of(path).expect("is there").state != state {
        events.next().await.expect("the tree lives");
    }
}

fn state(handle: &SupervisorHandle, path: &str) -> Option<ChildState> {
    handle.snapshot_of(path).ok().map(|child| child.state)
}

/// A child that ends by itself as soon as it has started.
fn done(name: &'static str, log: &Log) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx: TaskContext| {
        let live = log.live(name);
        async move { drop(live) }
    })
    .backoff(Backoff::none())
}

/// A child whose destructor takes its time.
fn slow_to_drop(name: &'static str, log: &Log, fail: &Arc<Notify>) -> ChildSpec {
    let (log, fail) = (log.clone(), Arc::clone(fail));
    ChildSpec::from_fn(name, move |_ctx: TaskContext| {
        let (live, fail) = (log.live_slow(name, SECOND / 10), Arc::clone(&fail));
        async move {
            let _live = live;
            fail.notified().await;
            Err::<(), _>("told to fail")
        }
    })
    .backoff(Backoff::none())
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_does_not_wait_for_a_sibling_that_has_gone() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![
        done("gone", &log),
        fragile("fails", &log, &fail),
        done("gone too", &log).named("gone_too"),
    ])
    .strategy(Strategy::OneForAll);
    let handle = start(spec).await;
    for path in ["gone", "gone_too"] {
        until(&handle, path, ChildState::Finished).await;
    }
    let began = Instant::now();
    fail.notify_one();
    log.wait_for("+fails", 2).await;
    // What had ended normally is started again, too (R20).
    log.wait_for("+gone", 2).await;
    assert_eq!(began.elapsed(), NOW);
    handle.shutdown().await.expect("stops");
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_goes_by_the_restart_type_of_each_sibling() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![
        obedient("temporary", &log, NOW).restart(RestartPolicy::Temporary),
        obedient("paused", &log, NOW),
        obedient("stopped", &log, NOW),
        fragile("fails", &log, &fail),
    ])
    .strategy(Strategy::OneForAll);
    let handle = start(spec).await;
    for name in ["temporary", "paused", "stopped", "fails"] {
        log.wait_for(&format!("+{name}"), 1).await;
    }
    handle
        .pause_child("paused", "test", "kept down")
        .await
        .expect("pauses");
    handle
        .stop_child("stopped", "test", "until its group starts")
        .await
        .expect("stops");
    handle.stopped("paused").await.expect("ends");
    handle.stopped("stopped").await.expect("ends");
    fail.notify_one();
    log.wait_for("+fails", 2).await;
    log.wait_for("+stopped", 2).await;
    assert_eq!(log.count("-temporary"), 1);
    assert_eq!((log.count("+temporary"), log.count("+paused")), (1, 1));
    assert_eq!(state(&handle, "temporary"), None, "it is forgotten");
    handle.shutdown().await.expect("stops");
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_comes_back_with_its_group_and_all_below_it() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let below = SupervisorSpec::root(vec![obedient("x", &log, NOW), obedient("y", &log, SECOND)]);
    let spec = SupervisorSpec::root(vec![
        fragile("fails", &log, &fail),
        ChildSpec::supervisor("below", below).backoff(Backoff::none()),
    ])
    .strategy(Strategy::RestForOne);
    let handle = start(spec).await;
    for line in ["+fails", "+x", "+y"] {
        log.wait_for(line, 1).await;
    }
    log.take();
    fail.notify_one();
    for line in ["+fails", "+x", "+y"] {
        log.wait_for(line, 1).await;
    }
    let mut lines = log.take();
    assert_eq!(lines[..3], ["-fails", "-y", "-x"]);
    // In which order children are polled first that are ready at once is not promised.
    lines[3..].sort_unstable();
    assert_eq!(lines[3..], ["+fails", "+x", "+y"]);
    handle.shutdown().await.expect("stops");
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_window_of_restarts_slides_and_is_no_counter_for_life() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![fragile("fails", &log, &fail)])
        .intensity(Intensity::new(2, 10 * SECOND));
    let handle = start(spec).await;
    // Each second one is six seconds after the one before: never three within ten.
    for restart in 1..=40 {
        log.wait_for("+fails", restart).await;
        tokio::time::sleep(6 * SECOND).await;
        fail.notify_one();
    }
    log.wait_for("+fails", 41).await;
    assert!(handle.is_alive());
    // The third within ten: six seconds ago, a moment ago, and now.
    fail.notify_one();
    let ended = handle.join().await;
    assert!(
        matches!(ended, Err(SupervisorError::GaveUp { .. })),
        "{ended:?}"
    );
    assert_eq!((log.alive(), log.count("+fails")), (0, 41));
}

#[tokio::test(start_paused = true)]
async fn children_share_the_counter_of_their_supervisor() {
    let (log, fails) = (Log::new(), [(); 3].map(|()| Arc::new(Notify::new())));
    let children = ["a", "b", "c"].into_iter().zip(&fails);
    let children = children
        .map(|(name, fail)| fragile(name, &log, fail))
        .collect();
    let spec = SupervisorSpec::root(children).intensity(Intensity::new(2, 10 * SECOND));
    let handle = start(spec).await;
    for (name, fail) in ["+a", "+b", "+c"].into_iter().zip(&fails) {
        log.wait_for(name, 1).await;
        fail.notify_one();
    }
    let ended = handle.join().await;
    assert!(
        matches!(ended, Err(SupervisorError::GaveUp { .. })),
        "{ended:?}"
    );
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_fails_to_start_is_tried_again_and_counted() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let live = seen.live("child");
        async move {
            let _live = live;
            match ctx.generation().value {
                // The first runs and fails; the next two never get ready.
                0 => ctx.mark_ready(),
                1 | 2 => return Err("not now"),
                _ => {
                    ctx.mark_ready();
                    ctx.cancelled().await;
                    return Ok(());
                }
            }
            tokio::time::sleep(SECOND).await;
            Err("fails")
        }
    })
    .readiness(Readiness::Explicit)
    .backoff(Backoff::none());
    let handle =
        start(SupervisorSpec::root(vec![child]).intensity(Intensity::new(3, SECOND))).await;
    log.wait_for("+child", 4).await;
    until(&handle, "child", ChildState::Running).await;
    assert_eq!((log.count("-child"), log.most_alive()), (3, 1));
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_always_restarted_and_returns_at_once_is_paced() {
    let log = Log::new();
    let child = done("child", &log)
        .restart(RestartPolicy::Permanent)
        .backoff(Backoff::exponential(SECOND, 8 * SECOND));
    let handle = start(SupervisorSpec::root(vec![child])).await;
    tokio::time::sleep(60 * SECOND).await;
    // Half of 1, 2, 4 and 8 seconds, and then of 8 again, at the least.
    let starts = log.count("+child");
    assert!((9..=18).contains(&starts), "{starts} starts in a minute");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn the_back_off_begins_anew_after_an_attempt_that_was_healthy() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let child = fragile("child", &log, &fail)
        .backoff(Backoff::exponential(SECOND, 64 * SECOND))
        .backoff_reset(10 * SECOND);
    let handle = start(SupervisorSpec::root(vec![child])).await;
    for restart in 1..=5 {
        log.wait_for("+child", restart).await;
        fail.notify_one();
    }
    log.wait_for("+child", 6).await;
    assert_eq!(handle.snapshot_of("child").expect("is there").attempt, 6);
    tokio::time::sleep(10 * SECOND).await;
    let began = Instant::now();
    fail.notify_one();
    log.wait_for("+child", 7).await;
    assert!(began.elapsed() <= 2 * SECOND, "{:?}", began.elapsed());
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_successor_starts_only_when_the_destructor_of_its_predecessor_is_through() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let handle = start(SupervisorSpec::root(vec![slow_to_drop(
        "child", &log, &fail,
    )]))
    .await;
    for restart in 1..=3 {
        log.wait_for("+child", restart).await;
        fail.notify_one();
    }
    log.wait_for("+child", 4).await;
    assert_eq!(log.most_alive(), 1);
    let mut lines = log.take();
    lines.truncate(7);
    let life = ["+child", "-child"].into_iter().cycle().take(7);
    assert_eq!(lines, life.collect::<Vec<_>>());
    handle.shutdown().await.expect("stops");
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_says_that_is_over_does_not_reach_its_successor() {
    let (log, kept) = (Log::new(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let (seen, contexts) = (log.clone(), Arc::clone(&kept));
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let live = seen.live("child");
        contexts.lock().expect("sound").push(ctx.clone());
        async move {
            let _live = live;
            if ctx.generation().value == 0 {
                ctx.mark_ready();
                return Err("fails");
            }
            ctx.cancelled().await;
            Ok(())
        }
    })
    .readiness(Readiness::Explicit)
    .ready_within(3600 * SECOND)
    .backoff(Backoff::none());
    let handle = start(SupervisorSpec::root(vec![child])).await;
    log.wait_for("+child", 2).await;
    let contexts = kept.lock().expect("sound").clone();
    contexts[0].mark_ready();
    assert_eq!(
        state(&handle, "child"),
        Some(ChildState::Starting),
        "nobody took it up"
    );
    assert!(contexts[0].is_cancelled() && !contexts[1].is_cancelled());
    contexts[1].mark_ready();
    until(&handle, "child", ChildState::Running).await;
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "current_thread")]
async fn a_blocking_child_runs_beside_a_runtime_of_one_thread() {
    #[supervised(blocking)]
    fn works(ctx: TaskContext, log: &Log) {
        let _live = log.live("works");
        while !ctx.is_cancelled() {
            std::thread::sleep(SECOND / 100);
        }
    }

    let log = Log::new();
    let child = works::spec(log.clone());
    let handle = start(SupervisorSpec::root(vec![child])).await;
    log.wait_for("+works", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.alive(), 0);
}

/// The tests that stand in a table, in their own column.
fn named(table: &str) -> Vec<&str> {
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let last = rows.filter_map(|row| row.trim_matches('|').rsplit('|').next());
    let names: Vec<&str> = last
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

#[test]
fn every_test_that_the_tables_of_promises_name_is_there() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut sources = String::new();
    for directory in ["tests/tests", "supervisor/src"] {
        for file in walkdir::WalkDir::new(format!("{root}/{directory}")) {
            let file = file.expect("readable");
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "rs")
            {
                sources += &std::fs::read_to_string(file.path()).expect("readable");
            }
        }
    }
    for table in [
        include_str!("../../supervisor/docs/promises.md"),
        include_str!("../../supervisor/docs/otp.md"),
    ] {
        for name in named(table) {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "there is no test `{name}`"
            );
        }
    }
}

//! Random trees of children that fail, panic, hang and come late, under random commands and
//! shutdowns: nothing is left of them, and a storm of restarts does not grow.
//!
//! `CHAOS_SECONDS` says for how long each of the two goes on, `CHAOS_SEED` where it begins. A round
//! that fails says its seed; what a child does follows from that, its path and its generation.

use std::alloc::System;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cap::Cap;
use fastrand::Rng;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy, Strategy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext, TaskResult, TreeRef,
};
use supervisor_tests::Log;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{sleep, timeout};

#[global_allocator]
static LIVE: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes are counted for all tests: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

const MS: Duration = Duration::from_millis(1);
/// Whatever is bounded has come to its end by then, on a busy machine, too.
const PATIENCE: Duration = Duration::from_secs(60);

fn runtime(threads: usize) -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_time()
        .build();
    runtime.expect("a runtime")
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn nothing_is_left_after_long_chaos_on_one_thread() {
    chaos(1);
}

#[test]
fn nothing_is_left_after_long_chaos_on_four_threads() {
    chaos(4);
}

fn chaos(threads: usize) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Children panic on purpose.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = runtime(threads);
    let began = Instant::now();
    let lasts = Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(10));
    let mut seed = number("CHAOS_SEED").unwrap_or(1);
    let first = seed;
    while began.elapsed() < lasts {
        let round = AssertUnwindSafe(|| runtime.block_on(round(seed)));
        if let Err(panic) = catch_unwind(round) {
            let text = panic.downcast_ref::<String>().map_or("", String::as_str);
            panic!("CHAOS_SEED={seed}, {threads} threads: {text}");
        }
        seed += 1;
    }
    println!("{} rounds on {threads} threads", seed - first);
}

async fn round(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let log = Log::new();
    let mut paths = Vec::new();
    let spec = supervisor(&mut rng, "", &log, seed, &mut paths);
    let Ok(handle) = Supervisor::start(spec).await else {
        return nothing_is_left(seed, &log).await;
    };
    let operators = [0, 1, 2].map(|operator| {
        let (tree, log, paths) = (handle.downgrade(), log.clone(), paths.clone());
        let rng = Rng::with_seed(seed ^ (operator << 32));
        tokio::spawn(operate(tree, log, paths, rng, seed))
    });
    if rng.bool() {
        // They are cut short.
        sleep(MS * rng.u32(..20)).await;
    } else {
        for operator in operators {
            operator.await.expect("operators do not panic");
        }
    }
    end(handle, &mut rng).await;
    nothing_is_left(seed, &log).await;
}

/// A tree comes down as owners do it.
async fn end(handle: SupervisorHandle, rng: &mut Rng) {
    let tree = handle.downgrade();
    match rng.u8(..3) {
        0 => drop(handle),
        1 => handle.request_shutdown(),
        // One that has given up answers with its causes.
        _ => {
            let stopped = timeout(PATIENCE, handle.shutdown()).await;
            _ = stopped.expect("in bounded time");
        }
    }
    _ = timeout(PATIENCE, tree.join())
        .await
        .expect("in bounded time");
}

async fn nothing_is_left(seed: u64, log: &Log) {
    let began = Instant::now();
    // The operators that are cut short notice, and the drivers let go.
    while Handle::current().metrics().num_alive_tasks() > 0 && began.elapsed() < PATIENCE {
        sleep(MS).await;
    }
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert_eq!(
        (tasks, log.alive()),
        (0, 0),
        "tasks and attempts that are left of {seed}"
    );
    assert!(log.most_alive() <= 1, "two copies of one child");
}

fn supervisor(
    rng: &mut Rng,
    path: &str,
    log: &Log,
    seed: u64,
    paths: &mut Vec<String>,
) -> SupervisorSpec {
    let mut children = Vec::new();
    for place in 0..rng.usize(1..6) {
        let mut own = path.to_owned();
        let separator = if path.is_empty() { "" } else { "/" };
        write!(
            own,
            "{separator}{}{place}",
            ["a", "b", "c"][path.matches('/').count()]
        )
        .expect("a string");
        paths.push(own.clone());
        let nested = path.len() < 4 && rng.u8(..4) == 0;
        let child = if nested {
            let name = own.rsplit('/').next().expect("a name").to_owned();
            ChildSpec::supervisor(name.as_str(), supervisor(rng, &own, log, seed, paths))
        } else {
            worker(&own, log, seed)
        };
        let restarts = [
            RestartPolicy::Permanent,
            RestartPolicy::Transient,
            RestartPolicy::Temporary,
        ];
        children.push(child.restart(restarts[rng.usize(..3)]).backoff(delay(rng)));
    }
    let strategies = [
        Strategy::Dependents,
        Strategy::OneForAll,
        Strategy::OneForOne,
        Strategy::RestForOne,
    ];
    SupervisorSpec::root(children)
        .strategy(strategies[rng.usize(..4)])
        .intensity(Intensity::new(rng.u32(3..200), Duration::from_secs(1)))
}

fn delay(rng: &mut Rng) -> Backoff {
    match rng.u8(..3) {
        0 => Backoff::none(),
        1 => Backoff::constant(MS),
        _ => Backoff::exponential(MS, 8 * MS),
    }
}

fn worker(path: &str, log: &Log, seed: u64) -> ChildSpec {
    let (path, log) = (path.to_owned(), log.clone());
    let name = path.rsplit('/').next().expect("a name").to_owned();
    let own = path
        .bytes()
        .fold(seed, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    ChildSpec::from_fn(name.as_str(), move |ctx: TaskContext| {
        let mut rng = Rng::with_seed(own.wrapping_add(ctx.generation().value << 20));
        assert!(rng.u8(..20) > 0, "the factory panics");
        behave(ctx, log.clone(), path.clone(), rng)
    })
    .shutdown(10 * MS)
}

/// Panics when it is dropped, unless that would abort the process.
struct Touchy;

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "touchy");
    }
}

async fn behave(ctx: TaskContext, log: Log, path: String, mut rng: Rng) -> TaskResult {
    let _live = log.live(&path);
    let pause = MS * rng.u32(..12);
    match rng.u8(..10) {
        0 => TaskResult::Succeeded,
        1 => TaskResult::failed("fails at once"),
        2 => panic!("panics"),
        3 => {
            sleep(pause).await;
            TaskResult::failed("fails")
        }
        4 => {
            let _touchy = Touchy;
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
        5 => {
            ctx.cancelled().await;
            sleep(pause).await;
            panic!("fails while it stops")
        }
        // It does not hear.
        6 => std::future::pending().await,
        7 => {
            let inner = ctx.clone();
            _ = ctx.spawn(async move {
                inner.cancelled().await;
                sleep(pause).await;
            });
            sleep(pause).await;
            TaskResult::failed("leaves a sub-task behind")
        }
        8 => {
            // It holds its thread for a moment.
            std::thread::sleep(pause / 4);
            TaskResult::Succeeded
        }
        _ => {
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
    }
}

async fn operate(tree: TreeRef, log: Log, paths: Vec<String>, mut rng: Rng, seed: u64) {
    for _ in 0..rng.usize(5..40) {
        let path = paths[rng.usize(..paths.len())].as_str();
        let (by, why) = ("chaos", "at random");
        let asked = async {
            match rng.u8(..10) {
                0 => _ = tree.pause_child(path, by, why).await,
                1 | 2 => _ = tree.resume_child(path, by, why).await,
                3 => _ = tree.restart_child(path, by, why).await,
                4 => _ = tree.stop_child(path, by, why).await,
                5 => _ = tree.kill_child(path, by, why).await,
                6 => _ = tree.remove_child(path, by, why).await,
                7 => _ = tree.quarantine_child(path, by, why).await,
                _ => {
                    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                    _ = tree.start_child(above, worker(path, &log, seed)).await;
                }
            }
        };
        timeout(PATIENCE, asked)
            .await
            .expect("a command is answered in bounded time");
        sleep(MS * rng.u32(..3)).await;
    }
}

#[test]
fn a_storm_of_restarts_does_not_grow() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for threads in [1, 4] {
        runtime(threads).block_on(storm(threads));
    }
}

async fn storm(threads: usize) {
    let restarts = Arc::new(AtomicUsize::new(0));
    let child = |name: String| {
        let restarts = Arc::clone(&restarts);
        ChildSpec::from_fn(name.as_str(), move |_ctx: TaskContext| {
            restarts.fetch_add(1, Ordering::Relaxed);
            async { Err::<(), _>("fails at once") }
        })
        .backoff(Backoff::none())
    };
    let children = (0..10)
        .map(|place| child(format!("child{place}")))
        .collect();
    let spec =
        SupervisorSpec::root(children).intensity(Intensity::new(u32::MAX, Duration::from_secs(1)));
    let handle = Supervisor::start(spec).await.expect("starts");
    let early = live_after(20_000, &restarts).await;
    let late = live_after(100_000, &restarts).await;
    let limit = early + early / 100;
    assert!(
        late <= limit,
        "{early} bytes after 20 000 restarts, {late} after 100 000"
    );
    handle.shutdown().await.expect("stops");
    println!("{threads} threads: {early} bytes after 20 000 restarts, {late} after 100 000");
}

/// Bytes alive when there have been that many restarts: the least of many looks, because some are
/// under way.
async fn live_after(restarts: usize, counted: &AtomicUsize) -> usize {
    let began = Instant::now();
    while counted.load(Ordering::Relaxed) < restarts {
        assert!(
            began.elapsed() < 5 * PATIENCE,
            "{counted:?} of {restarts} restarts"
        );
        sleep(MS).await;
    }
    let mut least = usize::MAX;
    for _ in 0..20 {
        least = least.min(LIVE.allocated());
        sleep(MS).await;
    }
    least
}

//! Random trees of children that fail, panic, hang, block and come late, under random commands and
//! shutdowns: nothing is left of them, and a storm of restarts does not grow.
//!
//! `CHAOS_SECONDS` says for how long each of the two goes on, `CHAOS_SEED` where it begins. A round
//! that fails says its seed; what a child does follows from that, its path and its generation.

mod children;
mod operators;
mod storm;
mod trees;

use std::alloc::System;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cap::Cap;
use fastrand::Rng;
use rust_supervisor::error::types::StartError;
use rust_supervisor::{Supervisor, SupervisorHandle, TreeRef};
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
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("");
            // The hook that would say so is silent.
            println!("CHAOS_SEED={seed}, {threads} threads: {text}");
            resume_unwind(panic);
        }
        seed += 1;
    }
    println!("{} rounds on {threads} threads", seed - first);
}

async fn round(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let log = Log::new();
    let mut paths = Vec::new();
    let spec = trees::random(&mut rng, "", &log, seed, &mut paths);
    let handle = match Supervisor::start(spec).await {
        Ok(handle) => handle,
        Err(StartError::Invalid(error)) => panic!("the tree is sound: {error}"),
        Err(_) => return nothing_is_left(seed, &log).await,
    };
    let operators = [0, 1, 2].map(|operator| {
        let (tree, log, paths) = (handle.downgrade(), log.clone(), paths.clone());
        let rng = Rng::with_seed(seed ^ (operator << 32));
        tokio::spawn(operators::operate(tree, log, paths, rng, seed))
    });
    if rng.bool() {
        // They are cut short.
        sleep(MS * rng.u32(..20)).await;
    } else {
        for operator in operators {
            if let Err(failed) = operator.await {
                resume_unwind(failed.into_panic());
            }
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
            assert!(stopped.is_ok(), "it does not stop: {}", left(&tree));
        }
    }
    let ended = timeout(PATIENCE, tree.join()).await;
    assert!(ended.is_ok(), "it does not end: {}", left(&tree));
}

fn left(tree: &TreeRef) -> String {
    let snapshot = tree.snapshot();
    snapshot.map_or_else(|gone| gone.to_string(), |snapshot| snapshot.to_string())
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

//! Children of every kind, with every limit, that do what they should and what they should not.

use std::rc::Rc;

use fastrand::Rng;
use rust_supervisor::spec::policy::{Readiness, RestartPolicy};
use rust_supervisor::{ChildSpec, TaskContext, TaskResult};
use supervisor_tests::Log;
use tokio::time::sleep;

use crate::MS;

const BLOCKING: u8 = 0;

/// What the child of a path is follows from the seed; what an attempt does, from its generation too.
pub(crate) fn worker(path: &str, log: &Log, seed: u64, restart: RestartPolicy) -> ChildSpec {
    let (path, log) = (path.to_owned(), log.clone());
    let name = path.rsplit('/').next().expect("a name").to_owned();
    let own = path
        .bytes()
        .fold(seed, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let of_attempt = move |ctx: &TaskContext| {
        let mut rng = Rng::with_seed(own.wrapping_add(ctx.generation().value << 20));
        assert!(rng.u8(..20) > 0, "the factory panics");
        rng
    };
    let mut rng = Rng::with_seed(own);
    let kind = rng.u8(..6);
    let child = match kind {
        BLOCKING => ChildSpec::blocking(name.as_str(), move |ctx: TaskContext| {
            let rng = of_attempt(&ctx);
            block(&ctx, &log, &path, rng)
        }),
        1 => ChildSpec::local(name.as_str(), move |ctx: TaskContext| {
            let rng = of_attempt(&ctx);
            let (log, path) = (log.clone(), path.clone());
            async move {
                let here = Rc::new(ctx.clone());
                let own = Rc::clone(&here);
                ctx.spawn_local(async move { own.cancelled().await });
                let result = behave(ctx, log, path, rng).await;
                drop(here);
                result
            }
        }),
        _ => ChildSpec::from_fn(name.as_str(), move |ctx: TaskContext| {
            let rng = of_attempt(&ctx);
            behave(ctx, log.clone(), path.clone(), rng)
        }),
    };
    let mut child = child.restart(restart).shutdown(10 * MS);
    // Limits that some attempts keep to, and others do not.
    let readiness = match rng.u8(..6) {
        0 if restart != RestartPolicy::Permanent => Readiness::Completed,
        1 | 2 => Readiness::Explicit,
        _ => Readiness::Immediate,
    };
    child = child.readiness(readiness);
    if readiness != Readiness::Immediate {
        child = child.ready_within(15 * MS);
    }
    if rng.u8(..4) == 0 {
        child = child.timeout(8 * MS);
    }
    if readiness != Readiness::Completed && rng.u8(..4) == 0 {
        child = child.heartbeat(6 * MS);
    }
    if kind != BLOCKING && rng.u8(..4) == 0 {
        child = child.stall_after(MS);
    }
    child
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
    // Some say it late, some never.
    match rng.u8(..4) {
        0 => {
            sleep(pause).await;
            ctx.mark_ready();
        }
        1 => {}
        _ => ctx.mark_ready(),
    }
    match rng.u8(..13) {
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
        9 => {
            _ = ctx.spawn_blocking(move || {
                std::thread::sleep(pause);
                assert!(pause > 3 * MS, "a function panics");
            });
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
        10 => {
            // It beats, and falls silent.
            for _ in 0..rng.u8(..8) {
                ctx.heartbeat();
                sleep(2 * MS).await;
            }
            std::future::pending().await
        }
        _ => {
            ctx.cancelled().await;
            TaskResult::Cancelled
        }
    }
}

fn block(ctx: &TaskContext, log: &Log, path: &str, mut rng: Rng) -> TaskResult {
    let _live = log.live(path);
    ctx.mark_ready();
    match rng.u8(..6) {
        0 => TaskResult::Succeeded,
        1 => TaskResult::failed("fails at once"),
        2 => panic!("panics"),
        // It does not hear, and comes to its end all the same.
        3 => {
            std::thread::sleep(MS * rng.u32(..30));
            TaskResult::Succeeded
        }
        _ => {
            while !ctx.is_cancelled() {
                ctx.heartbeat();
                std::thread::sleep(MS / 2);
            }
            TaskResult::Cancelled
        }
    }
}

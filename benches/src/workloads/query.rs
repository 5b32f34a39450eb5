//! The state of one child by name and by handle, and a pause with its resume: while nothing happens,
//! and while a storm runs beside it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, TaskContext};

use super::Size;
use super::countdown::Countdown;
use super::storm::{By, failing};
use crate::figure::Figure;
use crate::sides::ours::unlimited;

/// The child that is asked for.
const NAME: &str = "asked";

pub(super) async fn idle(size: Size) -> Vec<Figure> {
    let handle = start(size.children, 0).await;
    let mut figures = ask(&handle, size.restarts, "idle").await;
    let child = handle.child(NAME).expect("it is there");
    let began = Instant::now();
    for _ in 0..size.restarts * 100 {
        black_box(child.state());
    }
    figures.push(Figure::nanos(
        "state by ChildHandle, ns",
        began.elapsed(),
        size.restarts * 100,
    ));
    std::mem::forget(handle);
    figures
}

pub(super) async fn storm(size: Size) -> Vec<Figure> {
    let handle = start(size.children, usize::MAX).await;
    let figures = ask(&handle, size.restarts, "beside a storm").await;
    std::mem::forget(handle);
    figures
}

async fn start(children: usize, failures: usize) -> SupervisorHandle {
    let calm = Countdown::from(children);
    let spec = unlimited(children, |_| {
        failing!(TaskContext, failures, By::Error, calm)
    });
    let idle = |ctx: TaskContext| async move { ctx.cancelled().await };
    let spec = spec.child(ChildSpec::from_fn(NAME, idle).backoff(Backoff::none()));
    Supervisor::start(spec).await.expect("a sound tree")
}

async fn ask(handle: &SupervisorHandle, times: usize, when: &str) -> Vec<Figure> {
    let mut state = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        black_box(handle.snapshot_of(NAME).expect("it is there"));
        state.push(nanos(began.elapsed()));
    }
    let mut pairs = Vec::with_capacity(times / 100);
    for _ in 0..times / 100 {
        let began = Instant::now();
        handle
            .pause_child(NAME, "bench", "to measure it")
            .await
            .expect("it is there");
        handle
            .resume_child(NAME, "bench", "to measure it")
            .await
            .expect("it is there");
        pairs.push(nanos(began.elapsed()));
    }
    state.sort_unstable();
    pairs.sort_unstable();
    vec![
        Figure::percentile(&format!("state by name, {when}, p50 ns"), &state, 50),
        Figure::percentile(&format!("state by name, {when}, p99 ns"), &state, 99),
        Figure::percentile(&format!("pause and resume, {when}, p50 ns"), &pairs, 50),
    ]
}

fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

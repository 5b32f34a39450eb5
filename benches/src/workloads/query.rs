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

pub(super) async fn by_name(size: Size) -> Vec<Figure> {
    let handle = start(size.children, 0).await;
    let figures = ask(&handle, size.restarts, "idle");
    std::mem::forget(handle);
    figures
}

pub(super) async fn by_handle(size: Size) -> Vec<Figure> {
    let handle = start(size.children, 0).await;
    let child = handle.child(NAME).expect("it is there");
    let began = Instant::now();
    for _ in 0..size.restarts {
        black_box(child.state());
    }
    let took = began.elapsed();
    std::mem::forget(handle);
    vec![Figure::nanos(
        "state by ChildHandle, ns",
        took,
        size.restarts,
    )]
}

pub(super) async fn pause(size: Size) -> Vec<Figure> {
    let handle = start(size.children, 0).await;
    let figures = pause_and_resume(&handle, size.restarts, "idle").await;
    std::mem::forget(handle);
    figures
}

pub(super) async fn in_a_storm(size: Size) -> Vec<Figure> {
    let handle = start(size.children, usize::MAX).await;
    let mut figures = ask(&handle, size.restarts, "beside a storm");
    figures.extend(pause_and_resume(&handle, size.restarts / 100, "beside a storm").await);
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

fn ask(handle: &SupervisorHandle, times: usize, when: &str) -> Vec<Figure> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        black_box(handle.snapshot_of(NAME).expect("it is there"));
        took.push(nanos(began.elapsed()));
    }
    took.sort_unstable();
    vec![
        Figure::percentile(&format!("state by name, {when}, p50 ns"), &took, 50),
        Figure::percentile(&format!("state by name, {when}, p99 ns"), &took, 99),
    ]
}

async fn pause_and_resume(handle: &SupervisorHandle, times: usize, when: &str) -> Vec<Figure> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        handle
            .pause_child(NAME, "bench", "to measure it")
            .await
            .expect("it is there");
        handle
            .resume_child(NAME, "bench", "to measure it")
            .await
            .expect("it is there");
        took.push(nanos(began.elapsed()));
    }
    took.sort_unstable();
    let name = format!("pause and resume, {when}, p50 ns");
    vec![Figure::percentile(&name, &took, 50)]
}

fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

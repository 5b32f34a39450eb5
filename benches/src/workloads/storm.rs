//! A crash storm: children that do nothing but fail, and are restarted at once.

use std::time::Instant;

use super::Size;
use super::countdown::Countdown;
use crate::figure::Figure;
use crate::sides::{Crash, NotesPanics, Stop, Supervise};

/// How an attempt fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Error,
    Panic,
}

pub(super) async fn of_errors<S: Supervise>(size: Size) -> Vec<Figure> {
    measure::<S>(size, By::Error, "storm of errors, ns per restart").await
}

/// Message and place of every panic are taken, by both sides, and nothing is printed.
pub(super) async fn of_panics<S: Supervise + NotesPanics>(size: Size) -> Vec<Figure> {
    std::panic::set_hook(Box::new(|_| ()));
    S::note_panics();
    measure::<S>(size, By::Panic, "storm of panics, ns per restart").await
}

async fn measure<S: Supervise>(size: Size, by: By, what: &str) -> Vec<Figure> {
    let each = size.restarts / size.children;
    let calm = Countdown::from(size.children);
    let began = Instant::now();
    let tree = S::start(size.children, |_| failing!(S::Stop, each, by, calm)).await;
    calm.over().await;
    let took = began.elapsed();
    // It lives until here, and nobody waits for its end.
    std::mem::forget(tree);
    vec![Figure::nanos(what, took, each * size.children)]
}

/// A child that fails so many times, then counts down and waits for its stop.
macro_rules! failing {
    ($stop:ty, $times:expr, $by:expr, $calm:expr) => {{
        let (calm, by) = ($calm.clone(), $by);
        let mut left = $times;
        move |stop: $stop| {
            let crash: Option<usize> = usize::checked_sub(left, 1);
            left = crash.unwrap_or(0);
            let calm = crash.is_none().then(|| calm.clone());
            $crate::workloads::storm::attempt(left, by, calm, stop)
        }
    }};
}
pub(super) use failing;

/// Fails, unless it has been given something to count down.
pub(super) async fn attempt(
    left: usize,
    by: By,
    calm: Option<Countdown>,
    stop: impl Stop,
) -> Result<(), Crash> {
    let Some(calm) = calm else {
        return match by {
            By::Error => Err(Crash { left }),
            By::Panic => panic!("it fails"),
        };
    };
    calm.down();
    stop.asked().await;
    Ok(())
}

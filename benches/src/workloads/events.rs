//! What subscribers cost: a storm with none, one, many, and with some that sleep; and one that has
//! to keep up with a service's pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rust_supervisor::event::stream::{EventStream, Observed};
use rust_supervisor::{Supervisor, SupervisorHandle, TaskContext};

use super::Size;
use super::countdown::Countdown;
use super::storm::{By, failing};
use crate::figure::Figure;
use crate::sides::Crash;
use crate::sides::ours::unlimited;

#[derive(Debug, Default)]
struct Read {
    seen: AtomicU64,
    missed: AtomicU64,
}

pub(super) async fn in_a_storm(size: Size) -> Vec<Figure> {
    [
        storm(size, 0, 0, "storm without subscribers, ns per restart").await,
        storm(size, 1, 0, "storm with 1 subscriber, ns per restart").await,
        storm(
            size,
            1,
            15,
            "storm with 1 awake and 15 asleep, ns per restart",
        )
        .await,
        storm(size, 0, 16, "storm with 16 asleep, ns per restart").await,
        storm(size, 16, 0, "storm with 16 subscribers, ns per restart").await,
    ]
    .concat()
}

async fn storm(size: Size, awake: usize, asleep: usize, what: &str) -> Vec<Figure> {
    let each = size.restarts / size.children;
    let calm = Countdown::from(size.children);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let spec = unlimited(size.children, |_| {
        let mut fail = failing!(TaskContext, each, By::Error, calm);
        let mut gate = Some(Arc::clone(&gate));
        move |ctx: TaskContext| {
            let (attempt, gate) = (fail(ctx), gate.take());
            async move {
                // The storm begins when all who listen do.
                if let Some(gate) = gate {
                    drop(gate.acquire().await);
                }
                attempt.await
            }
        }
    });
    let handle = Supervisor::start(spec).await.expect("a sound tree");
    let read = Arc::new(Read::default());
    for _ in 0..awake {
        tokio::spawn(listen(handle.events(), Arc::clone(&read)));
    }
    // They have subscribed, have read nothing, and do not come back for more.
    let sleeping: Vec<EventStream> = (0..asleep).map(|_| handle.events()).collect();
    super::idle::settle().await;
    let began = Instant::now();
    gate.close();
    calm.over().await;
    let mut figures = vec![Figure::nanos(what, began.elapsed(), each * size.children)];
    drop(sleeping);
    figures.extend(missed(&read, &what.replace("ns per restart", "% missed")));
    handle.shutdown().await.expect("it stops");
    figures
}

/// Restarts at a steady pace: how long each takes, with and without one who listens, and what that
/// one misses.
pub(super) async fn paced(size: Size) -> Vec<Figure> {
    let (without, _) = at_a_pace(size, false).await;
    let (with, read) = at_a_pace(size, true).await;
    let mut figures = vec![
        Figure::new(
            "500 000 events/s without subscriber, ns per restart",
            without,
        ),
        Figure::new("500 000 events/s with 1 subscriber, ns per restart", with),
    ];
    figures.extend(missed(
        &read,
        "500 000 events/s with 1 subscriber, % missed",
    ));
    figures
}

/// Ended, restarting, started.
const EVENTS_PER_RESTART: u32 = 3;

async fn at_a_pace(size: Size, subscribed: bool) -> (f64, Arc<Read>) {
    // 500 000 events a second.
    let pace = Duration::from_nanos(u64::from(EVENTS_PER_RESTART) * 2_000);
    let restarts = u32::try_from(size.restarts).expect("not so many");
    let done = Countdown::from(1);
    let away = Arc::new(AtomicU64::new(0));
    let spec = unlimited(1, |_| {
        let (over, away) = (done.clone(), Arc::clone(&away));
        let (mut made, mut left, mut due) = (0, None, Instant::now());
        move |ctx: TaskContext| {
            if let Some(left) = left {
                away.fetch_add(since(left), Ordering::Relaxed);
            }
            made += 1;
            due = Instant::now().max(due + pace);
            // When it will end, but for the end itself.
            left = Some(due);
            let (over, due, last) = (over.clone(), due, made == restarts);
            async move {
                if last {
                    over.down();
                    ctx.cancelled().await;
                    return Ok(());
                }
                // A task that sleeps for microseconds would not come back in time.
                while Instant::now() < due {
                    std::hint::spin_loop();
                }
                Err(Crash { left: 0 })
            }
        }
    });
    let handle: SupervisorHandle = Supervisor::start(spec).await.expect("a sound tree");
    let read = Arc::new(Read::default());
    if subscribed {
        tokio::spawn(listen(handle.events(), Arc::clone(&read)));
    }
    done.over().await;
    handle.shutdown().await.expect("it stops");
    let away = away.load(Ordering::Relaxed) as f64;
    (away / f64::from(restarts), read)
}

fn since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

async fn listen(mut events: EventStream, read: Arc<Read>) {
    while let Some(observed) = events.next().await {
        match observed {
            Observed::Missed(count) => read.missed.fetch_add(count, Ordering::Relaxed),
            _ => read.seen.fetch_add(1, Ordering::Relaxed),
        };
    }
}

fn missed(read: &Read, what: &str) -> Option<Figure> {
    let missed = read.missed.load(Ordering::Relaxed) as f64;
    let all = missed + read.seen.load(Ordering::Relaxed) as f64;
    (all > 0.0).then(|| Figure::new(what, 100.0 * missed / all))
}

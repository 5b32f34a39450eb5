//! How long one child is away when it fails among idle siblings: from the word that makes it fail to
//! the first poll of its next attempt. Who says the word runs inside the runtime; from outside one
//! would measure how long an idle processor takes to wake up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use super::{Size, idle};
use crate::figure::Figure;
use crate::sides::{Crash, Stop, Supervise};

struct Victim {
    die: Notify,
    begun: Notify,
    /// When the present attempt was polled first, since `epoch`.
    at: AtomicU64,
    epoch: Instant,
}

pub(super) async fn measure<S: Supervise>(size: Size) -> Vec<Figure> {
    let victim = Arc::new(Victim {
        die: Notify::new(),
        begun: Notify::new(),
        at: AtomicU64::new(0),
        epoch: Instant::now(),
    });
    let child = |place| {
        let victim = (place == 0).then(|| Arc::clone(&victim));
        move |stop: S::Stop| {
            let victim = victim.clone();
            async move {
                let Some(victim) = victim else {
                    stop.asked().await;
                    return Ok(());
                };
                victim.at.store(since(victim.epoch), Ordering::Release);
                victim.begun.notify_one();
                victim.die.notified().await;
                Err(Crash { left: 0 })
            }
        }
    };
    let tree = S::start(size.children + 1, child).await;
    victim.begun.notified().await;
    let mut nanos = Vec::with_capacity(size.restarts);
    for _ in 0..size.restarts {
        idle::settle().await;
        let told = since(victim.epoch);
        victim.die.notify_one();
        victim.begun.notified().await;
        nanos.push(victim.at.load(Ordering::Acquire).saturating_sub(told));
    }
    std::mem::forget(tree);
    nanos.sort_unstable();
    vec![
        Figure::percentile("restart latency, p50 ns", &nanos, 50),
        Figure::percentile("restart latency, p99 ns", &nanos, 99),
    ]
}

fn since(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

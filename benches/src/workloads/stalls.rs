//! What a snapshot of a large tree does to those who restart: the longest time that one child among
//! many is away, without and with snapshots taken beside it, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, TaskContext};

use super::countdown::Countdown;
use super::{Size, idle};
use crate::figure::Figure;
use crate::sides::Crash;
use crate::sides::ours::unlimited;

const FOR: Duration = Duration::from_millis(300);

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    let longest = Arc::new(AtomicU64::new(0));
    let handle = start(size.children, &longest).await;
    idle::settle().await;
    let without = watch(&longest, || ()).await;
    let mut snapshots = 0;
    let began = Instant::now();
    let with = watch(&longest, || {
        drop(handle.snapshot().expect("it runs"));
        snapshots += 1;
    })
    .await;
    let each = began.elapsed() / snapshots.max(1);
    std::mem::forget(handle);
    vec![
        Figure::new("longest restart, ns", without),
        Figure::new("longest restart beside snapshots, ns", with),
        Figure::nanos("a snapshot, ns per child", each, size.children),
    ]
}

/// The longest restart while something is done over and over.
async fn watch(longest: &AtomicU64, mut again: impl FnMut()) -> f64 {
    longest.store(0, Ordering::Relaxed);
    let began = Instant::now();
    while began.elapsed() < FOR {
        again();
        tokio::task::yield_now().await;
    }
    longest.load(Ordering::Relaxed) as f64
}

async fn start(children: usize, longest: &Arc<AtomicU64>) -> SupervisorHandle {
    let begun = Countdown::from(children);
    let spec = unlimited(children, |_| {
        let begun = begun.clone();
        move |ctx: TaskContext| {
            begun.down();
            async move {
                ctx.cancelled().await;
                Ok::<(), Crash>(())
            }
        }
    });
    let (longest, mut left) = (Arc::clone(longest), None::<Instant>);
    let restless = move |ctx: TaskContext| {
        if let Some(left) = left {
            let away = u64::try_from(left.elapsed().as_nanos()).unwrap_or(u64::MAX);
            longest.fetch_max(away, Ordering::Relaxed);
        }
        left = Some(Instant::now());
        let stops = ctx.is_cancelled();
        async move {
            if stops {
                Ok(())
            } else {
                Err(Crash { left: 0 })
            }
        }
    };
    let restless = ChildSpec::from_fn("restless", restless).backoff(Backoff::none());
    let handle = Supervisor::start(spec.child(restless))
        .await
        .expect("a sound tree");
    begun.over().await;
    handle
}

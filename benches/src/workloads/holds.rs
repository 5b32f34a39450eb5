//! How long the lock of a tree is held: while it starts, restarts a group, is looked at, and stops.
//! Counted is the time that the thread which holds it runs, so that being preempted does not count.

use std::time::Instant;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Strategy};
use rust_supervisor::{__measure as measuring, ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use std::sync::Arc;
use std::time::Duration;

use super::Size;
use super::countdown::Countdown;
use crate::figure::Figure;

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    let (begun, die) = (Countdown::from(size.children), Arc::new(Notify::new()));
    let child = |place: usize| {
        let (begun, die) = (begun.clone(), Arc::clone(&die));
        let attempt = move |ctx: TaskContext| {
            let (begun, die) = (begun.clone(), Arc::clone(&die));
            async move {
                begun.down();
                if place == 0 {
                    tokio::select! {
                        () = die.notified() => return Err("told to"),
                        () = ctx.cancelled() => {}
                    }
                }
                ctx.cancelled().await;
                Ok(())
            }
        };
        ChildSpec::from_fn(format!("child-{place}"), attempt).backoff(Backoff::none())
    };
    let spec = SupervisorSpec::root((0..size.children).map(child).collect())
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::new(10, Duration::from_secs(10)));
    measuring::longest_hold(of_this_thread);
    let handle = Supervisor::start(spec).await.expect("a sound tree");
    begun.over().await;
    let mut figures = vec![longest("start")];
    begun.again(size.children);
    die.notify_one();
    begun.over().await;
    figures.push(longest("group restart"));
    drop(handle.snapshot());
    figures.push(longest("snapshot"));
    let began = Instant::now();
    let report = handle.shutdown().await.expect("it stops");
    figures.push(longest("shutdown"));
    assert_eq!(
        report.children.len(),
        size.children,
        "{:?}",
        began.elapsed()
    );
    figures
}

fn longest(of: &str) -> Figure {
    let hold = measuring::longest_hold(of_this_thread);
    Figure::new(&format!("longest hold, {of}, ns"), hold.as_nanos() as f64)
}

/// How long the present thread has run.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.try_into().expect("it does not run backwards")
}

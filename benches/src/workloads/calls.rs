//! What an attempt calls all the time: `heartbeat` and `is_cancelled`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tokio_util::sync::CancellationToken;

use super::Size;
use crate::figure::Figure;

pub(super) async fn heartbeat(size: Size) -> Vec<Figure> {
    let took = inside(size.restarts, TaskContext::heartbeat).await;
    vec![Figure::nanos("heartbeat, ns", took, size.restarts)]
}

pub(super) async fn is_cancelled(size: Size) -> Vec<Figure> {
    let ask = |ctx: &TaskContext| {
        black_box(ctx.is_cancelled());
    };
    let took = inside(size.restarts, ask).await;
    vec![Figure::nanos("is_cancelled, ns", took, size.restarts)]
}

pub(super) fn is_cancelled_of_tokio(size: Size) -> Vec<Figure> {
    let token = CancellationToken::new();
    let took = time(size.restarts, || {
        black_box(black_box(&token).is_cancelled());
    });
    vec![Figure::nanos("is_cancelled, ns", took, size.restarts)]
}

/// How long so many calls take in an attempt.
async fn inside(calls: usize, call: impl Fn(&TaskContext) + Copy + Send + 'static) -> Duration {
    let (tell, told) = std::sync::mpsc::channel();
    let attempt = move |ctx: TaskContext| {
        let tell = tell.clone();
        async move {
            let took = time(calls, || call(black_box(&ctx)));
            tell.send(took).expect("it is waited for");
            ctx.cancelled().await;
        }
    };
    let child = ChildSpec::from_fn("calls", attempt).heartbeat(Duration::from_secs(30));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("a sound tree");
    let took = tokio::task::block_in_place(|| told.recv().expect("it tells"));
    std::mem::forget(handle);
    took
}

fn time(calls: usize, call: impl Fn()) -> Duration {
    let began = Instant::now();
    for _ in 0..calls {
        call();
    }
    began.elapsed()
}

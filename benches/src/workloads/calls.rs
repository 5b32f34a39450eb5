//! What an attempt calls all the time: `heartbeat` and `is_cancelled`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tokio_util::sync::CancellationToken;

use super::Size;
use crate::figure::Figure;

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    let calls = size.restarts;
    let (tell, told) = std::sync::mpsc::channel();
    let attempt = move |ctx: TaskContext| {
        let tell = tell.clone();
        async move {
            let beats = time(calls, || ctx.heartbeat());
            let asks = time(calls, || {
                black_box(ctx.is_cancelled());
            });
            tell.send((beats, asks)).expect("it is waited for");
            ctx.cancelled().await;
        }
    };
    let child = ChildSpec::from_fn("calls", attempt).heartbeat(Duration::from_secs(30));
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("a sound tree");
    let (beats, asks) = told.recv().expect("it tells");
    std::mem::forget(handle);
    let token = CancellationToken::new();
    let theirs = time(calls, || {
        black_box(token.is_cancelled());
    });
    vec![
        Figure::nanos("heartbeat, ns", beats, calls),
        Figure::nanos("is_cancelled, ns", asks, calls),
        Figure::nanos("is_cancelled of tokio-util, ns", theirs, calls),
    ]
}

fn time(calls: usize, call: impl Fn()) -> Duration {
    let began = Instant::now();
    for _ in 0..calls {
        call();
    }
    began.elapsed()
}

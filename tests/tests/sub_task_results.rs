//! What a sub-task returns belongs to it, too: its conversion and its destructor are its own code.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy};
use rust_supervisor::task::subtask::SubTaskError;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::Log;

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

async fn start(child: ChildSpec) -> SupervisorHandle {
    let spec = SupervisorSpec::root(vec![child.backoff(Backoff::none())]).intensity(UNLIMITED);
    Supervisor::start(spec).await.expect("starts")
}

/// How the one attempt of a temporary child has ended, in its words.
async fn the_end_of(child: ChildSpec) -> String {
    let handle = start(child.restart(RestartPolicy::Temporary)).await;
    let mut events = handle.events_after(0);
    loop {
        let event = events.next().await.expect("the tree lives");
        if let Observed::Event(event) = event {
            if let EventKind::Exited(exit) = event.kind {
                handle.shutdown().await.expect("stops");
                return exit.to_string();
            }
        }
    }
}

/// An error that cannot be converted.
#[derive(Debug)]
struct Broken;

impl From<Broken> for Box<dyn std::error::Error + Send + Sync> {
    fn from(_: Broken) -> Self {
        panic!("no words for it")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_panics_when_it_is_converted_ends_the_attempt() {
    for blocking in [false, true] {
        let child = ChildSpec::from_fn("child", move |ctx: TaskContext| async move {
            let outcome = if blocking {
                ctx.spawn_blocking(|| Err::<(), _>(Broken)).await
            } else {
                ctx.spawn(async { Err::<(), _>(Broken) }).await
            };
            assert_eq!(outcome, Err(SubTaskError::Panicked));
            ctx.cancelled().await;
        });
        let end = tokio::time::timeout(Duration::from_secs(5), the_end_of(child));
        let end = end.await.expect("the attempt hears of it");
        assert!(
            end.starts_with("panicked: no words for it, in the sub-task"),
            "blocking {blocking}: {end}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_result_that_nobody_takes_is_dropped_within_its_attempt() {
    for blocking in [false, true] {
        let log = Log::new();
        let seen = log.clone();
        let handle = start(ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let log = seen.clone();
            async move {
                if ctx.generation().value == 5 {
                    ctx.cancelled().await;
                    return Ok(());
                }
                let own = log.clone();
                let result =
                    move || Ok::<_, Infallible>(own.live_slow("result", Duration::from_millis(20)));
                if blocking {
                    drop(ctx.spawn_blocking(result));
                } else {
                    drop(ctx.spawn(async move { result() }));
                }
                let attempts = usize::try_from(ctx.generation().value).expect("few") + 1;
                log.wait_for("+result", attempts).await;
                Err("again")
            }
        }))
        .await;
        log.wait_for("+result", 5).await;
        while handle.snapshot_of("child").expect("is there").generation != Some(5) {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            log.most_alive(),
            1,
            "blocking {blocking}: {:?}",
            log.lines()
        );
        assert_eq!(log.count("-result"), 5, "blocking {blocking}");
        handle.shutdown().await.expect("stops");
    }
}

struct Loud(Arc<AtomicUsize>);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert!(std::thread::panicking(), "not quietly");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_nobody_takes_and_that_panics_when_it_is_dropped_is_a_failure() {
    for blocking in [false, true] {
        let dropped = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&dropped);
        let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
            let loud = Loud(Arc::clone(&seen));
            async move {
                let (let_go, gone) = mpsc::channel::<()>();
                let result = move || {
                    gone.recv().expect_err("says nothing");
                    Ok::<_, Infallible>(loud)
                };
                if blocking {
                    drop(ctx.spawn_blocking(result));
                } else {
                    drop(ctx.spawn(async move { result() }));
                }
                // The handle has gone.
                drop(let_go);
                ctx.cancelled().await;
            }
        });
        let end = tokio::time::timeout(Duration::from_secs(5), the_end_of(child));
        let end = end.await.expect("the attempt hears of it");
        assert!(
            end.starts_with("panicked while it was dropped: not quietly"),
            "blocking {blocking}: {end}"
        );
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}

//! A panic in a child is an end like any other: caught, told, and decided on by policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rust_supervisor::event::exit::{During, ExitKind};
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};

/// The first panic that the events tell of.
async fn panic_of(handle: &SupervisorHandle) -> (String, During) {
    let mut events = handle.events_after(0);
    while let Some(observed) = events.next().await {
        let Observed::Event(event) = observed else {
            panic!("nothing is missed here");
        };
        if let EventKind::Exited(exit) = &event.kind
            && let ExitKind::Panicked(panic) = &exit.kind
        {
            return (panic.message.clone(), panic.during);
        }
    }
    panic!("the tree has ended without a panic");
}

/// Runs a child beside a sibling, and checks that only the child was started again.
async fn assert_restarted(child: ChildSpec, log: &Log, message: &str, during: During) {
    let sibling = obedient("sibling", log, Duration::ZERO);
    let spec = SupervisorSpec::root(vec![sibling, child.backoff(Backoff::none())]);
    let handle = Supervisor::start(spec).await.expect("both start");
    assert_eq!(panic_of(&handle).await, (message.to_owned(), during));
    log.wait_for("+second attempt", 1).await;
    let snapshot = handle.snapshot().expect("the tree runs");
    let generation = |path| snapshot.child(path).expect("a child").generation;
    assert_eq!(
        (generation("sibling"), generation("child")),
        (Some(0), Some(1))
    );
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!((log.alive(), log.most_alive()), (0, 1));
}

#[tokio::test]
async fn a_panic_in_the_factory_is_reported_and_restarted() {
    let log = Log::new();
    let made = Arc::new(AtomicUsize::new(0));
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        assert!(made.fetch_add(1, Ordering::Relaxed) > 0, "no factory today");
        let live = seen.live("second attempt");
        async move {
            let _live = live;
            ctx.cancelled().await;
        }
    });
    assert_restarted(child, &log, "no factory today", During::Build).await;
}

#[tokio::test]
async fn a_panic_in_the_first_poll_is_reported_and_restarted() {
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            assert!(ctx.generation().value > 0, "not at the first poll");
            let _live = log.live("second attempt");
            ctx.cancelled().await;
        }
    });
    assert_restarted(child, &log, "not at the first poll", During::Poll).await;
}

#[tokio::test]
async fn a_panic_in_the_drop_of_the_future_is_reported_and_restarted() {
    struct PanicsInDrop;

    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("not even the end is quiet");
        }
    }

    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        // Owned by the future whatever its state is, so dropped with it.
        let loud = (ctx.generation().value == 0).then(|| PanicsInDrop);
        let body = async move {
            if ctx.generation().value == 0 {
                return;
            }
            let _live = log.live("second attempt");
            ctx.cancelled().await;
        };
        WithDrop {
            body: Box::pin(body),
            _loud: loud,
        }
    });
    assert_restarted(child, &log, "not even the end is quiet", During::Drop).await;
}

/// A future that still owns something when it has ended.
struct WithDrop<D> {
    body: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    _loud: Option<D>,
}

impl<D: Unpin> Future for WithDrop<D> {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        self.body.as_mut().poll(cx)
    }
}

#[tokio::test]
async fn a_panic_in_the_drop_of_what_a_child_owns_does_not_hold_up_a_stop() {
    struct Touchy;

    impl Drop for Touchy {
        fn drop(&mut self) {
            panic!("nobody waits for this");
        }
    }

    let (log, owned) = (Log::new(), Touchy);
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let _kept_across_attempts = &owned;
        async move { ctx.cancelled().await }
    });
    let sibling = obedient("sibling", &log, Duration::ZERO);
    let spec = SupervisorSpec::root(vec![sibling, child]);
    let handle = Supervisor::start(spec).await.expect("both start");
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.children.len(), log.alive()), (2, 0));
}

#[tokio::test]
async fn a_payload_that_panics_when_it_is_dropped_ends_nothing_else() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("a payload that panics");
        }
    }

    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            if ctx.generation().value < 50 {
                std::panic::panic_any(Bomb);
            }
            let _live = log.live("second attempt");
            ctx.cancelled().await;
        }
    })
    .backoff(Backoff::none());
    let limit = rust_supervisor::spec::policy::Intensity::new(100, Duration::from_secs(10));
    let spec = SupervisorSpec::root(vec![child]).intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+second attempt", 1).await;
    assert!(handle.shutdown().await.expect("stops").is_clean());
}

//! Whoever leaves `main` behind the end of a tree has its last lines in the log.
//!
//! Alone in its process: the subscriber is global.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use rust_supervisor::spec::policy::Readiness;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};
use tokio::sync::Notify;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// A subscriber that notes the numbers of events, and blocks at one of them until it is let go on.
struct Slow {
    numbers: Arc<Mutex<Vec<u64>>>,
    blocks: Arc<Notify>,
    goes_on: Mutex<mpsc::Receiver<()>>,
}

#[derive(Default)]
struct Fields {
    seq: Option<u64>,
    message: String,
}

impl tracing::field::Visit for Fields {
    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        if field.name() == "seq" {
            self.seq = Some(value);
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

impl Layer<Registry> for Slow {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, Registry>) {
        if event.metadata().target() != "rust_supervisor::lifecycle" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.message.starts_with("`/` has ended: ") {
            self.blocks.notify_one();
            let goes_on = self.goes_on.lock().expect("no panic");
            goes_on.recv().expect("the test lets it go on");
        }
        self.numbers.lock().expect("no panic").extend(fields.seq);
    }
}

/// A tree of one child, whose end is told by the child's task.
async fn start() -> SupervisorHandle {
    let child = obedient("child", &Log::new(), Duration::ZERO);
    let spec = SupervisorSpec::root(vec![child]);
    Supervisor::start(spec).await.expect("starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_shutdown_is_over_when_its_last_event_has_been_told_unless_the_subscriber_blocks() {
    let (numbers, blocks) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (go_on, goes_on) = mpsc::channel();
    let slow = Slow {
        numbers: Arc::clone(&numbers),
        blocks: Arc::clone(&blocks),
        goes_on: Mutex::new(goes_on),
    };
    let subscriber = Registry::default().with(slow);
    tracing::subscriber::set_global_default(subscriber).expect("the only one of this process");
    let told = |last: u64| {
        let told = numbers.lock().expect("no panic").clone();
        assert_eq!(told, (1..=last).collect::<Vec<_>>());
    };

    for waited_for in [true, false] {
        let handle = start().await;
        let (tree, asks) = (handle.downgrade(), handle.downgrade());
        // Whoever writes to the log is blocked by it.
        let asks = tokio::spawn(async move { asks.request_shutdown() });
        blocks.notified().await;
        let began = Instant::now();
        let joins = tokio::spawn(async move { tree.join().await });
        while handle.is_alive() {
            tokio::task::yield_now().await;
        }
        if waited_for {
            assert!(!joins.is_finished(), "not everything has been told");
            go_on.send(()).expect("somebody waits");
        }
        joins
            .await
            .expect("no panic")
            .expect("it was asked to stop");
        let took = began.elapsed();
        if !waited_for {
            assert!(took >= Duration::from_secs(1), "{took:?}");
            assert!(took < Duration::from_secs(5), "{took:?}");
            go_on.send(()).expect("somebody waits");
            asks.await.expect("no panic");
            handle.shutdown().await.expect("has stopped");
        }
        told(handle.snapshot().expect("can be read").as_of_seq);
        // That is an event of the tree, too.
        drop(handle);
        numbers.lock().expect("no panic").clear();
    }

    // A start that fails is answered behind the line that says why.
    let fails = ChildSpec::from_fn("fails", |_: TaskContext| async { Err("no") })
        .readiness(Readiness::Explicit);
    // The other one is stopped for it, and its task, which has gone by then, writes that line.
    let stops = obedient("stops", &Log::new(), Duration::ZERO);
    let spec = SupervisorSpec::root(vec![stops, fails]);
    let mut start = tokio::spawn(Supervisor::start(spec));
    blocks.notified().await;
    let early = tokio::time::timeout(Duration::from_millis(200), &mut start).await;
    assert!(early.is_err(), "answered before that has been told");
    go_on.send(()).expect("somebody waits");
    assert!(start.await.expect("no panic").is_err());
    let last = *numbers.lock().expect("no panic").last().expect("events");
    told(last);
}

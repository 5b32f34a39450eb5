//! `tracing` reads the journal: its order is the journal's, whatever a subscriber does.
//!
//! Alone in its process: the subscriber is global.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TreeRef};
use supervisor_tests::{Log, obedient};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

/// A subscriber that issues commands for every event, and notes their numbers.
struct Meddling {
    tree: Arc<OnceLock<TreeRef>>,
    numbers: Arc<Mutex<Vec<u64>>>,
    busy: AtomicBool,
}

impl Layer<Registry> for Meddling {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, Registry>) {
        #[derive(Default)]
        struct Number(Option<u64>, bool);

        impl tracing::field::Visit for Number {
            fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
                self.1 |= field.name() == "path" && value == "meddled";
            }

            fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
                if field.name() == "seq" {
                    self.0 = Some(value);
                }
            }

            fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn fmt::Debug) {}
        }

        if event.metadata().target() != "rust_supervisor::lifecycle" {
            return;
        }
        let mut number = Number::default();
        event.record(&mut number);
        self.numbers.lock().expect("no panic").extend(number.0);
        assert!(
            number.0 != Some(100),
            "a subscriber that panics takes nothing along"
        );
        // Every command is an event in turn: what its own lead to is let pass.
        if let Some(tree) = self.tree.get()
            && !number.1
            && !self.busy.swap(true, Ordering::Relaxed)
        {
            let _ = tree.snapshot();
            let mut pause = std::pin::pin!(tree.pause_child("meddled", "layer", "because"));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = pause.as_mut().poll(&mut cx);
            self.busy.store(false, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_subscriber_may_issue_commands_and_sees_events_in_the_order_of_the_journal() {
    let (tree, numbers) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(Vec::new())));
    let meddling = Meddling {
        tree: Arc::clone(&tree),
        numbers: Arc::clone(&numbers),
        busy: AtomicBool::new(false),
    };
    let subscriber = Registry::default().with(meddling);
    tracing::subscriber::set_global_default(subscriber).expect("the only one of this process");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("builds");
    runtime.block_on(async {
        let log = Log::new();
        let children = (0..4).map(|n| {
            let log = log.clone();
            ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
                let log = log.clone();
                async move {
                    if ctx.generation().value < 500 {
                        return Err("again");
                    }
                    log.write("done");
                    ctx.cancelled().await;
                    Ok(())
                }
            })
            .backoff(Backoff::none())
        });
        let meddled = obedient("meddled", &log, Duration::ZERO);
        let spec = SupervisorSpec::root(vec![meddled])
            .children(children)
            .intensity(UNLIMITED);
        let handle = Supervisor::start(spec).await.expect("starts");
        tree.set(handle.downgrade()).expect("once");
        log.wait_for("done", 4).await;
        handle.shutdown().await.expect("stops");
        let last = handle.snapshot().expect("can be read").as_of_seq;
        let numbers = numbers.lock().expect("no panic");
        let in_order: Vec<u64> = (1..=last).collect();
        assert_eq!(*numbers, in_order, "none missed, none out of order");
    });
}

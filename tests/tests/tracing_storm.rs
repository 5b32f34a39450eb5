//! A `tracing` subscriber that is slower than the tree: it holds up no child for good, and is told
//! how many events it was not given.
//!
//! Alone in its process: the subscriber is global.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

/// Takes its time for every event, and counts them.
#[derive(Clone, Default)]
struct Slow {
    told: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
}

#[derive(Default)]
struct Numbers {
    seq: u64,
    missed: u64,
}

impl tracing::field::Visit for Numbers {
    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        match field.name() {
            "seq" => self.seq = value,
            "missed" => self.missed = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

impl Layer<Registry> for Slow {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, Registry>) {
        if event.metadata().target() != "rust_supervisor::lifecycle" {
            return;
        }
        let mut numbers = Numbers::default();
        event.record(&mut numbers);
        let before = self.told.load(Ordering::SeqCst) + self.missed.load(Ordering::SeqCst);
        if numbers.missed > 0 {
            self.missed.fetch_add(numbers.missed, Ordering::SeqCst);
        } else {
            assert_eq!(numbers.seq, before + 1, "what was missed is told");
            self.told.fetch_add(1, Ordering::SeqCst);
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(100) {
            std::hint::spin_loop();
        }
        assert!(
            numbers.seq % 1_000 != 1,
            "one that panics is given the next event all the same"
        );
    }
}

#[test]
fn a_slow_subscriber_holds_up_no_child_for_good_and_is_told_what_it_misses() {
    let slow = Slow::default();
    let subscriber = Registry::default().with(slow.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the only one of this process");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("builds");
    runtime.block_on(async {
        let children = ["a", "b"].map(|name| {
            ChildSpec::from_fn(name, |_: TaskContext| async { Err::<(), _>("again") })
                .backoff(Backoff::none())
        });
        let spec = SupervisorSpec::root(children.into()).intensity(UNLIMITED);
        let handle = Supervisor::start(spec).await.expect("starts");
        let generation = |name: &str| {
            let child = handle.snapshot_of(name).expect("is there");
            child.generation.expect("was started")
        };
        let [a, b] = ["a", "b"].map(|name| handle.child(name).expect("is there"));
        // Once it cannot keep up any more.
        while generation("a") + generation("b") < 20_000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..5 {
            let before = ["a", "b"].map(generation);
            let on = async {
                while generation("a") == before[0] || generation("b") == before[1] {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let on = tokio::time::timeout(Duration::from_secs(5), on).await;
            on.expect("both are restarted");
        }
        for child in [a, b] {
            child.stop().await.expect("is stopped");
            let stopped = tokio::time::timeout(Duration::from_secs(5), child.stopped()).await;
            stopped.expect("in time").expect("not itself");
        }
        let report = handle.shutdown().await.expect("stops");
        assert!(report.stuck().next().is_none(), "{report}");
        let last = handle.snapshot().expect("can be read").as_of_seq;
        let (told, missed) = (&slow.told, &slow.missed);
        let all = async {
            while told.load(Ordering::SeqCst) + missed.load(Ordering::SeqCst) < last {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let all = tokio::time::timeout(Duration::from_secs(20), all).await;
        all.expect("everything is told, or counted");
        assert!(missed.load(Ordering::SeqCst) > 0, "it did not keep up");
    });
}

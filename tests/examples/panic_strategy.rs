//! A build with `panic = "abort"` is warned of once in a process, and no other is.
//!
//! Run by `.ci/run` in a profile that aborts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::{Supervisor, SupervisorSpec};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Counts warnings about the build.
struct Warnings(Arc<AtomicUsize>);

struct AboutAbort(bool);

impl Visit for AboutAbort {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        self.0 |= format!("{value:?}").contains("panic = \"abort\"");
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut about = AboutAbort(false);
        event.record(&mut about);
        if about.0 && *event.metadata().level() == Level::WARN {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let warnings = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Warnings(Arc::clone(&warnings)));
    tracing::subscriber::set_global_default(subscriber).expect("the first one");
    for _ in 0..2 {
        let handle = Supervisor::start(SupervisorSpec::root(Vec::new()))
            .await
            .expect("starts");
        handle.shutdown().await.expect("stops");
    }
    let expected = usize::from(cfg!(panic = "abort"));
    assert_eq!(warnings.load(Ordering::Relaxed), expected);
    println!("{expected} warnings, as it should be");
}

//! The one line that keeps the span of attempts out of what exports spans.
//!
//! Alone in its process: a subscriber of one thread may miss what other threads make known first.

use std::sync::{Arc, Mutex};

use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::Log;
use tracing::span;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// Stands for a layer that exports every span, as those of OpenTelemetry do.
#[derive(Clone, Default)]
struct Exporter(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Exporter {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let meta = attributes.metadata();
        let span = format!("{}::{}", meta.target(), meta.name());
        self.0.lock().expect("no panic").push(span);
    }
}

#[test]
fn one_line_keeps_the_span_of_attempts_out_of_an_exporter() {
    let (filtered, unfiltered) = (Exporter::default(), Exporter::default());
    let without_attempts = filter_fn(|meta| meta.target() != "rust_supervisor::attempt");
    let subscriber = Registry::default()
        .with(filtered.clone().with_filter(without_attempts))
        .with(unfiltered.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("builds");
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let log = Log::new();
            let seen = log.clone();
            let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
                let log = seen.clone();
                async move {
                    let _own = tracing::info_span!(target: "app", "request").entered();
                    log.write("works");
                    drop(ctx);
                }
            });
            let handle = Supervisor::start(SupervisorSpec::root(vec![child])).await;
            let handle = handle.expect("starts");
            log.wait_for("works", 1).await;
            handle.shutdown().await.expect("stops");
        });
    });
    let spans = |exporter: &Exporter| exporter.0.lock().expect("no panic").clone();
    assert_eq!(spans(&filtered), ["app::request"]);
    assert_eq!(
        spans(&unfiltered),
        ["rust_supervisor::attempt::attempt", "app::request"]
    );
}

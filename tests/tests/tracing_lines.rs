//! What one reads in the log: one line for each failure, and the child in every line of its code.
//!
//! Alone in its process: a subscriber of one thread may miss what other threads make known first.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use supervisor_tests::Log;
use tracing::span;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// Writes every event with the fields of the spans around it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").expect("text");
        } else {
            write!(self.0, " {}={value:?}", field.name()).expect("text");
        }
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        let span = ctx.span(id).expect("is new");
        span.extensions_mut().insert(fields.0);
    }

    fn on_event(&self, event: &tracing::Event<'_>, ctx: Context<'_, S>) {
        let meta = event.metadata();
        let mut line = Fields(format!("{} {} ", meta.level(), meta.target()));
        event.record(&mut line);
        for span in ctx.event_scope(event).into_iter().flatten() {
            let fields = span.extensions();
            let fields = fields.get::<String>().map_or("", String::as_str);
            write!(line.0, " [{}{fields}]", span.metadata().target()).expect("text");
        }
        self.0.lock().expect("no panic").push(line.0);
    }
}

#[test]
fn a_failure_is_one_line_and_the_code_of_a_child_logs_inside_its_attempt() {
    let lines = Lines::default();
    let subscriber = Registry::default().with(lines.clone());
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
                    tracing::info!(target: "app", "working");
                    if ctx.generation().value == 0 {
                        return Err(std::io::Error::other("no route"));
                    }
                    log.write("again");
                    ctx.cancelled().await;
                    Ok(())
                }
            })
            .backoff(Backoff::constant(Duration::from_secs(2)));
            let inner = ChildSpec::supervisor("inner", SupervisorSpec::root(vec![child]));
            let handle = Supervisor::start(SupervisorSpec::root(vec![inner]))
                .await
                .expect("starts");
            log.wait_for("again", 1).await;
            handle.shutdown().await.expect("stops");
        });
    });
    let lines = lines.0.lock().expect("no panic");
    let warnings: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("WARN"))
        .collect();
    let [failure] = warnings.as_slice() else {
        panic!("one failure is one line: {warnings:?}");
    };
    let begins = "WARN rust_supervisor::lifecycle `inner/child` error: no route; restarting in ";
    assert!(failure.starts_with(begins), "{failure}");
    assert!(
        failure.contains("(attempt 2)") && failure.contains("path=\"inner/child\""),
        "{failure}"
    );
    let own: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("INFO app"))
        .collect();
    assert_eq!(
        own,
        [
            "INFO app working [rust_supervisor::attempt child=child path=\"inner/child\" \
             generation=0 attempt=1]",
            "INFO app working [rust_supervisor::attempt child=child path=\"inner/child\" \
             generation=1 attempt=2]",
        ]
    );
}

//! What one reads in the log of limits that were exceeded, of what is stuck, and of giving up.
//!
//! Alone in its process: the subscriber is that of all threads.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::spec::policy::{Intensity, OnStuck, Readiness};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// Writes the level, the message and the path of every event of the library.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Text {
    message: String,
    path: String,
}

impl tracing::field::Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => write!(self.message, "{value:?}").expect("text"),
            "path" => write!(self.path, "{value:?}").expect("text"),
            _ => {}
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _ctx: Context<'_, S>) {
        if event.metadata().target() != "rust_supervisor::lifecycle" {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let level = event.metadata().level();
        let line = format!("{level} {} {}", text.path, text.message);
        self.0.lock().expect("no panic").push(line);
    }
}

impl Lines {
    /// The lines of a level, which begin so.
    fn of(&self, begin: &str) -> Vec<String> {
        let lines = self.0.lock().expect("no panic");
        let lines = lines.iter().filter(|line| line.starts_with(begin));
        lines.cloned().collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_is_a_warning_and_what_is_stuck_or_gave_up_an_error_with_the_reason() {
    let lines = Lines::default();
    let subscriber = Registry::default().with(lines.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the first one");
    let budget = Duration::from_millis(50);
    let slow = ChildSpec::from_fn("slow", |ctx: TaskContext| async move {
        if ctx.generation().value == 0 {
            std::future::pending::<()>().await;
        }
        ctx.cancelled().await;
    })
    .timeout(Duration::from_millis(200))
    .shutdown(budget);
    let stubborn = ChildSpec::from_fn("stubborn", |ctx: TaskContext| async move {
        ctx.mark_ready();
        ctx.cancelled().await;
        std::thread::sleep(Duration::from_secs(3));
    })
    .readiness(Readiness::Explicit)
    .shutdown(budget)
    .on_stuck(OnStuck::Escalate);
    let inner = SupervisorSpec::root(vec![slow, stubborn])
        .intensity(Intensity::new(50, Duration::from_secs(60)));
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("inner", inner)])
        .intensity(Intensity::new(0, Duration::from_secs(60)));
    let handle = Supervisor::start(spec).await.expect("starts");
    handle
        .stop_child("inner/stubborn", "test", "to see it stick")
        .await
        .expect("accepted");
    handle.join().await.expect_err("it gave up");
    let limits =
        lines.of("WARN \"inner/slow\" `inner/slow` timed out: it lasted longer than 200ms");
    // The limit, and the end with what was decided on it.
    assert!(limits.len() >= 2, "{lines:?}", lines = lines.of(""));
    assert!(
        limits[1].contains(", and was dropped; restarting in "),
        "{limits:?}"
    );
    let stuck = lines.of("ERROR \"inner/stubborn\"");
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    let text = "`inner/stubborn` is stuck and could not be ended: inside one poll for at least ";
    assert!(stuck[0].contains(text), "{stuck:?}");
    let gave_up = lines.of("ERROR \"inner\"");
    assert_eq!(gave_up.len(), 1, "{gave_up:?}");
    assert!(
        gave_up[0].contains("first cause: `inner/stubborn` could not be ended"),
        "{gave_up:?}"
    );
    let root = lines.of("ERROR \"/\"");
    assert_eq!(root.len(), 1, "{root:?}");
    assert!(
        root[0].contains("`/` gave up: more than 0 restarts in 60s"),
        "{root:?}"
    );
    assert!(
        root[0].contains("first cause: `inner/stubborn` could not be ended"),
        "{root:?}"
    );
}

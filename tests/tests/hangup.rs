//! SIGHUP: a tree that is run is given its file anew. Alone in their process, one after the other:
//! a signal is for all of it.

#![cfg(unix)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::spec::policy::Readiness;
use rust_supervisor::template::{Template, Templates};
use rust_supervisor::{ChildSpec, Supervisor, TaskContext};
use supervisor_tests::Log;
use tokio::sync::oneshot;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

/// What is said about the lifecycle of trees in this process.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    news: Condvar,
}

struct ToSaid;

struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").expect("text");
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for ToSaid {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let said = said();
        let mut lines = said.lines.lock().expect("no panic");
        lines.push(message.0);
        said.news.notify_all();
    }
}

fn said() -> &'static Said {
    static SAID: OnceLock<Said> = OnceLock::new();
    SAID.get_or_init(Said::default)
}

impl Said {
    /// Waits until this many lines have this in them; answers the last of those.
    fn find(&self, part: &str, times: usize) -> String {
        let begun = Instant::now();
        let mut lines = self.lines.lock().expect("no panic");
        loop {
            let mut found = lines.iter().filter(|line| line.contains(part));
            if let Some(line) = found.nth(times - 1) {
                return line.clone();
            }
            let patience = Duration::from_secs(60).saturating_sub(begun.elapsed());
            assert!(!patience.is_zero(), "nobody says `{part}`: {lines:#?}");
            lines = self.news.wait_timeout(lines, patience).expect("no panic").0;
        }
    }
}

/// A tree that is run from a file, until it is told to stop.
struct Service {
    log: Log,
    file: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    run: Option<std::thread::JoinHandle<bool>>,
    _alone: MutexGuard<'static, ()>,
}

#[derive(serde::Deserialize)]
struct Worker {
    #[serde(default)]
    x: i64,
    /// It is not gone before this is written.
    lingers: Option<String>,
}

fn templates(log: &Log) -> Templates {
    let (of_worker, of_silent) = (log.clone(), log.clone());
    let worker = Template::new("worker", move |arguments: Worker| {
        assert!(arguments.x != 13, "nobody can read 13");
        let log = of_worker.clone();
        ChildSpec::from_fn("worker", move |ctx: TaskContext| {
            let live = log.live(&format!("{}{}", ctx.path(), arguments.x));
            let (log, lingers) = (log.clone(), arguments.lingers.clone());
            async move {
                let _live = live;
                ctx.cancelled().await;
                if let Some(line) = lingers {
                    log.write("lingers");
                    log.wait_for(&line, 1).await;
                }
            }
        })
    });
    // It never says that it is ready.
    let silent = Template::new("silent", move |_: Worker| {
        let log = of_silent.clone();
        let silent = ChildSpec::from_fn("silent", move |ctx: TaskContext| {
            let live = log.live(ctx.path());
            async move {
                let _live = live;
                ctx.cancelled().await;
            }
        });
        silent
            .readiness(Readiness::Explicit)
            .ready_within(Duration::from_secs(3_600))
    });
    Templates::new([worker, silent])
}

impl Service {
    fn start(name: &str, text: &str) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());

        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let subscriber = Registry::default().with(ToSaid);
        // The first test of the process has set it for all.
        let _ = tracing::subscriber::set_global_default(subscriber);
        said().lines.lock().expect("no panic").clear();
        let file = std::env::temp_dir().join(format!("hangup-{name}-{}.yaml", std::process::id()));
        std::fs::write(&file, text).expect("written");
        let log = Log::new();
        let spec = TreeFile::load(&file).and_then(|file| file.tree(templates(&log)));
        let spec = spec.unwrap_or_else(|error| panic!("{error}"));
        let (stop, stopped) = oneshot::channel();
        let path = file.clone();
        let run = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let builder = Supervisor::builder(spec)
                .reload_on_hangup(path)
                .shutdown_when(async move { drop(stopped.await) });
            runtime.block_on(builder.run()).into_result().is_ok()
        });
        Self {
            log,
            file,
            stop: Some(stop),
            run: Some(run),
            _alone: alone,
        }
    }

    fn wait_for(&self, line: &str, times: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(self.log.wait_for(line, times));
    }

    /// Waits until both children run; the first polls of two tasks may interleave.
    fn is_up(&self) {
        self.wait_for("+a1", 1);
        self.wait_for("+b1", 1);
    }

    fn hang_up(&self, text: &str) {
        std::fs::write(&self.file, text).expect("written");
        let process = std::process::id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-HUP", &process])
            .status();
        assert!(sent.expect("there is kill").success());
    }

    fn stop(&mut self) {
        self.stop.take().expect("once").send(()).expect("it runs");
    }

    /// Whether it has ended well.
    fn ended(mut self) -> bool {
        let ended = self.run.take().expect("once").join().expect("no panic");
        std::fs::remove_file(&self.file).expect("removed");
        ended
    }
}

const TREE: &str = "
children:
  - { name: a, template: worker, args: { x: 1 } }
  - { name: b, template: worker, args: { x: 1 } }
";

#[test]
fn a_bad_file_changes_nothing_and_says_so_and_the_next_is_taken() {
    let mut service = Service::start("bad", TREE);
    service.is_up();
    service.log.take();
    for (place, bad) in [
        TREE.replace("name: b, template: worker", "name: b, template: wroker"),
        TREE.replace("x: 1 }", "x: one }"),
        "children: [".to_owned(),
        String::new(),
    ]
    .iter()
    .enumerate()
    {
        service.hang_up(bad);
        let line = said().find("not reloaded, nothing has changed: ", place + 1);
        assert!(line.contains(&service.file.display().to_string()), "{line}");
    }
    assert!(service.log.lines().is_empty(), "{:?}", service.log.lines());
    service.hang_up(&TREE.replacen("x: 1", "x: 2", 1));
    let line = said().find("reloaded from", 1);
    assert!(
        line.contains("! a restarts: its arguments are different"),
        "{line}"
    );
    service.wait_for("+a2", 1);
    assert_eq!(service.log.take(), ["-a1", "+a2"]);
    service.stop();
    assert!(service.ended());
}

#[test]
fn arguments_whose_reading_panics_end_nothing_and_the_next_file_is_taken() {
    let mut service = Service::start("panics", TREE);
    service.is_up();
    service.log.take();
    service.hang_up(&TREE.replacen("x: 1", "x: 13", 1));
    let line = said().find("not reloaded, nothing has changed: ", 1);
    assert!(line.contains("nobody can read 13"), "{line}");
    assert!(service.log.lines().is_empty(), "{:?}", service.log.lines());
    service.hang_up(&TREE.replacen("x: 1", "x: 2", 1));
    service.wait_for("+a2", 1);
    assert_eq!(service.log.take(), ["-a1", "+a2"]);
    service.stop();
    assert!(service.ended());
}

#[test]
fn the_next_file_does_not_wait_for_one_that_hangs() {
    let mut service = Service::start("hangs", TREE);
    service.is_up();
    let begun = Instant::now();
    // A supervisor that never comes up, and a child behind it.
    let hangs = format!(
        "{TREE}  - {{ name: g, first_start: retry, children: [{{ template: silent }}] }}
  - {{ name: z, template: worker }}\n"
    );
    service.hang_up(&hangs);
    service.wait_for("+g/silent", 1);
    service.hang_up(&TREE.replacen("x: 1", "x: 2", 1));
    service.wait_for("+a2", 1);
    said().find("reloaded from", 2);
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "it was waited for"
    );
    let lines = service.log.lines();
    assert!(!lines.contains(&"+z0".to_owned()), "{lines:?}");
    assert_eq!(service.log.most_alive(), 1);
    service.stop();
    assert!(service.ended());
}

#[test]
fn a_tree_that_hangs_in_its_start_is_mended() {
    let hangs = format!("{TREE}  - {{ name: c, template: silent }}\n");
    let mut service = Service::start("start", &hangs);
    service.wait_for("+c", 1);
    service.hang_up(TREE);
    said().find("reloaded from", 1);
    service.wait_for("-c", 1);
    said().find("`/` is ready", 1);
    service.stop();
    assert!(service.ended());
}

#[test]
fn a_file_that_comes_during_a_shutdown_starts_nothing_and_ends_nothing() {
    let text = TREE.replacen("x: 1", "x: 1, lingers: enough", 1);
    let mut service = Service::start("shutdown", &text);
    service.is_up();
    service.stop();
    service.wait_for("lingers", 1);
    service.log.take();
    service.hang_up(&text.replace("x: 1", "x: 2"));
    let line = said().find("not reloaded, nothing has changed: ", 1);
    assert!(line.contains("shut"), "{line}");
    service.log.write("enough");
    let log = service.log.clone();
    assert!(service.ended());
    assert_eq!(log.take(), ["enough", "-a1"]);
}

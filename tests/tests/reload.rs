//! A tree that runs is given another file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::reload::{ChangeKind, KeptAs, ReloadError, RestartCause};
use rust_supervisor::config::shape::TreeConfig;
use rust_supervisor::control::outcome::ChildControlOperation;
use rust_supervisor::template::{Template, Templates};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext, TreeRef,
    supervised, templates,
};
use tokio::sync::mpsc;

/// Live copies and all starts of the workers of one test, with their arguments.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<Inner>);

#[derive(Default)]
struct Inner {
    live: AtomicUsize,
    most: AtomicUsize,
    lines: Mutex<Vec<String>>,
}

struct Copy(Log, String);

impl Log {
    fn begin(&self, name: &str) -> Copy {
        let live = self.0.live.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(live, Ordering::SeqCst);
        self.0.lines.lock().unwrap().push(format!("+{name}"));
        Copy(self.clone(), name.to_owned())
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lines.lock().unwrap()).join(" ")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.0.0.live.fetch_sub(1, Ordering::SeqCst);
        self.0.0.lines.lock().unwrap().push(format!("-{}", self.1));
    }
}

#[derive(serde::Deserialize)]
struct Worker {
    #[serde(default)]
    x: i64,
    #[serde(default)]
    fails: bool,
}

fn worker(log: &Log) -> Template {
    let log = log.clone();
    Template::new("worker", move |arguments: Worker| {
        let log = log.clone();
        ChildSpec::from_fn("worker", move |ctx: TaskContext| {
            let copy = log.begin(&format!("{}{}", ctx.path(), arguments.x));
            async move {
                let _copy = copy;
                if arguments.fails {
                    return Err("it was told to fail".to_owned());
                }
                ctx.cancelled().await;
                Ok(())
            }
        })
    })
}

fn file(text: &str) -> TreeFile {
    TreeFile::yaml("tree.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

async fn started(log: &Log, text: &str) -> SupervisorHandle {
    let templates = Templates::new([worker(log)]);
    let spec = file(text)
        .tree(templates)
        .unwrap_or_else(|error| panic!("{error}"));
    let handle = Supervisor::start(spec).await.expect("starts");
    settle().await;
    handle
}

/// Lets every task that can run do so.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

const THREE: &str = "
children:
  - { name: a, template: worker, args: { x: 1 } }
  - { name: b, template: worker, args: { x: 1 }, after: [a] }
  - { name: c, template: worker, args: { x: 1 } }
";

#[tokio::test(start_paused = true)]
async fn a_number_is_exchanged_and_nothing_that_runs_is_touched() {
    let log = Log::default();
    let handle = started(&log, THREE).await;
    log.take();
    let new = file(&THREE.replace("name: c,", "name: c, shutdown: 77s, tags: [x],"));
    let plan = handle.plan_reload(&new).expect("sound");
    assert_eq!(plan.to_string(), "~ c shutdown: 5s -> 77s, tags: [] -> [x]");
    assert_eq!(log.take(), "", "a plan is only a plan");
    let done = handle
        .reload(&new, "operator", "longer")
        .await
        .expect("done");
    assert_eq!(done, plan);
    settle().await;
    assert_eq!(log.take(), "");
    assert!(handle.plan_reload(&new).expect("sound").is_empty());
}

#[tokio::test(start_paused = true)]
async fn new_arguments_reach_the_child_in_another_task_and_never_two_at_a_time() {
    let log = Log::default();
    let handle = started(&log, THREE).await;
    log.take();
    for x in 2..20 {
        let new = file(&THREE.replacen("x: 1", &format!("x: {x}"), 1));
        let done = handle.reload(&new, "operator", "more").await.expect("done");
        let cause = RestartCause::After {
            child: "a".to_owned(),
        };
        let restarted = done.of("b").eq([&ChangeKind::Restarted { cause }]);
        assert!(restarted, "{done}");
        settle().await;
        let before = x - 1;
        // Both are started in order; the first polls of two tasks may interleave.
        let lines = log.take();
        let ordered = [
            format!("-b1 -a{before} +a{x} +b1"),
            format!("-b1 -a{before} +b1 +a{x}"),
        ];
        assert!(ordered.contains(&lines), "{lines}");
        assert_eq!(log.0.live.load(Ordering::SeqCst), 3);
    }
    assert_eq!(log.0.most.load(Ordering::SeqCst), 3);
    let a = handle.snapshot_of("a").expect("is there");
    assert_eq!(a.generation, Some(18), "the path goes on counting");
    assert!(handle.shutdown().await.expect("ends").is_clean());
    assert_eq!(log.0.live.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn children_come_and_go_in_order_and_operators_are_not_undone() {
    let log = Log::default();
    let handle = started(&log, THREE).await;
    handle
        .pause_child("c", "operator", "noise")
        .await
        .expect("paused");
    let manifest = "{ name: extra, template: worker, args: { x: 9 } }";
    handle
        .add_child("/".into(), manifest, "operator", "more")
        .await
        .expect("added");
    settle().await;
    log.take();
    let new = file(
        "
children:
  - { name: d, template: worker, args: { x: 2 } }
  - { name: c, template: worker, args: { x: 5 } }
  - { name: g, children: [{ name: e, template: worker, args: { x: 3 } }] }
  - { name: a, template: worker, args: { x: 1 } }
",
    );
    let plan = handle.plan_reload(&new).expect("sound");
    let shown = plan.to_string();
    assert!(shown.contains("= c stays paused"), "{shown}");
    assert!(
        shown.contains("= extra stays: it was added at run time"),
        "{shown}"
    );
    assert!(plan.kept.iter().any(|kept| kept.what == KeptAs::Paused));
    handle
        .reload(&new, "operator", "rollout")
        .await
        .expect("done");
    settle().await;
    assert_eq!(log.take(), "-b1 +d2 +g/e3");
    let snapshot = handle.snapshot().expect("runs");
    let paths: Vec<&str> = snapshot.children.iter().map(|child| &*child.path).collect();
    assert_eq!(paths, ["d", "c", "g", "g/e", "a", "extra"]);
    let c = snapshot.child("c").expect("is there");
    assert_eq!(c.operation, ChildControlOperation::Paused);
    handle
        .resume_child("c", "operator", "quiet")
        .await
        .expect("resumed");
    settle().await;
    assert_eq!(log.take(), "+c5", "it has its new code");
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_comes_down_and_one_that_has_ended_take_no_file_and_say_so() {
    let log = Log::default();
    let text = "children:\n- { name: a, template: worker, args: { x: 1 } }\n";
    let other = file(&text.replace("x: 1", "x: 2"));
    let handle = started(&log, text).await;
    settle().await;
    log.take();
    let down = handle.shutdown_tree("operator", "enough");
    let reloaded = handle.reload(&other, "operator", "too late");
    let (down, reloaded) = tokio::join!(biased; down, reloaded);
    down.expect("it ends");
    let error = reloaded.expect_err("it comes down");
    assert!(matches!(error, ReloadError::ShuttingDown), "{error}");
    let plan = handle.plan_reload(&other).map(drop);
    let reloaded = handle.reload(&other, "operator", "far too late").await;
    for ended in [plan, reloaded.map(drop)] {
        let error = ended.expect_err("it has ended");
        let gone = matches!(error, ReloadError::Refused(SupervisorError::TreeGone));
        assert!(gone, "{error}");
    }
    assert_eq!(log.take(), "-a1");
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_nothing_has_changed() {
    let log = Log::default();
    let handle = started(&log, THREE).await;
    handle
        .add_child(
            "/".into(),
            "{ name: extra, template: worker }",
            "operator",
            "more",
        )
        .await
        .expect("added");
    settle().await;
    log.take();
    let before = handle.snapshot().expect("runs").children.len();
    let bad = file(&THREE.replace("x: 1 }, after: [a]", "x: 2 }, after: [z]"));
    let error = handle
        .reload(&bad, "operator", "typo")
        .await
        .expect_err("`z` is nobody");
    assert!(matches!(&error, ReloadError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("tree.yaml:4"), "{error}");
    let taken = file(&format!("{THREE}  - {{ name: extra, template: worker }}\n"));
    let error = handle
        .reload(&taken, "operator", "taken")
        .await
        .expect_err("it is taken");
    let path = "extra".to_owned();
    assert!(
        matches!(&error, ReloadError::Refused(SupervisorError::Taken { path: taken }) if *taken == path),
        "{error}"
    );
    let error = handle.reload(&taken, " ", "blank").await.expect_err("who?");
    assert!(
        matches!(
            &error,
            ReloadError::Refused(SupervisorError::InvalidTransition { .. })
        ),
        "{error}"
    );
    let pool = file("pool: true\n");
    assert!(matches!(
        handle.plan_reload(&pool),
        Err(ReloadError::Invalid(_))
    ));
    settle().await;
    assert_eq!(log.take(), "");
    assert_eq!(handle.snapshot().expect("runs").children.len(), before);
    // What holds is still the first file.
    assert!(handle.plan_reload(&file(THREE)).expect("sound").is_empty());
}

#[supervised]
async fn declared(ctx: TaskContext) {
    ctx.cancelled().await;
}

#[tokio::test]
async fn code_is_tuned_too_and_a_tree_without_a_file_says_what_to_do() {
    let base = || SupervisorSpec::root(vec![declared::spec()]).templates(templates![]);
    let handle = Supervisor::start(base()).await.expect("starts");
    let error = handle
        .plan_reload(&file("intensity: 1/1s"))
        .expect_err("no file");
    assert!(matches!(error, ReloadError::NotConfigured), "{error}");

    let empty = TreeConfig::default();
    let handle = Supervisor::start(empty.apply(base()).expect("sound"))
        .await
        .expect("starts");
    let new = file("overlay: [{ path: declared, critical: false, shutdown: 9s }]");
    let plan = handle.reload(&new, "operator", "tune").await.expect("done");
    assert_eq!(
        plan.to_string(),
        "~ declared shutdown: 5s -> 9s, critical: true -> false"
    );
    let snapshot = handle.snapshot_of("declared").expect("is there");
    assert_eq!(snapshot.generation, Some(0));
    let plan = handle
        .reload(&TreeFile::from(empty), "operator", "back")
        .await
        .expect("done");
    assert_eq!(
        plan.to_string(),
        "~ declared shutdown: 9s -> 5s, critical: false -> true"
    );
}

/// Waits for the next time that a child is told to be inside one poll for too long, or that it has
/// left it.
async fn next_stall(events: &mut rust_supervisor::event::stream::EventStream) -> &'static str {
    use rust_supervisor::event::kind::EventKind;
    use rust_supervisor::event::stream::Observed;

    loop {
        let event = events.next().await.expect("the tree lives");
        if let Observed::Event(event) = event {
            match event.kind {
                EventKind::Stalled { .. } => return "stalled",
                EventKind::Unstalled => return "unstalled",
                _ => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_is_watched_for_stalls_as_the_new_file_says() {
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let gone = std::sync::Arc::new(Mutex::new(gone));
    let asked = std::sync::Arc::new(tokio::sync::Notify::new());
    let to_block = std::sync::Arc::clone(&asked);
    let blocker = Template::new("blocker", move |_: Worker| {
        let (gone, asked) = (gone.clone(), to_block.clone());
        ChildSpec::from_fn("blocker", move |ctx: TaskContext| {
            let (gone, asked) = (gone.clone(), asked.clone());
            async move {
                while ctx.until_cancelled(asked.notified()).await.is_some() {
                    let held = gone.lock().expect("one attempt at a time");
                    let _ = held.recv_timeout(Duration::from_secs(20));
                }
            }
        })
    });
    let text = "children:\n  - { name: a, template: blocker }\n";
    let watched = text.replace("blocker }", "blocker, stall_after: 50ms }");
    let spec = file(text).tree(Templates::new([blocker]));
    let spec = spec.unwrap_or_else(|error| panic!("{error}"));
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut events = handle.events();
    let (watched, unwatched) = (file(&watched), file(text));
    let plan = handle.plan_reload(&watched).expect("sound");
    assert_eq!(plan.to_string(), "~ a stall_after: none -> 50ms");
    let reload = handle.reload(&watched, "operator", "watch");
    reload.await.expect("done");
    asked.notify_one();
    let stalled = tokio::time::timeout(Duration::from_secs(10), next_stall(&mut events)).await;
    assert_eq!(stalled.expect("is named"), "stalled");
    // A stall that has been told ends, whether or not another would be told.
    let reload = handle.reload(&unwatched, "operator", "watch no more");
    reload.await.expect("done");
    go.send(()).expect("held");
    assert_eq!(next_stall(&mut events).await, "unstalled");
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_of_the_moment_and_a_reload_plans_anew() {
    let log = Log::default();
    let handle = started(&log, THREE).await;
    let new = file(&THREE.replacen("x: 1", "x: 2", 1));
    let plan = handle.plan_reload(&new).expect("sound");
    assert!(plan.of("a").next().is_some() && plan.kept.is_empty());
    // Meanwhile, somebody else has made the change, and paused a child.
    handle.reload(&new, "other", "first").await.expect("done");
    handle
        .pause_child("c", "other", "noise")
        .await
        .expect("paused");
    settle().await;
    log.take();
    let done = handle.reload(&new, "operator", "late").await.expect("done");
    assert!(done.is_empty(), "{done}");
    assert_eq!(done.kept.len(), 1, "{done}");
    settle().await;
    assert_eq!(log.take(), "");
}

/// A child that gives its own tree each file that it is sent, and tells the answer.
fn reloader(
    files: mpsc::UnboundedReceiver<String>,
    said: mpsc::UnboundedSender<String>,
) -> Template {
    let files = std::sync::Arc::new(tokio::sync::Mutex::new(files));
    Template::new("reloader", move |_: Worker| {
        let (files, said) = (files.clone(), said.clone());
        ChildSpec::from_fn("reloader", move |ctx: TaskContext| {
            let (files, said) = (files.clone(), said.clone());
            async move {
                let mut files = files.lock().await;
                while let Some(Some(text)) = ctx.until_cancelled(files.recv()).await {
                    let tree = ctx.tree().expect("it runs");
                    let asked = tree.reload(&file(&text), "child", "itself").await;
                    let answer = asked.map_or_else(|no| no.to_string(), |plan| plan.to_string());
                    said.send(answer).expect("somebody listens");
                }
            }
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_child_may_reload_its_own_tree_unless_that_stops_it() {
    const BOTH: &str = "
children:
  - { name: a, template: worker, args: { x: 1 } }
  - { name: r, template: reloader, args: { x: 1 } }
";
    let log = Log::default();
    let (ask, asked) = mpsc::unbounded_channel();
    let (answer, mut answered) = mpsc::unbounded_channel();
    let templates = Templates::new([worker(&log), reloader(asked, answer)]);
    let spec = file(BOTH).tree(templates);
    let spec = spec.unwrap_or_else(|error| panic!("{error}"));
    let handle = Supervisor::start(spec).await.expect("starts");
    settle().await;
    for (text, says) in [
        // It goes on, and its sibling is restarted.
        (
            BOTH.replacen("x: 1", "x: 2", 1),
            "! a restarts: its arguments are different",
        ),
        // It is restarted, for its own arguments or after another; it is removed. Each would wait
        // for itself for ever.
        (
            BOTH.replace("reloader, args: { x: 1", "reloader, args: { x: 2"),
            "wait",
        ),
        (BOTH.replace("name: r,", "name: r, after: [a],"), "~ r"),
        (
            BOTH.replace("name: r,", "name: r, after: [a],")
                .replacen("x: 1", "x: 3", 1),
            "wait",
        ),
        ("strategy: one_for_all\nchildren: []".to_owned(), "wait"),
    ] {
        log.take();
        ask.send(text.clone()).expect("it listens");
        let said = tokio::time::timeout(Duration::from_secs(60), answered.recv()).await;
        let said = said.expect("no deadlock").expect("it lives");
        assert!(said.contains(says), "{text}: {said}");
        settle().await;
        let untouched = log.take().is_empty();
        assert_eq!(untouched, says == "wait", "{text}: {said}");
    }
    let r = handle.snapshot_of("r").expect("is there");
    assert_eq!(r.generation, Some(0), "it has never been stopped");
    // Somebody else may do all of that.
    let none = file("strategy: one_for_all\nchildren: []");
    handle
        .reload(&none, "operator", "no more")
        .await
        .expect("done");
    assert!(handle.snapshot().expect("runs").children.is_empty());
}

/// An argument whose reading and whose end ask the tree: neither is inside of its lock.
struct Curious;

static CURIOUS: OnceLock<TreeRef> = OnceLock::new();
static LOOKED: AtomicUsize = AtomicUsize::new(0);

fn look() {
    if let Some(tree) = CURIOUS.get() {
        // Under the lock this would wait for itself.
        drop(tree.snapshot());
        LOOKED.fetch_add(1, Ordering::SeqCst);
    }
}

impl<'de> serde::Deserialize<'de> for Curious {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        look();
        i64::deserialize(deserializer)?;
        Ok(Self)
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        look();
    }
}

#[derive(serde::Deserialize)]
struct Curiosity {
    #[allow(dead_code, reason = "it is read and dropped")]
    x: Curious,
}

#[test]
fn reading_and_dropping_arguments_may_ask_the_tree() {
    let curious = Template::new("curious", |arguments: Curiosity| {
        let arguments = std::sync::Arc::new(arguments);
        ChildSpec::from_fn("curious", move |ctx: TaskContext| {
            let arguments = std::sync::Arc::clone(&arguments);
            async move {
                let _held = arguments;
                ctx.cancelled().await;
            }
        })
    });
    let (done, waited) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let text = |x: i64| {
                format!("children: [{{ name: a, template: curious, args: {{ x: {x} }} }}]")
            };
            let spec = file(&text(0)).tree(Templates::new([curious]));
            let spec = spec.unwrap_or_else(|error| panic!("{error}"));
            let handle = Supervisor::start(spec).await.expect("starts");
            assert!(CURIOUS.set(handle.downgrade()).is_ok());
            for x in 1..20 {
                let new = file(&text(x));
                handle.reload(&new, "operator", "more").await.expect("done");
            }
            // Refused under way, and dropped.
            let refused = file(&format!("{}\npool: true", text(99)));
            assert!(handle.reload(&refused, "operator", "no").await.is_err());
            let none = file("children: []");
            handle
                .reload(&none, "operator", "none")
                .await
                .expect("done");
            handle.shutdown().await.expect("ends");
        });
        done.send(()).expect("somebody waits");
    });
    let ended = waited.recv_timeout(Duration::from_secs(60));
    ended.expect("no deadlock, and no panic");
    thread.join().expect("no panic");
    assert!(LOOKED.load(Ordering::SeqCst) > 40);
}

//! A tree that runs is given another file.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::reload::{ChangeKind, KeptAs, ReloadError, RestartCause};
use rust_supervisor::config::shape::TreeConfig;
use rust_supervisor::control::outcome::ChildControlOperation;
use rust_supervisor::template::{Template, Templates};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
    supervised, templates,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_reloads_in_a_crash_storm_come_to_a_fresh_start_of_the_last_file() {
    let log = Log::default();
    let mut random = Random(0x5eed);
    let first = random.tree();
    let templates = Templates::new([worker(&log)]);
    let spec = file(&first).tree(templates.clone()).expect("sound");
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut last = first;
    for round in 0..100 {
        let text = random.tree();
        let new = file(&text);
        let done = handle.reload(&new, "storm", "another").await;
        done.unwrap_or_else(|error| panic!("{round}: {error}\n{text}"));
        last = text;
        if round % 3 == 0 {
            tokio::time::sleep(Duration::from_millis(u64::from(random.below(5)))).await;
        }
        let snapshot = handle.snapshot().expect("runs");
        let declared = snapshot.children.len();
        let live = log.0.live.load(Ordering::SeqCst);
        assert!(
            live <= declared,
            "{live} copies of {declared} children\n{snapshot}"
        );
    }
    let fresh = file(&last).tree(templates).expect("sound");
    let fresh = Supervisor::start(fresh).await.expect("starts");
    let paths = |handle: &SupervisorHandle| -> Vec<String> {
        let snapshot = handle.snapshot().expect("runs");
        snapshot
            .children
            .iter()
            .map(|child| child.path.to_string())
            .collect()
    };
    assert_eq!(paths(&handle), paths(&fresh));
    assert!(handle.plan_reload(&file(&last)).expect("sound").is_empty());
    for handle in [handle, fresh] {
        // Some fail while they are asked to stop; none is left.
        handle.shutdown().await.expect("ends");
    }
    assert_eq!(log.0.live.load(Ordering::SeqCst), 0);
}

/// Random trees of a few names, some of whose workers do nothing but fail.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).expect("small")
    }

    fn tree(&mut self) -> String {
        let strategies = ["one_for_one", "one_for_all", "rest_for_one", "dependents"];
        let strategy = strategies[self.below(4) as usize];
        let mut text = format!("strategy: {strategy}\nintensity: 1000000/1s\nchildren:\n");
        let mut before: Vec<String> = Vec::new();
        for name in ["a", "b", "c", "d", "e"] {
            if self.below(4) == 0 {
                continue;
            }
            let after = before.last().filter(|_| self.below(3) == 0);
            let after = after.map_or_else(String::new, |on| format!(", after: [{on}]"));
            if self.below(5) == 0 {
                let x = self.below(2);
                writeln!(
                    text,
                    "  - {{ name: {name}, children: [{{ name: w, template: worker, args: {{ x: {x} }} }}]{after} }}"
                )
                .expect("text");
            } else {
                let (x, fails) = (self.below(2), self.below(4) == 0);
                writeln!(
                    text,
                    "  - {{ name: {name}, template: worker, args: {{ x: {x}, fails: {fails} }}, \
                     backoff: 1ms..2ms, restart: permanent{after} }}"
                )
                .expect("text");
            }
            before.push(name.to_owned());
        }
        if before.is_empty() {
            text += "  []\n";
        }
        text
    }
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

//! A child in every state that it can be in, at the path `child` or `inner/child`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::id::types::SupervisorPath;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Readiness, RestartPolicy, Shutdown};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext, TaskResult, supervised,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const HOUR: Duration = Duration::from_secs(3_600);

/// A tree with a child in one state.
pub(crate) struct Scene {
    pub(crate) handle: SupervisorHandle,
    pub(crate) log: Log,
    /// Lets go of what blocks a thread.
    pub(crate) let_go: Arc<AtomicBool>,
}

/// One state, by name, and how to get a child into it.
pub(crate) struct State {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) is: ChildState,
    make: fn(Scene) -> Pin<Box<dyn Future<Output = Scene>>>,
}

impl State {
    /// A fresh tree with a child in this state.
    pub(crate) async fn scene(&self) -> Scene {
        let handle = Supervisor::start(SupervisorSpec::root(Vec::new()))
            .await
            .expect("starts");
        let scene = Scene {
            handle,
            log: Log::new(),
            let_go: Arc::default(),
        };
        (self.make)(scene).await
    }
}

macro_rules! state {
    ($name:literal, $path:literal, $state:ident, |$scene:ident| $make:expr) => {
        State {
            name: $name,
            path: $path,
            is: ChildState::$state,
            make: |$scene| {
                Box::pin(async move {
                    $make;
                    $scene
                })
            },
        }
    };
}

/// All states, in the order of the table.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all() -> Vec<State> {
    vec![
        state!("not started", "inner/child", NotStarted, |scene| {
            let inner = vec![coy("slow"), scene.child()];
            scene.start_adding(ChildSpec::supervisor("inner", SupervisorSpec::root(inner)));
            scene.reach("inner/slow", ChildState::Starting).await;
        }),
        state!("waiting", "inner/child", Waiting, |scene| {
            let inner = vec![scene.named("first"), scene.child().after(["first"])];
            scene
                .add(ChildSpec::supervisor("inner", SupervisorSpec::root(inner)))
                .await;
            for child in ["inner/first", "inner/child"] {
                scene
                    .handle
                    .stop_child(child, "test", "state")
                    .await
                    .expect("stops");
                scene.handle.stopped(child).await.expect("is down");
            }
            scene
                .handle
                .resume_child("child", "test", "state")
                .await
                .expect("resumes");
        }),
        state!("starting", "child", Starting, |scene| {
            scene.start_adding(coy("child"));
            scene.reach("child", ChildState::Starting).await;
        }),
        state!("running", "child", Running, |scene| {
            scene.add(scene.child()).await;
        }),
        state!("running, has said it is ready", "child", Running, |scene| {
            scene
                .add(scene.child().readiness(Readiness::Explicit))
                .await;
        }),
        state!("exited", "child", Exited, |scene| {
            let fail = Arc::new(Notify::new());
            scene.add(fragile("child", &scene.log, &fail)).await;
            scene.log.wait_for("+child", 1).await;
            // Its supervisor has something else to do.
            scene.start_adding(coy("slow"));
            scene.reach("slow", ChildState::Starting).await;
            fail.notify_one();
            scene.log.wait_for("-child", 1).await;
            scene.reach("child", ChildState::Exited).await;
        }),
        state!("exited, and has done its work", "child", Exited, |scene| {
            let done = Arc::new(Notify::new());
            let end = Arc::clone(&done);
            let work = move |_ctx: TaskContext| {
                let end = Arc::clone(&end);
                async move { end.notified().await }
            };
            scene.add(ChildSpec::from_fn("child", work)).await;
            scene.start_adding(coy("slow"));
            scene.reach("slow", ChildState::Starting).await;
            done.notify_one();
            scene.reach("child", ChildState::Exited).await;
        }),
        state!("in back-off", "child", Backoff, |scene| {
            scene
                .add(crashing(&scene.log, Backoff::constant(HOUR)))
                .await;
            scene.reach("child", ChildState::Backoff).await;
        }),
        state!(
            "due, while its supervisor is busy",
            "child",
            Backoff,
            |scene| {
                let pause = Duration::from_millis(10);
                scene
                    .add(crashing(&scene.log, Backoff::constant(pause)))
                    .await;
                scene.reach("child", ChildState::Backoff).await;
                scene.start_adding(coy("slow"));
                scene.reach("slow", ChildState::Starting).await;
                tokio::time::sleep(pause).await;
            }
        ),
        state!("stopping", "child", Stopping, |scene| {
            scene.add(scene.reluctant()).await;
            scene.log.wait_for("+child", 1).await;
            scene
                .handle
                .stop_child("child", "test", "state")
                .await
                .expect("stops");
        }),
        state!(
            "stopping, as the tree shuts down",
            "child",
            Stopping,
            |scene| {
                scene.add(scene.reluctant()).await;
                scene.log.wait_for("+child", 1).await;
                scene.handle.request_shutdown();
            }
        ),
        state!("aborting", "child", Aborting, |scene| {
            scene.add(scene.child()).await;
            scene.log.wait_for("+child", 1).await;
            scene
                .handle
                .kill_child("child", "test", "state")
                .await
                .expect("kills");
        }),
        state!("stuck", "child", Stuck, |scene| {
            let deaf = deaf::spec(scene.log.clone(), Arc::clone(&scene.let_go));
            scene.add(deaf.named("child")).await;
            // The clock stands still while a thread of the pool is occupied.
            while scene.log.count("+child") == 0 {
                tokio::task::yield_now().await;
            }
            scene
                .handle
                .stop_child("child", "test", "state")
                .await
                .expect("stops");
            while scene.state_of("child") != ChildState::Stuck {
                tokio::time::advance(Duration::from_millis(100)).await;
                tokio::task::yield_now().await;
            }
        }),
        state!("stopped", "child", Stopped, |scene| {
            scene.add(scene.child()).await;
            scene
                .handle
                .stop_child("child", "test", "state")
                .await
                .expect("stops");
            scene.handle.stopped("child").await.expect("is down");
        }),
        state!("paused", "child", Stopped, |scene| {
            scene.add(scene.child()).await;
            scene
                .handle
                .pause_child("child", "test", "state")
                .await
                .expect("pauses");
            scene.handle.stopped("child").await.expect("is down");
        }),
        state!("quarantined", "child", Stopped, |scene| {
            scene.add(scene.child()).await;
            scene
                .handle
                .quarantine_child("child", "test", "state")
                .await
                .expect("stops");
            scene.handle.stopped("child").await.expect("is down");
        }),
        state!("finished", "child", Finished, |scene| {
            scene
                .add(ChildSpec::from_fn("child", |_: TaskContext| async {}))
                .await;
            scene.reach("child", ChildState::Finished).await;
        }),
        state!("failed", "child", Failed, |scene| {
            let inner = SupervisorSpec::root(vec![crashing(&scene.log, Backoff::none())])
                .intensity(Intensity::new(0, HOUR));
            let inner = ChildSpec::supervisor("child", inner);
            scene.start_adding(inner.restart(RestartPolicy::Transient));
            scene.reach("child", ChildState::Failed).await;
        }),
        state!("ignored", "child", Ignored, |scene| {
            let shy = ChildSpec::from_fn("child", |_: TaskContext| async { TaskResult::Ignored });
            scene.add(shy.readiness(Readiness::Explicit)).await;
        }),
        state!("declared", "child", Declared, |scene| {
            let (root, manifest) = (SupervisorPath::root(), "name: child\n");
            let added = scene
                .handle
                .add_child(root, manifest, "test", "state")
                .await;
            added.expect("added");
        }),
        state!("removed", "child", Removed, |scene| {
            scene.add(scene.child()).await;
            let child = scene.handle.child("child").expect("known");
            child.remove().await.expect("removes");
            child.stopped().await.expect("is down");
        }),
    ]
}

impl Scene {
    fn child(&self) -> ChildSpec {
        self.named("child")
    }

    fn named(&self, name: &'static str) -> ChildSpec {
        obedient(name, &self.log, Duration::ZERO)
    }

    /// Hears that it is to stop, and takes its time.
    fn reluctant(&self) -> ChildSpec {
        obedient("child", &self.log, HOUR).shutdown(Shutdown::Within(2 * HOUR))
    }

    async fn add(&self, child: ChildSpec) {
        self.handle.start_child("/", child).await.expect("added");
    }

    /// Adds a child without waiting until it has started.
    fn start_adding(&self, child: ChildSpec) {
        let tree = self.handle.downgrade();
        drop(tokio::spawn(
            async move { tree.start_child("/", child).await },
        ));
    }

    /// What the child is doing; removed, if there is none.
    pub(crate) fn state_of(&self, path: &str) -> ChildState {
        let child = self.handle.snapshot_of(path);
        child.map_or(ChildState::Removed, |child| child.state)
    }

    /// Waits for a state, without letting the clock go on.
    async fn reach(&self, path: &str, state: ChildState) {
        for _ in 0..1_000 {
            if self.state_of(path) == state {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("`{path}` is {}, not {state}", self.state_of(path));
    }
}

/// A child that never says that it is ready.
fn coy(name: &'static str) -> ChildSpec {
    ChildSpec::from_fn(
        name,
        |ctx: TaskContext| async move { ctx.cancelled().await },
    )
    .readiness(Readiness::Explicit)
    .ready_within(HOUR)
}

/// Fails as soon as it has started.
fn crashing(log: &Log, backoff: Backoff) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn("child", move |_: TaskContext| {
        let log = log.clone();
        async move {
            let _live = log.live("child");
            Err("fails")
        }
    })
    .backoff(backoff)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the form says how it survives a restart"
)]
/// Does not look whether it is to stop.
#[supervised(blocking, shutdown = "abort")]
fn deaf(log: Log, let_go: Arc<AtomicBool>) {
    let _live = log.live("child");
    while !let_go.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

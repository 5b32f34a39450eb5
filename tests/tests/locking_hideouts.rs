//! Code of users never runs under the tree's lock, wherever it hides: each place here queries and
//! commands the tree. Under the lock that is a deadlock, and in debug builds a failed assertion.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, RestartPolicy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorSpec, TaskContext, TreeRef, supervised, supervisor_tree,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const UNLIMITED: Intensity = Intensity::new(u32::MAX, Duration::from_secs(1));

/// Queries and commands the tree, once it knows it.
#[derive(Clone, Default)]
struct Caller {
    tree: Arc<OnceLock<TreeRef>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Caller {
    fn call(&self, from: &'static str) {
        let Some(tree) = self.tree.get() else { return };
        self.calls.lock().expect("sound").push(from);
        let _ = tree.snapshot();
        let _ = tree.is_ready();
        // It has no effect, and takes the way of every command.
        let mut stop = pin!(tree.stop_child("nobody", "test", "it is called"));
        let _ = stop.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    fn knows(&self, tree: TreeRef) {
        assert!(self.tree.set(tree).is_ok(), "once");
    }

    fn count(&self, from: &str) -> usize {
        let calls = self.calls.lock().expect("sound");
        calls.iter().filter(|call| **call == from).count()
    }

    async fn until(&self, from: &str, times: usize) {
        let called = async {
            while self.count(from) < times {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), called).await;
        assert!(
            waited.is_ok(),
            "{} of {times} from {from}",
            self.count(from)
        );
    }
}

/// Calls the tree when it is cloned, shown, asked for its source, and dropped.
struct Calls(Caller, &'static str);

impl Clone for Calls {
    fn clone(&self) -> Self {
        self.0.call("clone");
        Self(self.0.clone(), self.1)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.call("debug");
        f.write_str("Calls")
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.call("display");
        f.write_str("calls")
    }
}

impl Error for Calls {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.call("source");
        None
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.0.call(self.1);
    }
}

/// Every form of parameter, and an error.
#[supervised(backoff = "none")]
async fn every_form(
    ctx: TaskContext,
    cloned: Calls,
    _shared: &Calls,
    _lent: &mut Calls,
    rounds: &AtomicUsize,
) -> Result<(), Calls> {
    if rounds.fetch_add(1, Ordering::SeqCst) < 20 {
        return Err(Calls(cloned.0.clone(), "error"));
    }
    ctx.cancelled().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_of_arguments_errors_and_all_that_a_child_owns() {
    let caller = Caller::default();
    let value = |place| Calls(caller.clone(), place);
    let tree = supervisor_tree! {
        intensity = "1000/1s",
        every_form(value("cloned"), value("shared"), value("lent"), AtomicUsize::new(0)),
    };
    // It is told when the first clones have been made, or soon after.
    let handle = Supervisor::start(tree).await.expect("starts");
    caller.knows(handle.downgrade());
    handle
        .restart_child("every_form", "test", "clone again")
        .await
        .expect("restarts");
    caller.until("clone", 1).await;
    // Whoever shows the tree, shows the error.
    let shown = |handle: &rust_supervisor::SupervisorHandle| {
        let snapshot = handle.snapshot().expect("runs");
        let _ = format!(
            "{snapshot} {snapshot:?} {}",
            serde_json::to_string(&snapshot).is_ok()
        );
        let why = handle.why("every_form").expect("is there");
        let _ = format!("{why} {why:?}");
    };
    while handle
        .snapshot_of("every_form")
        .expect("is there")
        .generation
        < Some(20)
    {
        tokio::task::yield_now().await;
    }
    shown(&handle);
    for from in ["display", "source", "debug"] {
        assert!(caller.count(from) > 0, "{from}");
    }
    handle.shutdown().await.expect("stops");
    handle.join().await.expect("ended");
    for from in ["cloned", "shared", "lent"] {
        caller.until(from, 1).await;
    }
    // Errors go when the journal and the history do.
    shown(&handle);
    drop(handle);
}

/// A waker of another executor, which calls the tree in everything that a waker does.
fn calling_waker(caller: &Caller) -> Waker {
    struct Inner(Caller);

    impl Wake for Inner {
        fn wake(self: Arc<Self>) {
            self.0.call("wake");
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.0.call("wake");
        }
    }

    impl Drop for Inner {
        fn drop(&mut self) {
            self.0.call("waker dropped");
        }
    }

    Waker::from(Arc::new(Inner(caller.clone())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wakers_of_whoever_waits_for_something() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let caller = Caller::default();
    let token: Arc<OnceLock<tokio_util::sync::CancellationToken>> = Arc::default();
    let gives = Arc::clone(&token);
    let holds = ChildSpec::from_fn("holds", move |ctx: TaskContext| {
        let _ = gives.set(ctx.cancellation_token());
        async move { ctx.cancelled().await }
    });
    let spec =
        SupervisorSpec::root(vec![fragile("fragile", &log, &fail), holds]).intensity(UNLIMITED);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+fragile", 1).await;
    while token.get().is_none() {
        tokio::task::yield_now().await;
    }
    caller.knows(handle.downgrade());
    let child = handle.child("fragile").expect("is there");
    // Each is polled twice, so that a waker is replaced, and then left to be woken.
    let mut events = handle.events_after(u64::MAX / 2);
    let mut waits: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
    let joins = handle.downgrade();
    waits.push(Box::pin(async move { drop(joins.join().await) }));
    waits.push(Box::pin(async move { drop(events.next().await) }));
    let stops = child.clone();
    waits.push(Box::pin(async move { drop(stops.stopped().await) }));
    let cancelled = token.get().expect("given").clone();
    waits.push(Box::pin(async move { cancelled.cancelled().await }));
    for wait in &mut waits {
        for _ in 0..2 {
            let waker = calling_waker(&caller);
            let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
        }
    }
    assert!(caller.count("waker dropped") > 0, "replaced");
    fail.notify_one();
    log.wait_for("+fragile", 2).await;
    handle.shutdown().await.expect("stops");
    caller.until("wake", waits.len() - 1).await;
    drop(waits);
}

/// Spawns when it is dropped.
struct Late((TaskContext, Calls));

impl Drop for Late {
    fn drop(&mut self) {
        let value = Calls(self.0.1.0.clone(), "spawned in drop");
        self.0.0.spawn(async move { drop(value) });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sub_tasks_own_return_and_fail_with() {
    let caller = Caller::default();
    let own = caller.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let caller = own.clone();
        async move {
            let generation = ctx.generation().value;
            let value = |place| Calls(caller.clone(), place);
            let held = value("future of a sub-task");
            let listens = ctx.clone();
            ctx.spawn(async move {
                let _held = held;
                listens.cancelled().await;
            });
            let returned = value("output of a sub-task");
            // Nobody waits for it.
            ctx.spawn(async move { Ok::<_, std::convert::Infallible>(returned) });
            let captured = value("closure of a sub-task");
            let done = ctx.spawn_blocking(move || drop(captured)).await;
            assert_eq!(done, Ok(()));
            if generation < 20 {
                let error = value("error of a sub-task");
                let further = value("error of a sub-task");
                ctx.spawn(async move { Err::<(), _>(error) });
                ctx.spawn(async move { Err::<(), _>(further) });
            }
            ctx.cancelled().await;
            // Refused, when the body has ended.
            let late = (ctx.clone(), value("refused"));
            drop(Late(late));
        }
    })
    .restart(RestartPolicy::Permanent)
    .backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![child]).intensity(UNLIMITED);
    let handle = Supervisor::start(spec).await.expect("starts");
    caller.knows(handle.downgrade());
    while handle.snapshot_of("child").expect("is there").generation < Some(20) {
        tokio::task::yield_now().await;
    }
    handle.shutdown().await.expect("stops");
    for from in [
        "future of a sub-task",
        "output of a sub-task",
        "closure of a sub-task",
        "error of a sub-task",
        "refused",
        "spawned in drop",
    ] {
        caller.until(from, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closures_that_choose_events_and_children_on_threads_of_their_own() {
    let (log, caller) = (Log::new(), Caller::default());
    let held = Calls(caller.clone(), "factory of a local child");
    let (in_future, runs) = (caller.clone(), log.clone());
    let local = ChildSpec::local("local", move |ctx: TaskContext| {
        let _ = &held;
        runs.write("runs");
        let live = Calls(in_future.clone(), "future of a local child");
        async move {
            let _live = live;
            ctx.cancelled().await;
        }
    });
    let spec = SupervisorSpec::root(vec![obedient("a", &log, Duration::ZERO), local]);
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+a", 1).await;
    log.wait_for("runs", 1).await;
    caller.knows(handle.downgrade());
    let chooser = caller.clone();
    let mut events = handle.events_after(0).only(move |_| {
        chooser.call("filter");
        false
    });
    let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
    handle.shutdown().await.expect("stops");
    reader.await.expect("no panic");
    for from in [
        "filter",
        "factory of a local child",
        "future of a local child",
    ] {
        caller.until(from, 1).await;
    }
}

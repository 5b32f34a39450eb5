//! Children whose futures are not `Send`: a thread of their own, with a runtime of its own.
//!
//! The thread is made at the first start, lives across attempts, and ends when no attempt will be
//! wanted any more. Where there is none to be had, the attempt has failed, and the next one asks
//! again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::LocalSet;

use super::driver::{Driver, DriverGuard};
use super::sync::{Mutex, lock};
use crate::error::types::ServeError;
use crate::panics::{drop_quietly, quietly};
use crate::task::outcome::TaskError;

/// The code of a child, on its way to a thread.
struct Local<L> {
    run: L,
    driver: Driver,
    guard: DriverGuard,
    /// There once it has waited for its thread.
    relay: Option<Arc<Relay>>,
}

/// Wakes whoever has the driver now: its slot keeps the first waker that it is given, and a child
/// that comes late to its thread has waited elsewhere.
#[derive(Debug, Default)]
struct Relay(Mutex<Option<Waker>>);

impl Relay {
    /// From here on it wakes this one; what is wanted is read afterwards.
    fn lead_to(&self, waker: &Waker) {
        let mut known = lock(&self.0);
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        let known = lock(&self.0).clone();
        if let Some(waker) = known {
            waker.wake();
        }
    }
}

/// Drives a child on a thread of its own, for as long as it is wanted.
pub(crate) fn launch<L, Fut>(run: L, mut driver: Driver, on: &Handle)
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    driver.leave_runtime();
    let guard = driver.guard();
    let local = Local {
        run,
        driver,
        guard,
        relay: None,
    };
    if let Err((local, error)) = begin(local) {
        drop(on.spawn(try_again(local, error)));
    }
}

/// Tells that the attempt cannot be made, and waits for the next one.
async fn try_again<L, Fut>(mut local: Local<L>, error: ServeError)
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let relay = Arc::new(Relay::default());
    let waker = Waker::from(Arc::clone(&relay));
    local.relay = Some(Arc::clone(&relay));
    let mut error = Some(error);
    loop {
        if let Some(error) = error.take() {
            local.driver.refuse(TaskError::from(error));
        }
        let wanted = poll_fn(|cx| {
            relay.lead_to(cx.waker());
            let polled = local.driver.poll_wanted(&Context::from_waker(&waker));
            polled.map(|wanted| wanted.is_some())
        });
        if !wanted.await {
            return;
        }
        match begin(local) {
            Ok(()) => return,
            Err((back, why)) => (local, error) = (back, Some(why)),
        }
    }
}

/// Moves the child to a new thread; it comes back if there is none.
fn begin<L, Fut>(local: Local<L>) -> Result<(), (Local<L>, ServeError)>
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Err((local, ServeError::NoRuntime(error))),
    };
    let name = local.driver.child_name().to_owned();
    // What a thread is given is lost when there is no thread.
    let kept = Arc::new(Mutex::new(Some((local, runtime))));
    let given = Arc::clone(&kept);
    let thread = thread::Builder::new().name(name);
    #[cfg(test)]
    let thread = tests::or_none(thread);
    let spawned = thread.spawn(move || {
        let given = lock(&given).take();
        if let Some((local, runtime)) = given {
            local.drive(runtime);
        }
    });
    let Err(error) = spawned else {
        // The thread ends by itself, and the guard tells of it.
        return Ok(());
    };
    let kept = lock(&kept).take();
    let (local, runtime) = kept.expect("no thread has taken it");
    // The present thread may be one that must not wait.
    runtime.shutdown_background();
    Err((local, ServeError::NoThread(error)))
}

impl<L, Fut> Local<L>
where
    L: FnOnce(Driver) -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    fn drive(self, runtime: Runtime) {
        let Self {
            run,
            driver,
            guard,
            relay,
        } = self;
        let set = LocalSet::new();
        // The driver catches what its attempts do; what they had been lent may still panic when it
        // is dropped.
        let run = async move {
            let mut run = pin!(run(driver));
            let relayed = poll_fn(|cx| {
                if let Some(relay) = &relay {
                    relay.lead_to(cx.waker());
                }
                run.as_mut().poll(cx)
            });
            relayed.await;
        };
        quietly(|| set.block_on(&runtime, run));
        drop_quietly(set);
        // Whoever has spawned something past the context does not hold up the end of the tree.
        runtime.shutdown_background();
        drop(guard);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use crate::spec::backoff::Backoff;
    use crate::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};

    use super::*;

    /// How many threads the operating system refuses.
    static REFUSED: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn or_none(thread: thread::Builder) -> thread::Builder {
        let less = |refused: usize| refused.checked_sub(1);
        match REFUSED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => thread.stack_size(usize::MAX / 2),
            Err(_) => thread,
        }
    }

    /// They share what is refused.
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_child_that_came_late_to_its_thread_is_started_again_and_dropped_there() {
        let _alone = ONE_AT_A_TIME.lock().await;
        REFUSED.store(1, Ordering::SeqCst);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let child = ChildSpec::local("child", move |ctx: TaskContext| {
            let tell = tell.clone();
            async move {
                let generation = ctx.generation().value;
                tell.send(generation).expect("waited for");
                if generation < 4 {
                    return Err("again");
                }
                std::future::pending().await
            }
        })
        .backoff(Backoff::constant(Duration::from_millis(1)))
        .shutdown(Duration::ZERO);
        let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
            .await
            .expect("starts");
        for generation in 1..=4 {
            let next = tokio::time::timeout(Duration::from_secs(10), told.recv());
            assert_eq!(next.await.expect("it is started again"), Some(generation));
        }
        let report = handle.shutdown().await.expect("stops");
        assert!(report.stuck().next().is_none(), "{report}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_thread_that_is_not_to_be_had_is_a_failure_of_the_attempt_and_asked_for_again() {
        let _alone = ONE_AT_A_TIME.lock().await;
        REFUSED.store(3, Ordering::SeqCst);
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let child = ChildSpec::local("child", move |ctx: TaskContext| {
            let tell = tell.take();
            async move {
                if let Some(tell) = tell {
                    tell.send(ctx.generation().value).expect("waited for");
                }
                ctx.cancelled().await;
            }
        })
        .backoff(Backoff::constant(Duration::from_millis(1)));
        let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
            .await
            .expect("starts");
        assert_eq!(told.await.expect("runs in the end"), 3);
        let exit = handle.snapshot_of("child").expect("is there").last_exit;
        let exit = exit.expect("has failed");
        let error = exit.downcast_ref::<ServeError>();
        assert!(matches!(error, Some(ServeError::NoThread(_))), "{exit}");
        assert!(handle.shutdown().await.expect("stops").is_clean());
        // And one that never gets a thread is let go.
        REFUSED.store(usize::MAX, Ordering::SeqCst);
        let child = ChildSpec::local("child", |_ctx: TaskContext| async {})
            .backoff(Backoff::constant(Duration::from_millis(1)));
        let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
            .await
            .expect("starts");
        while handle.snapshot_of("child").expect("is there").generation < Some(3) {
            tokio::task::yield_now().await;
        }
        handle.shutdown().await.expect("stops");
        REFUSED.store(0, Ordering::SeqCst);
    }
}

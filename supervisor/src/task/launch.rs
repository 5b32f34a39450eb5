//! How the code of a child gets onto the runtime: one task that lives across its attempts.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use super::context::TaskContext;
use super::factory::{IntoTaskResult, TaskFactory};
use crate::runtime::attempt::OnAbort;
use crate::runtime::driver::{Driver, DriverGuard};
use crate::runtime::{blocking, local};

/// The code of a child, until its first start moves it into its task.
pub(crate) type Launch = Box<dyn Launcher>;

/// Spawns the task that drives a child; only here is the future's type known.
pub(crate) trait Launcher: Send {
    fn launch(self: Box<Self>, driver: Driver, on: &Handle);
}

impl std::fmt::Debug for dyn Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Launch")
    }
}

/// Code that drives its own loop of attempts.
pub(crate) fn driven<L, Fut>(run: L) -> Launch
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Box::new(Driven(run))
}

/// Code that drives its own loop of attempts and cannot leave the thread that it began on.
pub(crate) fn driven_locally<L, Fut>(run: L) -> Launch
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    Box::new(Local(run))
}

/// A closure that makes one attempt after the other.
pub(crate) fn attempts<F, Fut>(make: F) -> Launch
where
    F: FnMut(TaskContext) -> Fut + Send + 'static,
    Fut: Future<Output: IntoTaskResult> + Send + 'static,
{
    Box::new(Makes(make))
}

/// In place of code that is elsewhere; it takes no memory.
#[cfg(feature = "config")]
pub(crate) fn nothing() -> Launch {
    attempts(|_| std::future::ready(()))
}

/// A closure that makes attempts which cannot leave the thread that they began on.
pub(crate) fn local_attempts<F, Fut>(make: F) -> Launch
where
    F: FnMut(TaskContext) -> Fut + Send + 'static,
    Fut: Future<Output: IntoTaskResult> + 'static,
{
    driven_locally(move |driver| Attempts {
        place: None,
        make,
        driver,
    })
}

/// A boxed factory.
pub(crate) fn factory(factory: Arc<dyn TaskFactory>) -> Launch {
    attempts(move |ctx| factory.build(ctx))
}

/// A synchronous function; its state travels to the blocking pool and back with every attempt.
pub(crate) fn blocking<S, T, F>(state: S, run: F) -> Launch
where
    S: Send + 'static,
    T: IntoTaskResult,
    F: Fn(TaskContext, &mut S) -> T + Send + Sync + 'static,
{
    let run = Arc::new(run);
    driven(move |mut driver: Driver| async move {
        let home = blocking::Home::new(state);
        while driver.wanted().await {
            let place = pin!(None);
            let make = |ctx| blocking::attempt(Arc::clone(&home), Arc::clone(&run), ctx);
            driver.attempt_blocking(place, make).await;
        }
    })
}

struct Driven<L>(L);

impl<L, Fut> Launcher for Driven<L>
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn launch(self: Box<Self>, driver: Driver, on: &Handle) {
        let guard = driver.guard();
        let task = Guarded {
            run: (self.0)(driver),
            guard,
        };
        // A join handle that is dropped leaves the task running, as it should: the driver itself
        // reports its end.
        drop(on.spawn(task));
    }
}

struct Local<L>(L);

impl<L, Fut> Launcher for Local<L>
where
    L: FnOnce(Driver) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    fn launch(self: Box<Self>, driver: Driver, on: &Handle) {
        local::launch(self.0, driver, on);
    }
}

struct Makes<F>(F);

impl<F, Fut> Launcher for Makes<F>
where
    F: FnMut(TaskContext) -> Fut + Send + 'static,
    Fut: Future<Output: IntoTaskResult> + Send + 'static,
{
    fn launch(self: Box<Self>, driver: Driver, on: &Handle) {
        drop(on.spawn(Attempts {
            place: None,
            make: self.0,
            driver: driver.into_last(),
        }));
    }
}

pin_project! {
    /// The loop of attempts by hand: as an `async` block it would be twice as large, and it is what
    /// an idle child consists of.
    ///
    /// Fields are dropped in order: the driver may be the one that reports the end.
    struct Attempts<F, Fut> {
        // Empty between attempts.
        #[pin]
        place: Option<Fut>,
        make: F,
        driver: Driver,
    }
}

impl<F, Fut> Future for Attempts<F, Fut>
where
    F: FnMut(TaskContext) -> Fut,
    Fut: Future<Output: IntoTaskResult>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            let mut make = None;
            if this.place.is_none() && !this.driver.waits_for_rest() {
                if !ready!(this.driver.poll_next(cx)) {
                    return Poll::Ready(());
                }
                make = Some(&mut *this.make);
            }
            let place = this.place.as_mut();
            ready!(
                this.driver
                    .poll_attempt(place, &mut make, OnAbort::Drop, cx)
            );
        }
    }
}

pin_project! {
    /// Fields are dropped in order: the guard reports the end when nothing else is left.
    struct Guarded<Fut> {
        #[pin]
        run: Fut,
        guard: DriverGuard,
    }
}

impl<Fut: Future<Output = ()>> Future for Guarded<Fut> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().run.poll(cx)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::super::attempt::attempt;
    use super::*;
    use crate::task::outcome::TaskResult;

    async fn idle(ctx: TaskContext) {
        ctx.cancelled().await;
    }

    fn size<F, Fut>(_: F) -> usize
    where
        F: FnMut(TaskContext) -> Fut,
    {
        size_of::<Attempts<F, Fut>>()
    }

    /// Tokio keeps 104 bytes of its own, and takes multiples of 128.
    #[test]
    fn an_idle_child_takes_a_task_of_256_bytes() {
        let function = size(|ctx| attempt(idle(ctx), |()| TaskResult::Succeeded));
        assert!(function + 104 <= 256, "a supervised function: {function}");
        let closure = size(|ctx: TaskContext| async move { ctx.cancelled().await });
        assert!(closure + 104 <= 256, "a closure: {closure}");
    }
}

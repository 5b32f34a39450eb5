//! The task of a child: it lives across attempts and parks between them.
//!
//! The driver reads what is wanted from its slot's word, makes the attempt's future in place, polls
//! it, drops it, and only then reports the end; afterwards it reads the word again. There is no
//! answer to a report, and no message to a driver.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tracing::Span;

use super::current;
use super::slot::Slot;
use super::tree::Tree;
use crate::event::exit::{During, ExitKind, ExitRecord, Panic};
use crate::machine::decision::ExitClass;
use crate::machine::input::{Exit, Input};
use crate::machine::time::Nanos;
use crate::panics;
use crate::task::context::TaskContext;
use crate::task::outcome::{IntoTaskResult, TaskResult};

/// A restart loop goes back to the scheduler after this long, so that it starves nobody.
const SLICE: Duration = Duration::from_micros(50);

/// Drives the attempts of one child; reached by generated code.
#[doc(hidden)]
#[derive(Debug)]
#[allow(unnameable_types, reason = "reached by generated code only")]
pub struct Driver {
    slot: Arc<Slot>,
    /// `generation + 1` of the attempt that was begun last.
    begun: u64,
    /// An attempt has been begun and its end not been reported.
    live: bool,
    started: Nanos,
    span: Span,
    /// When the present run of attempts without a pause began.
    slice: Option<Nanos>,
    yields: bool,
}

/// Reports that the task of a child has gone, after everything that it owned.
#[derive(Debug)]
pub(crate) struct DriverGuard {
    slot: Arc<Slot>,
}

impl Driver {
    pub(crate) fn new(slot: Arc<Slot>) -> Self {
        Self {
            slot,
            begun: 0,
            live: false,
            started: Nanos::default(),
            span: Span::none(),
            slice: None,
            yields: false,
        }
    }

    /// Waits until an attempt is wanted; `None` when none ever will be.
    pub async fn next(&mut self) -> Option<TaskContext> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Runs one attempt in `place`, and reports its end once nothing of it is left.
    pub fn attempt<'a, T, Fut>(
        &'a mut self,
        place: Pin<&'a mut Option<Fut>>,
        make: impl FnOnce() -> Fut + 'a,
    ) -> impl Future<Output = ()> + 'a
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        Attempt {
            driver: self,
            place,
            make: Some(make),
            on_abort: OnAbort::Drop,
        }
    }

    /// As [`Driver::attempt`], for code that cannot be dropped: its end is waited for.
    pub(crate) fn attempt_blocking<'a, T, Fut>(
        &'a mut self,
        place: Pin<&'a mut Option<Fut>>,
        make: impl FnOnce() -> Fut + 'a,
    ) -> impl Future<Output = ()> + 'a
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        Attempt {
            driver: self,
            place,
            make: Some(make),
            on_abort: OnAbort::Wait,
        }
    }

    fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<TaskContext>> {
        self.slot.register(cx.waker());
        if std::mem::take(&mut self.yields) {
            self.slice = None;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let word = self.slot.load();
            if word.is_released() {
                return Poll::Ready(None);
            }
            let wanted = word
                .generation()
                .filter(|generation| generation + 1 != self.begun);
            let Some(generation) = wanted else {
                self.slice = None;
                return Poll::Pending;
            };
            self.begun = generation + 1;
            self.live = true;
            if self.slice.is_none() {
                self.started = self.tree().now_inside();
            }
            if word.is_stopping() {
                self.report(ExitKind::NeverStarted);
                continue;
            }
            let ctx = TaskContext::new(Arc::clone(&self.slot), generation);
            self.span = attempt_span(&ctx);
            return Poll::Ready(Some(ctx));
        }
    }

    /// Tells the machine how the attempt has ended.
    fn report(&mut self, kind: ExitKind) {
        self.live = false;
        self.span = Span::none();
        if self.slot.has_token() {
            self.slot.cancel_token();
        }
        let now = self.tree().now_inside();
        let generation = self.begun - 1;
        let exit = Exit {
            class: kind.class(),
            record: Arc::new(ExitRecord {
                kind,
                generation,
                attempt: self.slot.attempt(),
                uptime: now.since(self.started),
            }),
        };
        let tree = Arc::clone(self.tree());
        let woke = tree.report(
            &self.slot,
            now,
            Input::Exited(self.slot.id, generation, exit),
        );
        let since = *self.slice.get_or_insert(now);
        self.started = now;
        // Wakes may sit in the scheduler's slot that nobody else takes from: let them out before
        // code of users can block the thread.
        self.yields = woke || now.since(since) >= SLICE;
    }

    fn tree(&self) -> &Arc<Tree> {
        self.slot
            .tree
            .as_ref()
            .expect("a driven slot belongs to a tree")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.slot.load().is_released() && !self.live {
            return;
        }
        // The runtime drops its tasks. What was live has been dropped before this. Told first, so
        // that no further attempt can be wanted of this task.
        let tree = Arc::clone(self.tree());
        let now = tree.now_inside();
        tree.report(&self.slot, now, Input::RuntimeGone);
        let wanted = self
            .slot
            .load()
            .generation()
            .map_or(0, |generation| generation + 1);
        if self.live || wanted != self.begun {
            // Also an attempt that was wanted and never begun has come to its end.
            self.begun = wanted;
            self.report(ExitKind::RuntimeGone);
        }
    }
}

impl DriverGuard {
    pub(crate) const fn new(slot: Arc<Slot>) -> Self {
        Self { slot }
    }
}

impl Drop for DriverGuard {
    fn drop(&mut self) {
        if let Some(tree) = &self.slot.tree {
            Arc::clone(tree).driver_gone(&self.slot);
        }
    }
}

/// What a request to drop the attempt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnAbort {
    Drop,
    Wait,
}

struct Attempt<'a, Fut, M> {
    driver: &'a mut Driver,
    place: Pin<&'a mut Option<Fut>>,
    make: Option<M>,
    on_abort: OnAbort,
}

// Nothing in it is pinned by it: the future lies in a place of its own.
impl<Fut, M> Unpin for Attempt<'_, Fut, M> {}

impl<T, Fut, M> Future for Attempt<'_, Fut, M>
where
    T: IntoTaskResult,
    Fut: Future<Output = T>,
    M: FnOnce() -> Fut,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let span = std::mem::replace(&mut this.driver.span, Span::none());
        let ended = {
            let _mark = current::enter(this.driver.tree().address(), this.driver.slot.id);
            let _entered = span.enter();
            this.driver.slot.turn_poll();
            let ended = match this.run(cx) {
                Poll::Pending => None,
                Poll::Ready(kind) => Some(clear(this.place.as_mut(), kind)),
            };
            this.driver.slot.turn_poll();
            ended
        };
        this.driver.span = span;
        let Some(kind) = ended else {
            this.driver.slice = None;
            return Poll::Pending;
        };
        this.driver.report(kind);
        Poll::Ready(())
    }
}

impl<T, Fut, M> Attempt<'_, Fut, M>
where
    T: IntoTaskResult,
    Fut: Future<Output = T>,
    M: FnOnce() -> Fut,
{
    fn run(&mut self, cx: &mut Context<'_>) -> Poll<ExitKind> {
        if self.on_abort == OnAbort::Drop && self.driver.slot.load().is_aborting() {
            return Poll::Ready(ExitKind::Aborted);
        }
        if let Some(make) = self.make.take() {
            match panics::catch(During::Build, make) {
                Ok(future) => self.place.set(Some(future)),
                Err(panic) => return Poll::Ready(ExitKind::Panicked(panic)),
            }
        }
        let Some(future) = self.place.as_mut().as_pin_mut() else {
            return Poll::Ready(ExitKind::NeverStarted);
        };
        let polled = panics::catch(During::Poll, || {
            future.poll(cx).map(IntoTaskResult::into_task_result)
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(result.into()),
            Err(panic) => Poll::Ready(ExitKind::Panicked(panic)),
        }
    }
}

/// Drops the future. A panic in that is the attempt's end, unless it has failed already.
fn clear<Fut>(mut place: Pin<&mut Option<Fut>>, kind: ExitKind) -> ExitKind {
    match panics::catch(During::Drop, || place.set(None)) {
        Ok(()) => kind,
        Err(panic) => kind.or_panic(panic),
    }
}

/// The span that the log lines of an attempt are inside.
fn attempt_span(ctx: &TaskContext) -> Span {
    tracing::info_span!(
        target: "rust_supervisor::attempt",
        parent: None,
        "attempt",
        child = %ctx.child_id,
        path = ctx.path(),
        generation = ctx.generation().value,
        attempt = ctx.attempt().value,
    )
}

impl From<TaskResult> for ExitKind {
    fn from(result: TaskResult) -> Self {
        match result {
            TaskResult::Cancelled => Self::Cancelled,
            TaskResult::Failed(error) => Self::Failed(error),
            TaskResult::Fatal(error) => Self::Fatal(error),
            TaskResult::Ignored => Self::Ignored,
            TaskResult::Succeeded => Self::Succeeded,
        }
    }
}

impl ExitKind {
    pub(crate) const fn class(&self) -> ExitClass {
        match self {
            Self::Aborted | Self::Failed(_) | Self::Panicked(_) | Self::RuntimeGone => {
                ExitClass::Abnormal
            }
            Self::Fatal(_) => ExitClass::Fatal,
            Self::Ignored => ExitClass::Ignored,
            Self::Cancelled | Self::NeverStarted | Self::Succeeded => ExitClass::Normal,
        }
    }

    fn or_panic(self, panic: Panic) -> Self {
        match self {
            Self::Failed(_) | Self::Fatal(_) | Self::Panicked(_) | Self::RuntimeGone => self,
            Self::Aborted
            | Self::Cancelled
            | Self::Ignored
            | Self::NeverStarted
            | Self::Succeeded => Self::Panicked(panic),
        }
    }
}

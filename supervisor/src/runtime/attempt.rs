//! One attempt of a child: its code is built, polled and dropped here, and what it does is its end.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::current;
use super::driver::Driver;
use super::subtasks::End;
use crate::event::end::PlainKind;
use crate::event::exit::{During, ExitKind, Panic};
use crate::machine::decision::ExitClass;
use crate::panics::{self, drop_quietly, quietly};
use crate::task::context::TaskContext;
use crate::task::outcome::{IntoTaskResult, TaskResult};

/// How far the present attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is none: none has been begun, or the end of the last one has been reported.
    None,
    Runs,
    /// Its body has ended; sub-tasks are left.
    Follows,
    /// It was the last that will ever be wanted, and has ended so: that is told with the end of the
    /// task.
    Ended(PlainKind),
}

/// What a request to drop the attempt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnAbort {
    Drop,
    Wait,
}

/// The future of an attempt, in the place that its task has for it.
pub(super) struct Attempt<'a, Fut, M> {
    driver: &'a mut Driver,
    place: Pin<&'a mut Option<Fut>>,
    make: Option<M>,
    on_abort: OnAbort,
}

impl<'a, Fut, M> Attempt<'a, Fut, M> {
    pub(super) fn new(
        driver: &'a mut Driver,
        place: Pin<&'a mut Option<Fut>>,
        make: M,
        on_abort: OnAbort,
    ) -> Self {
        Self {
            driver,
            place,
            make: Some(make),
            on_abort,
        }
    }
}

// Nothing in it is pinned by it: the future lies in a place of its own.
impl<Fut, M> Unpin for Attempt<'_, Fut, M> {}

impl<T, Fut, M> Future for Attempt<'_, Fut, M>
where
    T: IntoTaskResult,
    Fut: Future<Output = T>,
    M: FnOnce(TaskContext) -> Fut,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.driver
            .poll_attempt(this.place.as_mut(), &mut this.make, this.on_abort, cx)
    }
}

impl Driver {
    /// Polls the attempt, which is made first if it has not been; reports its end.
    pub(crate) fn poll_attempt<T, Fut>(
        &mut self,
        mut place: Pin<&mut Option<Fut>>,
        make: &mut Option<impl FnOnce(TaskContext) -> Fut>,
        on_abort: OnAbort,
        cx: &mut Context<'_>,
    ) -> Poll<()>
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        if self.attempt == Progress::Follows {
            self.slot.turn_poll();
            let polled = self.poll_rest();
            self.slot.turn_poll();
            return polled;
        }
        let mark = current::enter(self.tree().address(), self.slot.id);
        self.slot.turn_poll();
        let polled = match self.span.as_deref() {
            None => self.run(place.as_mut(), make, on_abort, cx),
            // Entering and leaving it is code of the subscriber, and may panic like any other.
            Some(span) => panics::catch(During::Poll, || {
                let _entered = span.enter();
                self.run(place.as_mut(), make, on_abort, cx)
            })
            .unwrap_or_else(|panic| Poll::Ready(ExitKind::Panicked(panic))),
        };
        let ended = match polled {
            Poll::Pending => None,
            Poll::Ready(kind) => Some(clear(place, kind)),
        };
        self.slot.turn_poll();
        drop(mark);
        let Some(kind) = ended else {
            self.pause();
            return Poll::Pending;
        };
        // The subscriber's code; wakers of those who hold the token are code of users too.
        if let Some(span) = self.span.take() {
            drop_quietly(span);
        }
        let before = self.slot.end_attempt();
        if before.has_token() {
            quietly(|| self.slot.tell_token(before));
        }
        if before.has_sub_tasks() {
            return self.follow(kind);
        }
        self.ended(End::of_body(kind));
        Poll::Ready(())
    }

    fn run<T, Fut>(
        &self,
        mut place: Pin<&mut Option<Fut>>,
        make: &mut Option<impl FnOnce(TaskContext) -> Fut>,
        on_abort: OnAbort,
        cx: &mut Context<'_>,
    ) -> Poll<ExitKind>
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        let mut nothing_runs = false;
        if self.slot.load().is_aborting() {
            if on_abort == OnAbort::Drop || make.is_some() {
                return Poll::Ready(ExitKind::Aborted);
            }
            nothing_runs = self.drop_members();
        }
        let (during, mut ended) = (Cell::new(During::Build), None);
        let polled = panics::catch_in_turn(&during, || {
            if let Some(make) = make.take() {
                let future = make(TaskContext::new(Arc::clone(&self.slot), self.generation()));
                place.set(Some(future));
            }
            during.set(During::Poll);
            let kind = match place.as_mut().as_pin_mut() {
                None => ExitKind::NeverStarted,
                Some(future) => ExitKind::from(ready!(future.poll(cx)).into_task_result()),
            };
            ended = Some(kind);
            during.set(During::Drop);
            place.set(None);
            Poll::Ready(())
        });
        match (ended, polled.err()) {
            (Some(kind), None) => Poll::Ready(kind),
            // It was taken from the queue of the blocking pool.
            (None, None) if nothing_runs => Poll::Ready(ExitKind::Aborted),
            (None, None) => Poll::Pending,
            (Some(kind), Some(panic)) => Poll::Ready(kind.or_panic(panic)),
            (None, Some(panic)) => Poll::Ready(ExitKind::Panicked(panic)),
        }
    }
}

/// Drops the future of an attempt that has ended in another way than by itself. A panic in that is
/// its end, unless it has failed already.
fn clear<Fut>(mut place: Pin<&mut Option<Fut>>, kind: ExitKind) -> ExitKind {
    if place.is_none() {
        return kind;
    }
    match panics::catch(During::Drop, || place.set(None)) {
        Ok(()) => kind,
        Err(panic) => kind.or_panic(panic),
    }
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
    pub(crate) fn class(&self) -> ExitClass {
        match self {
            Self::TimedOut(timed_out) => timed_out.ended.class().of_a_timeout(),
            Self::Aborted | Self::Failed(_) | Self::Panicked(_) | Self::RuntimeGone => {
                ExitClass::Abnormal
            }
            Self::Fatal(_) => ExitClass::Fatal,
            Self::Ignored => ExitClass::Ignored,
            Self::Cancelled | Self::NeverStarted | Self::Succeeded => ExitClass::Normal,
        }
    }

    /// Whether it is a reason of its own, which a later one does not replace.
    pub(crate) const fn is_failure(&self) -> bool {
        match self {
            Self::Failed(_)
            | Self::Fatal(_)
            | Self::Panicked(_)
            | Self::RuntimeGone
            | Self::TimedOut(_) => true,
            Self::Aborted
            | Self::Cancelled
            | Self::Ignored
            | Self::NeverStarted
            | Self::Succeeded => false,
        }
    }

    fn or_panic(self, panic: Panic) -> Self {
        if self.is_failure() {
            self
        } else {
            Self::Panicked(panic)
        }
    }
}

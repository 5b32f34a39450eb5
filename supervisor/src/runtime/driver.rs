//! The task of a child: it lives across attempts and parks between them.
//!
//! The driver reads what is wanted from its slot's word, makes the attempt's future in place, polls
//! it, drops it, and only then reports the end; afterwards it reads the word again. There is no
//! answer to a report, and no message to a driver.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tracing::Span;

use super::attempt::{Attempt, OnAbort, Progress};
use super::slice::Slice;
use super::slot::Slot;
use super::subtasks::{End, LastWords, SubTasks};
use super::tree::Tree;
use super::{lifecycle, records};
use crate::event::end::{KeptEnd, PlainEnd};
use crate::event::exit::{During, ExitKind, ExitRecord};
use crate::machine::input::{Exit, Input};
use crate::machine::time::Nanos;
use crate::panics;
use crate::task::context::TaskContext;
use crate::task::outcome::{IntoTaskResult, TaskError};

/// A restart loop goes back to the scheduler after so many attempts at the latest. A reader of events
/// has its turn behind a hundred such loops before the journal has gone round, on two threads; and
/// the paused clock of a test stands still while a loop goes on.
const BATCH: u64 = 32;

/// Drives the attempts of one child; reached by generated code.
#[doc(hidden)]
#[derive(Debug)]
#[allow(unnameable_types, reason = "reached by generated code only")]
pub struct Driver {
    pub(super) slot: Arc<Slot>,
    /// `generation + 1` of the attempt that was begun last.
    begun: u64,
    pub(super) attempt: Progress,
    /// The same, where there is more to tell than [`Progress::Ended`] does.
    last: Option<Arc<ExitRecord>>,
    /// Boxed, since it is there only while somebody listens.
    pub(super) span: Option<Box<Span>>,
    slice: Slice,
    yields: bool,
    /// Readers have to be woken for what it has reported.
    unread: bool,
    seat: Seat,
}

/// Where it sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    /// Within its task, whose guard is dropped after everything else.
    Guarded,
    /// Behind everything that its task owns, so that it needs no guard.
    Last,
    /// Guarded, in another runtime than the tree's.
    Outside,
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
            attempt: Progress::None,
            last: None,
            span: None,
            slice: Slice::default(),
            yields: false,
            unread: false,
            seat: Seat::Guarded,
        }
    }

    /// Waits until an attempt is wanted; false when none ever will be.
    pub fn wanted(&mut self) -> impl Future<Output = bool> {
        std::future::poll_fn(|cx| self.poll_next(cx))
    }

    /// Runs one attempt in `place`, and reports its end once nothing of it is left.
    pub fn attempt<'a, T, Fut>(
        &'a mut self,
        place: Pin<&'a mut Option<Fut>>,
        make: impl FnOnce(TaskContext) -> Fut + 'a,
    ) -> impl Future<Output = ()> + 'a
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        Attempt::new(self, place, make, OnAbort::Drop)
    }

    /// As [`Driver::attempt`], for code that cannot be dropped: its end is waited for.
    pub(crate) fn attempt_blocking<'a, T, Fut>(
        &'a mut self,
        place: Pin<&'a mut Option<Fut>>,
        make: impl FnOnce(TaskContext) -> Fut + 'a,
    ) -> impl Future<Output = ()> + 'a
    where
        T: IntoTaskResult,
        Fut: Future<Output = T>,
    {
        Attempt::new(self, place, make, OnAbort::Wait)
    }

    pub(crate) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<bool> {
        loop {
            let Some(generation) = ready!(self.poll_wanted(cx)) else {
                return Poll::Ready(false);
            };
            if self.begin(generation) {
                if lifecycle::listens() {
                    // A subscriber that panics loses its span, and nothing else.
                    let span = panics::catch(During::Build, || self.attempt_span());
                    self.span = span.unwrap_or(None);
                }
                return Poll::Ready(true);
            }
        }
    }

    /// The span that the log lines of an attempt are inside, if anybody wants it.
    fn attempt_span(&self) -> Option<Box<Span>> {
        let span = tracing::info_span!(
            target: "rust_supervisor::attempt",
            parent: None,
            "attempt",
            child = %self.slot.called.id(),
            path = self.slot.called.path(),
            generation = self.generation(),
            attempt = self.slot.attempt(),
        );
        (!span.is_disabled()).then(|| Box::new(span))
    }

    /// Waits until an attempt is wanted that has not been begun, and says which; `None` when none
    /// ever will be.
    pub(super) fn poll_wanted(&mut self, cx: &Context<'_>) -> Poll<Option<u64>> {
        if self.last.is_some() || matches!(self.attempt, Progress::Ended(_)) {
            return Poll::Ready(None);
        }
        self.slot.register(cx.waker());
        let word = self.slot.load();
        let wanted = word
            .generation()
            .filter(|generation| generation + 1 != self.begun);
        let yields = std::mem::take(&mut self.yields);
        if wanted.is_none() && !word.is_released() {
            self.pause();
            return Poll::Pending;
        }
        // Code of users follows: that of an attempt, or the end of what the task owns.
        if yields {
            self.slice.pause();
            // It comes back.
            self.unread = self.unread && self.tree().wake_settled_readers();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if word.is_released() {
            self.pause();
            return Poll::Ready(None);
        }
        Poll::Ready(wanted)
    }

    /// Nothing is to be done until it is woken.
    pub(super) fn pause(&mut self) {
        self.slice.pause();
        self.wake_readers();
    }

    fn wake_readers(&mut self) {
        if std::mem::take(&mut self.unread) {
            self.tree().wake_readers();
        }
    }

    /// Begins an attempt; false if it was asked to stop before, and has thereby ended.
    fn begin(&mut self, generation: u64) -> bool {
        self.begun = generation + 1;
        self.attempt = Progress::Runs;
        let stopped = self.slot.load().is_stopping();
        if stopped {
            self.ended(End::of_body(ExitKind::NeverStarted));
        }
        !stopped
    }

    /// The attempt that is wanted cannot be made.
    pub(super) fn refuse(&mut self, why: TaskError) {
        if let Some(generation) = self.slot.load().generation() {
            if self.begin(generation) {
                self.ended(End::of_body(ExitKind::Failed(why)));
            }
        }
    }

    /// The attempt has ended, and nothing of it is left. The machine is told; where it wants no
    /// other attempt, when nothing of the task is left, either.
    pub(super) fn ended(&mut self, end: End) {
        self.attempt = Progress::None;
        let (word, attempt) = (self.slot.load(), self.last_words());
        let end = if word.is_stopping() {
            attempt.asked(end)
        } else {
            attempt.record(end)
        };
        if self.seat == Seat::Last && word.is_last() {
            match end {
                KeptEnd::Plain(end) => self.attempt = Progress::Ended(end.kind),
                KeptEnd::Record(record) => self.last = Some(record),
            }
            // What is dropped now is code of the child.
            self.slot.turn_poll();
        } else {
            self.report(end);
        }
    }

    fn report(&mut self, end: KeptEnd) {
        let (now, input) = (self.now(), exited(&self.slot, self.generation(), end));
        let done = self.tree().report_in_turn(&self.slot, now, input);
        self.unread |= done.unread;
        // In a loop of restarts they are woken when that leaves the thread, and once.
        if self.slice.is_paused() {
            self.wake_readers();
        }
        // Wakes may sit in the scheduler's slot that nobody else takes from: let them out before
        // code of users can block the thread.
        let spent = self.slice.is_spent(now);
        self.yields = done.woke || spent || self.begun % BATCH == 0;
    }

    /// What is to be told of the attempt that was begun last.
    fn last_words(&self) -> LastWords {
        LastWords {
            generation: self.generation(),
            attempt: self.slot.attempt(),
        }
    }

    /// Of the attempt that was begun last.
    pub(super) const fn generation(&self) -> u64 {
        self.begun - 1
    }

    /// From now on it is driven by another runtime than the tree's, which has a clock of its own.
    pub(super) const fn leave_runtime(&mut self) {
        self.seat = Seat::Outside;
    }

    pub(super) fn now(&self) -> Nanos {
        if self.seat == Seat::Outside {
            self.tree().now()
        } else {
            self.tree().now_inside()
        }
    }

    pub(super) fn child_name(&self) -> &str {
        &self.slot.called.id().value
    }

    pub(super) fn tree(&self) -> &Arc<Tree> {
        self.slot
            .tree
            .as_ref()
            .expect("a driven slot belongs to a tree")
    }
}

impl LastWords {
    /// The record of its end.
    pub(super) fn record(self, end: End) -> KeptEnd {
        KeptEnd::Record(records::make(end, self.generation, self.attempt))
    }

    /// The end that it was asked for.
    fn asked(self, end: End) -> KeptEnd {
        match PlainEnd::of(&end.kind, self.generation, self.attempt) {
            Some(plain) if end.sub_task.is_none() => KeptEnd::Plain(plain),
            _ => self.record(end),
        }
    }
}

/// What the machine is told of the end of an attempt.
pub(super) fn exited(slot: &Slot, generation: u64, end: KeptEnd) -> Input {
    let class = end.class();
    Input::Exited(slot.id, generation, Exit { class, end })
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(end) = self.take_last() {
            return self.end_with(end);
        }
        self.leave();
        if self.seat == Seat::Last {
            has_gone(&self.slot);
        }
    }
}

impl Driver {
    /// What tells that its task has gone; to be dropped after everything that the task owns.
    pub(crate) fn guard(&self) -> DriverGuard {
        DriverGuard {
            slot: Arc::clone(&self.slot),
        }
    }

    /// It is dropped after everything that its task owns, and tells itself that that has gone.
    pub(crate) const fn into_last(mut self) -> Self {
        self.seat = Seat::Last;
        self
    }

    /// The end of the last attempt that will ever be wanted, if that has ended.
    fn take_last(&mut self) -> Option<KeptEnd> {
        let Progress::Ended(kind) = self.attempt else {
            return self.last.take().map(KeptEnd::Record);
        };
        self.attempt = Progress::None;
        let LastWords {
            generation,
            attempt,
        } = self.last_words();
        Some(KeptEnd::Plain(PlainEnd::new(kind, generation, attempt)))
    }

    /// Tells of the end of the last attempt, and of that of its task.
    fn end_with(&mut self, end: KeptEnd) {
        self.slot.turn_poll();
        let (now, input) = (self.now(), exited(&self.slot, self.generation(), end));
        let done = self.tree().last_driver_gone(&self.slot, now, input);
        self.unread |= done.unread;
        self.pause();
    }

    fn leave(&mut self) {
        self.pause();
        let progress = std::mem::replace(&mut self.attempt, Progress::None);
        if self.slot.load().is_released() && progress == Progress::None {
            return;
        }
        // The runtime drops its tasks. What was live has been dropped before this. Told first, so
        // that no further attempt can be wanted of this task.
        let now = self.now();
        self.tree().report(&self.slot, now, Input::RuntimeGone);
        let wanted = self
            .slot
            .load()
            .generation()
            .map_or(0, |generation| generation + 1);
        if progress == Progress::None && wanted == self.begun {
            return;
        }
        // Also an attempt that was wanted and never begun has come to its end.
        self.begun = wanted;
        let attempt = self.last_words();
        if !self.leaves_sub_tasks(attempt) {
            self.report(attempt.record(End::of_body(ExitKind::RuntimeGone)));
            self.pause();
        }
    }
}

impl Drop for DriverGuard {
    fn drop(&mut self) {
        has_gone(&self.slot);
    }
}

/// The task of a child has gone, and everything that it owned.
fn has_gone(slot: &Slot) {
    let left = slot.known_sub_tasks();
    if left.is_some_and(SubTasks::orphan_driver) {
        return;
    }
    if let Some(tree) = &slot.tree {
        Arc::clone(tree).driver_gone(slot);
    }
}

//! Sub-tasks: what an attempt runs beside its body, and what becomes of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::{AbortHandle, JoinHandle};

use super::outcome::{FatalError, Never, TaskError, TaskResult};
use crate::event::exit::ExitKind;
use crate::runtime::member::Spawned;

/// A sub-task of an attempt, spawned with [`TaskContext::spawn`] and its like.
///
/// Resolves to what the sub-task has returned. Dropping it changes nothing: the sub-task goes on,
/// and still belongs to its attempt, as does a result that nobody takes.
///
/// # Cancel safety
///
/// Cancel safe: poll it by reference, for instance in `tokio::select!`, and nothing is lost. It must
/// not be polled again once it has resolved.
///
/// [`TaskContext::spawn`]: crate::TaskContext::spawn
#[derive(Debug)]
pub struct SubTask<T> {
    /// None if it was refused.
    spawned: Option<Spawned<T>>,
}

/// Why a sub-task has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubTaskError {
    /// It was dropped before it had ended, or its attempt was over before it could begin.
    #[error("the sub-task was dropped before it had ended")]
    Cancelled,
    /// It has failed; its error is the reason of its attempt's end.
    #[error("the sub-task has failed; its error is in the exit record of the attempt")]
    Failed,
    /// It has panicked; that is the reason of its attempt's end.
    #[error("the sub-task has panicked; its message is in the exit record of the attempt")]
    Panicked,
}

impl<T> SubTask<T> {
    pub(crate) const fn new(spawned: Option<Spawned<T>>) -> Self {
        Self { spawned }
    }

    /// Drops the sub-task at its next await. Nothing happens if it has ended.
    ///
    /// A function on the blocking pool that has begun to run cannot be dropped.
    pub fn abort(&self) {
        if let Some(spawned) = &self.spawned {
            spawned.task.abort();
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let task = self.spawned.as_ref().map(|spawned| &spawned.task);
        task.is_none_or(JoinHandle::is_finished)
    }

    /// A handle to abort it with, which can be kept apart; none if it was refused.
    #[must_use]
    pub fn abort_handle(&self) -> Option<AbortHandle> {
        let task = self.spawned.as_ref().map(|spawned| &spawned.task);
        task.map(JoinHandle::abort_handle)
    }
}

impl<T> Future for SubTask<T> {
    type Output = Result<T, SubTaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(spawned) = &mut self.spawned else {
            return Poll::Ready(Err(SubTaskError::Cancelled));
        };
        // A panic of it has been caught before tokio could see it.
        let ended = Pin::new(&mut spawned.task).poll(cx);
        let outcome = ended.map(|_| spawned.outcome.try_recv().ok());
        outcome.map(|outcome| outcome.unwrap_or(Err(SubTaskError::Cancelled)))
    }
}

/// What a sub-task may return.
///
/// `()`, [`TaskResult`], or `Result<T, E>` with any `E` that converts into a boxed error. `Err` is a
/// failure of the whole attempt; an error that the body wants to deal with itself is returned as a
/// value: `Ok::<_, Infallible>(result)`.
#[diagnostic::on_unimplemented(
    message = "a sub-task cannot return `{Self}`",
    label = "a sub-task must return `()`, `TaskResult` or `Result<T, E>`",
    note = "return `Ok::<_, std::convert::Infallible>(value)` where nothing can fail"
)]
pub trait SubTaskOutput {
    /// What the handle resolves to when it does not fail.
    type Value: 'static;

    /// The value, or why the attempt has failed.
    ///
    /// # Errors
    ///
    /// The failure of the sub-task, which is one of its attempt.
    fn into_value(self) -> Result<Self::Value, SubTaskFailure>;
}

/// An error of a sub-task, and whether it may be tried again.
pub struct SubTaskFailure {
    error: TaskError,
    fatal: bool,
}

impl SubTaskFailure {
    /// From any error; one that wraps a [`Fatal`](super::outcome::Fatal) is fatal.
    pub fn new(error: impl Into<TaskError>) -> Self {
        match error.into().downcast::<FatalError>() {
            Ok(fatal) => Self {
                error: fatal.into_inner(),
                fatal: true,
            },
            Err(error) => Self {
                error,
                fatal: false,
            },
        }
    }
}

impl fmt::Debug for SubTaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl From<SubTaskFailure> for ExitKind {
    fn from(failure: SubTaskFailure) -> Self {
        if failure.fatal {
            Self::Fatal(failure.error)
        } else {
            Self::Failed(failure.error)
        }
    }
}

impl SubTaskOutput for () {
    type Value = ();

    fn into_value(self) -> Result<(), SubTaskFailure> {
        Ok(())
    }
}

impl SubTaskOutput for Never {
    type Value = Self;

    fn into_value(self) -> Result<Self, SubTaskFailure> {
        self
    }
}

impl SubTaskOutput for TaskResult {
    type Value = ();

    fn into_value(self) -> Result<(), SubTaskFailure> {
        match self {
            Self::Cancelled | Self::Ignored | Self::Succeeded => Ok(()),
            Self::Failed(error) => Err(SubTaskFailure {
                error,
                fatal: false,
            }),
            Self::Fatal(error) => Err(SubTaskFailure { error, fatal: true }),
        }
    }
}

impl<T: 'static, E: Into<TaskError>> SubTaskOutput for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, SubTaskFailure> {
        self.map_err(SubTaskFailure::new)
    }
}

//! What an attempt may return.

use std::error::Error;
use std::fmt;

/// An error of a task.
///
/// Anything that converts into a boxed error does, `anyhow::Error`, `eyre::Report` and `String`
/// included.
pub type TaskError = Box<dyn Error + Send + Sync + 'static>;

/// How an attempt has ended, in its own words.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum TaskResult {
    /// It was told to stop, and has; a normal end.
    Cancelled,
    /// It failed; an abnormal end.
    Failed(TaskError),
    /// It failed in a way that another attempt will not mend: never restarted, and its supervisor
    /// gives up.
    Fatal(TaskError),
    /// It declines to run: before it is ready that is a successful start without a process (OTP's
    /// `ignore`), afterwards a normal end.
    Ignored,
    /// It is done; a normal end.
    Succeeded,
}

impl TaskResult {
    /// A failure from any error.
    pub fn failed(error: impl Into<TaskError>) -> Self {
        Self::Failed(error.into())
    }
}

/// An error that must not be tried again.
///
/// # Examples
///
/// ```
/// use rust_supervisor::{Fatal, IntoTaskResult, TaskResult};
///
/// async fn load(path: &str) -> Result<(), Fatal<String>> {
///     Err(Fatal(format!("{path} is not a configuration")))
/// }
///
/// let result = Err::<(), _>(Fatal("no such table")).into_task_result();
/// assert!(matches!(result, TaskResult::Fatal(_)));
/// # let _ = load;
/// ```
///
/// With `?` it becomes a boxed error; where an error type of its own is needed (`anyhow`), use
/// [`Fatal::into_error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fatal<E>(pub E);

impl<E: Into<TaskError>> Fatal<E> {
    /// The same as a plain error.
    #[must_use]
    pub fn into_error(self) -> FatalError {
        FatalError {
            error: self.0.into(),
        }
    }
}

// The alias would read as `Self` inside its own bound.
#[allow(clippy::use_self)]
impl<E: Into<TaskError>> From<Fatal<E>> for TaskError {
    fn from(fatal: Fatal<E>) -> Self {
        Box::new(fatal.into_error())
    }
}

/// What a [`Fatal`] becomes as an error.
#[derive(Debug)]
pub struct FatalError {
    error: TaskError,
}

impl FatalError {
    pub(crate) fn into_inner(self) -> TaskError {
        self.error
    }
}

impl fmt::Display for FatalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for FatalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// What a supervised function may return.
///
/// `()`, `TaskResult`, or `Result<(), E>` with any `E` that converts into a boxed error. `Ok` is a
/// normal end, `Err` an abnormal one, unless the error is a [`Fatal`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an outcome a supervisor understands",
    label = "a supervised function must return `()`, `!`, `TaskResult` or `Result<(), E>`",
    note = "`E` is any error that converts into `Box<dyn Error + Send + Sync>`: plain errors, \
            `anyhow::Error`, `eyre::Report`, `String`"
)]
pub trait IntoTaskResult {
    /// The outcome in the supervisor's terms.
    fn into_task_result(self) -> TaskResult;
}

impl IntoTaskResult for () {
    fn into_task_result(self) -> TaskResult {
        TaskResult::Succeeded
    }
}

/// The type `!`, which has no name of its own yet: what a loop without end returns.
pub(super) type Never = <fn() -> ! as Returns>::Output;

/// Gives the result of a function a name.
#[doc(hidden)]
#[allow(unnameable_types, reason = "only `Never` needs it")]
pub trait Returns {
    /// What it returns.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

impl IntoTaskResult for Never {
    fn into_task_result(self) -> TaskResult {
        self
    }
}

impl IntoTaskResult for TaskResult {
    fn into_task_result(self) -> TaskResult {
        self
    }
}

// Otherwise the compiler would speak of conversions that nobody has written.
#[diagnostic::do_not_recommend]
impl<E: Into<TaskError>> IntoTaskResult for Result<(), E> {
    fn into_task_result(self) -> TaskResult {
        match self {
            Ok(()) => TaskResult::Succeeded,
            Err(error) => match error.into().downcast::<FatalError>() {
                Ok(fatal) => TaskResult::Fatal(fatal.error),
                Err(error) => TaskResult::Failed(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_error_keeps_the_error_it_wraps() {
        let result = Err::<(), _>(Fatal(fmt::Error)).into_task_result();
        let TaskResult::Fatal(error) = result else {
            panic!("{result:?}");
        };
        assert!(error.is::<fmt::Error>());
    }

    #[test]
    fn text_is_an_error_too() {
        let result = Err::<(), _>("no route".to_owned()).into_task_result();
        let TaskResult::Failed(error) = result else {
            panic!("{result:?}");
        };
        assert_eq!(error.to_string(), "no route");
    }
}

//! How a tree that was run has ended, for `main`.

use std::io::Write;
use std::process::{ExitCode, Termination};

use crate::error::types::{StartError, SupervisorError};
use crate::shutdown::report::ShutdownReport;

/// The outcome of [`Supervisor::run`](super::supervisor::Supervisor::run), to be returned from
/// `main`.
///
/// As the result of `main` it writes a failure to standard error, as a tree of causes, and sets the
/// exit code: 0 asked to stop or all ended, 1 gave up, 2 could not start.
#[derive(Debug)]
#[must_use = "return it from `main`, or take it apart with `into_result`"]
pub struct RunOutcome {
    result: Result<ShutdownReport, RunError>,
    speaks: bool,
}

/// Why a tree that was run has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It ended with an error.
    #[error(transparent)]
    Ended(#[from] SupervisorError),
    /// It could not be started.
    #[error(transparent)]
    NotStarted(#[from] StartError),
}

impl RunOutcome {
    pub(super) const fn not_started(error: StartError) -> Self {
        Self {
            result: Err(RunError::NotStarted(error)),
            speaks: true,
        }
    }

    pub(super) fn ended(result: Result<ShutdownReport, SupervisorError>) -> Self {
        Self {
            result: result.map_err(RunError::Ended),
            speaks: true,
        }
    }

    /// Writes nothing to standard error.
    pub const fn quiet(mut self) -> Self {
        self.speaks = false;
        self
    }

    /// The report, or what went wrong, to look at before it is returned from `main`.
    pub const fn as_result(&self) -> Result<&ShutdownReport, &RunError> {
        self.result.as_ref()
    }

    /// The report, or what went wrong.
    pub fn into_result(self) -> Result<ShutdownReport, RunError> {
        self.result
    }
}

impl Termination for RunOutcome {
    fn report(self) -> ExitCode {
        let code = match &self.result {
            Ok(_) => return ExitCode::SUCCESS,
            Err(RunError::Ended(_)) => 1,
            Err(RunError::NotStarted(_)) => 2,
        };
        if let (Err(error), true) = (&self.result, self.speaks) {
            // Where nobody reads it there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{error}");
        }
        ExitCode::from(code)
    }
}

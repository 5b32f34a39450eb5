//! How a tree that was run has ended, for `main`.

use std::io::Write;
use std::process::{ExitCode, Termination};

use crate::error::types::{StartError, SupervisorError};
use crate::shutdown::report::{ShutdownReport, Stopped};

/// The outcome of [`Supervisor::run`](super::supervisor::Supervisor::run), to be returned from
/// `main`.
///
/// As the result of `main` it writes a failure to standard error, as a tree of causes, and sets the
/// exit code: 0 asked to stop or all ended, 1 gave up, or stopped and left something behind that does
/// not end, 2 could not start.
#[derive(Debug)]
#[must_use = "return it from `main`, or take it apart with `into_result`"]
pub struct RunOutcome {
    result: Result<ShutdownReport, RunError>,
    /// How a tree that gave up has stopped.
    stopped: Option<ShutdownReport>,
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
    /// It was asked to stop or had done its work, and a child could not be ended.
    #[error("the tree has stopped, but not all of it:{}", stuck(.report))]
    Stuck {
        /// Who stopped, and who did not.
        report: Box<ShutdownReport>,
    },
}

/// One line for each child that could not be ended.
fn stuck(report: &ShutdownReport) -> String {
    let line = |child: &Stopped| match &child.stuck {
        Some(stuck) => format!("\n  - `{}` {stuck}", child.path),
        None => format!("\n  - `{}` is stuck", child.path),
    };
    report.stuck().map(line).collect()
}

impl RunOutcome {
    pub(super) const fn not_started(error: StartError) -> Self {
        Self {
            result: Err(RunError::NotStarted(error)),
            stopped: None,
            speaks: true,
        }
    }

    pub(super) fn ended(
        report: Result<ShutdownReport, SupervisorError>,
        end: Result<ShutdownReport, SupervisorError>,
    ) -> Self {
        let (result, stopped) = match end {
            Ok(report) if report.stuck().next().is_some() => (
                Err(RunError::Stuck {
                    report: Box::new(report),
                }),
                None,
            ),
            Ok(report) => (Ok(report), None),
            Err(error) => (Err(RunError::Ended(error)), report.ok()),
        };
        Self {
            result,
            stopped,
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
            Err(RunError::Ended(_) | RunError::Stuck { .. }) => 1,
            Err(RunError::NotStarted(_)) => 2,
        };
        if let (Err(error), true) = (&self.result, self.speaks) {
            // Where nobody reads it there is nobody to tell.
            let mut text = error.to_string();
            let left = self.stopped.as_ref().map(stuck).unwrap_or_default();
            if !left.is_empty() {
                text.push_str("\nnot all of it has stopped:");
                text.push_str(&left);
            }
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        ExitCode::from(code)
    }
}

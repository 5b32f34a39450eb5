//! Why a supervisor came down: a chain of causes, the first one innermost.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use crate::spec::policy::Intensity;

/// A supervisor that gave up or could not start, and what led to it.
///
/// Displays as the chain of causes, one line each, the first cause last.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The supervisor; the root is `/`.
    pub supervisor: Arc<str>,
    /// What it says of itself.
    pub why: Why,
    /// The child whose end led to it.
    pub child: Arc<str>,
    /// How that child ended, where an attempt of it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Arc<ExitRecord>>,
    /// Why that child came down, where it is a supervisor itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<Self>>,
}

/// What made a supervisor come down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// A child ended with an error that must not be tried again.
    Fatal,
    /// More restarts than this within the window.
    Intensity(Intensity),
    /// A child was not ready in time.
    NotReady,
    /// The child could not be started.
    StartFailed,
    /// The child could not be ended, and `on_stuck` is `escalate`.
    Stuck,
    /// The child exceeded its timeout before it was ready.
    TimedOut,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fatal => f.write_str("an end that must not be restarted"),
            Self::Intensity(limit) => {
                write!(
                    f,
                    "more than {} restarts in {:?}",
                    limit.restarts, limit.window
                )
            }
            Self::NotReady => f.write_str("not ready in time"),
            Self::StartFailed => f.write_str("could not be started"),
            Self::Stuck => f.write_str("could not be ended"),
            Self::TimedOut => f.write_str("timed out before it was ready"),
        }
    }
}

impl Failure {
    /// The innermost failure: where it began.
    #[must_use]
    pub fn first_cause(&self) -> &Self {
        let mut failure = self;
        while let Some(cause) = &failure.cause {
            failure = cause;
        }
        failure
    }
}

impl fmt::Display for Failure {
    /// The tree of causes, one line each, the first cause last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut failure = self;
        let mut depth = 0;
        loop {
            if depth > 0 {
                write!(f, "\n{:indent$}because ", "", indent = 2 * depth)?;
            }
            let (supervisor, child) = (&failure.supervisor, &failure.child);
            match failure.why {
                Why::Fatal => write!(f, "`{supervisor}` gave up: `{child}` must not be restarted"),
                Why::Intensity(limit) => write!(
                    f,
                    "`{supervisor}` gave up: more than {} restarts in {:?}, the last of `{child}`",
                    limit.restarts, limit.window
                ),
                Why::NotReady => write!(f, "`{child}` was not ready in time"),
                Why::StartFailed => write!(f, "`{child}` could not be started"),
                Why::Stuck => write!(f, "`{supervisor}` gave up: `{child}` is stuck"),
                Why::TimedOut => write!(f, "`{child}` timed out before it was ready"),
            }?;
            depth += 1;
            let Some(cause) = &failure.cause else { break };
            failure = cause;
        }
        if let Some(exit) = &failure.exit {
            write!(
                f,
                "\n{:indent$}first cause: `{}` {exit}",
                "",
                failure.child,
                indent = 2 * depth
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

//! Why a supervisor came down: the tree of causes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use super::stuck::Doing;
use crate::spec::policy::Intensity;

/// A supervisor that gave up or could not start, and what led to it.
///
/// Displays as a tree, the first cause marked:
///
/// ```text
/// `/` gave up: more than 1 restarts in 60s
///   - `gateway` gave up: more than 2 restarts in 30s
///     - first cause: `gateway/db` error: connection refused
///     - `gateway/eu` panicked: no database at src/eu.rs:12:9 (2 times)
///   - `gateway` gave up: more than 2 restarts in 30s
///     - `gateway/db` error: connection refused (3 times)
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The supervisor; the root is `/`.
    pub supervisor: Arc<str>,
    /// What it says of itself.
    pub why: Why,
    /// When, since the tree was made.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// What led to it, in the order in which it happened; the last one was decisive. There is at
    /// least one, and at most eight are kept: the first, and the last seven.
    pub causes: Vec<Cause>,
    /// How many others there were.
    pub omitted: u32,
}

/// The end of a child, as a cause of something.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// Path of the child.
    pub child: Arc<str>,
    /// Its generation; none of it was started if there is none.
    pub generation: Option<u64>,
    /// When it ended, since the tree was made.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// What became of it.
    pub end: CausedBy,
}

/// What became of a child that is the cause of something.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CausedBy {
    /// Its attempt ended like this.
    Attempt(Arc<ExitRecord>),
    /// It was never started.
    NotStarted,
    /// It could not be ended.
    Stuck(Doing),
    /// It is a supervisor, and came down: why, if it gave up or could not start. Where that is not
    /// the decisive cause, it is told no further than to its own first cause.
    Supervisor(Option<Arc<Failure>>),
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

impl Failure {
    /// Of a supervisor that gives up without having cause to, to see what would follow.
    pub(crate) fn of_rehearsal(supervisor: &Arc<str>, why: Why) -> Self {
        Self {
            supervisor: Arc::clone(supervisor),
            why,
            at: Duration::ZERO,
            causes: Vec::new(),
            omitted: 0,
        }
    }

    /// The cause that was decisive: the end that was one too many.
    ///
    /// # Panics
    ///
    /// If there is no cause, in a failure that was read from somewhere else.
    #[must_use]
    pub fn decisive(&self) -> &Cause {
        self.causes.last().expect("a failure has a cause")
    }

    /// Where it began: the earliest end of a worker that is known to have led to it.
    ///
    /// # Panics
    ///
    /// As [`decisive`](Failure::decisive).
    #[must_use]
    pub fn first_cause(&self) -> &Cause {
        let firsts = self.causes.iter().map(Cause::first);
        // Of those at the same moment, the one that is listed first.
        firsts
            .reduce(|first, next| if next.at < first.at { next } else { first })
            .expect("a failure has a cause")
    }

    /// The same, told no further than to its first cause.
    pub(crate) fn brief(self: &Arc<Self>) -> Arc<Self> {
        let first = self.first_cause();
        let leads = |cause: &&Cause| std::ptr::eq(cause.first(), first);
        let Some(cause) = self.causes.iter().find(leads) else {
            return Arc::clone(self);
        };
        let end = match &cause.end {
            CausedBy::Supervisor(Some(failure)) => CausedBy::Supervisor(Some(failure.brief())),
            end => end.clone(),
        };
        let others = u32::try_from(self.causes.len() - 1).unwrap_or(u32::MAX);
        Arc::new(Self {
            causes: vec![Cause {
                end,
                ..cause.clone()
            }],
            omitted: self.omitted.saturating_add(others),
            supervisor: Arc::clone(&self.supervisor),
            why: self.why,
            at: self.at,
        })
    }

    /// One line for the failure, and those of its causes below it.
    fn write(&self, f: &mut fmt::Formatter<'_>, first: &Cause, depth: usize) -> fmt::Result {
        self.write_heading(f)?;
        let mut causes = self.causes.iter().peekable();
        let mut place = 0;
        while let Some(cause) = causes.next() {
            if place == 1 {
                self.write_omitted(f, depth)?;
            }
            place += 1;
            write!(f, "\n{:indent$}- ", "", indent = 2 * depth + 2)?;
            if std::ptr::eq(cause, first) {
                f.write_str("first cause: ")?;
            }
            if let CausedBy::Supervisor(Some(failure)) = &cause.end {
                failure.write(f, first, depth + 1)?;
                continue;
            }
            let text = cause.to_string();
            f.write_str(&text)?;
            let mut times = 1;
            while causes.next_if(|next| next.repeats(&text)).is_some() {
                (times, place) = (times + 1, place + 1);
            }
            if times > 1 {
                write!(f, " ({times} times)")?;
            }
        }
        if place == 1 {
            self.write_omitted(f, depth)?;
        }
        Ok(())
    }

    /// How many causes are left out behind the first.
    fn write_omitted(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let (omitted, indent) = (self.omitted, 2 * depth + 2);
        if omitted == 0 {
            return Ok(());
        }
        write!(f, "\n{:indent$}- ({omitted} more)", "")
    }

    fn write_heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (supervisor, child) = (&self.supervisor, &self.decisive().child);
        match self.why {
            Why::Fatal => write!(f, "`{supervisor}` gave up: `{child}` must not be restarted"),
            Why::Intensity(_) => write!(f, "`{supervisor}` gave up: {}", self.why),
            Why::NotReady => write!(f, "`{child}` was not ready in time"),
            Why::StartFailed => write!(f, "`{child}` could not be started"),
            Why::Stuck => write!(f, "`{supervisor}` gave up: `{child}` is stuck"),
            Why::TimedOut => write!(f, "`{child}` timed out before it was ready"),
        }
    }
}

impl Cause {
    /// The first cause of this one.
    fn first(&self) -> &Self {
        match &self.end {
            CausedBy::Supervisor(Some(failure)) => failure.first_cause(),
            _ => self,
        }
    }

    /// How the attempt ended, where one was made.
    #[must_use]
    pub fn exit(&self) -> Option<&Arc<ExitRecord>> {
        match &self.end {
            CausedBy::Attempt(exit) => Some(exit),
            _ => None,
        }
    }

    fn repeats(&self, text: &str) -> bool {
        !matches!(self.end, CausedBy::Supervisor(Some(_))) && self.to_string() == text
    }
}

impl fmt::Display for Failure {
    /// The tree of causes, one line each, the first cause marked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.first_cause(), 0)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.child)?;
        match &self.end {
            CausedBy::Attempt(exit) => exit.fmt(f),
            CausedBy::NotStarted => f.write_str("was never started"),
            CausedBy::Stuck(doing) => write!(f, "could not be ended: {doing}"),
            CausedBy::Supervisor(Some(failure)) => failure.write_heading(f),
            CausedBy::Supervisor(None) => f.write_str("has ended"),
        }
    }
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

impl std::error::Error for Failure {}

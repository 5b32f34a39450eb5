//! How an attempt ended.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::task::outcome::TaskError;

/// The record of one end: what happened, to which attempt, after how long.
///
/// Errors are kept whole; [`ExitRecord::downcast_ref`] gives them back. They keep alive what they
/// own for as long as the journal or the child's history holds the record.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExitRecord {
    /// What ended the attempt.
    pub kind: ExitKind,
    /// Where the sub-task was spawned that failed, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_task: Option<SpawnedAt>,
    /// The attempt's generation.
    pub generation: u64,
    /// The attempt's number since the last back-off reset.
    pub attempt: u32,
    /// How long the attempt ran.
    #[serde(with = "super::nanos")]
    pub uptime: Duration,
}

/// What ended an attempt.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitKind {
    /// Its future was dropped before it had ended.
    Aborted,
    /// It ended after it had been asked to, or said that it was cancelled.
    Cancelled,
    /// It returned an error.
    Failed(#[serde(with = "error_text")] TaskError),
    /// It returned an error that says: do not try again.
    Fatal(#[serde(with = "error_text")] TaskError),
    /// It declined to run.
    Ignored,
    /// It was asked to stop before its first poll; no code of it ran.
    NeverStarted,
    /// It panicked: while it was built, polled or dropped.
    Panicked(Panic),
    /// The runtime went away under it.
    RuntimeGone,
    /// It returned `Ok`.
    Succeeded,
    /// It exceeded a limit of its time, and was ended for that.
    TimedOut(TimedOut),
}

/// A limit that was exceeded, and what came of the attempt then.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TimedOut {
    /// Which limit.
    pub limit: TimeLimit,
    /// What it allows.
    #[serde(with = "super::nanos")]
    pub after: Duration,
    /// How the attempt ended when it was made to.
    pub ended: Box<ExitKind>,
}

/// A limit of an attempt's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeLimit {
    /// `timeout`: how long one attempt may last.
    Attempt,
    /// `heartbeat`: how long it may be silent.
    Heartbeat,
    /// `ready_within`: how long its start may take.
    Readiness,
}

/// A panic that has been caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Panic {
    /// The message, where the payload was text.
    pub message: String,
    /// `file:line:column`, where [`panics::install`](crate::panics::install) has been called.
    pub location: Option<String>,
    /// Where the hook is installed, and `RUST_BACKTRACE` (or `RUST_LIB_BACKTRACE`) asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtrace: Option<PanicBacktrace>,
    /// What was being done with the attempt.
    pub during: During,
}

/// The calls that led to a panic. Displays, and serializes, as text.
///
/// Symbols are looked up when that is written, not when the panic is caught.
#[derive(Clone, Debug)]
pub struct PanicBacktrace(BacktraceText);

#[derive(Clone, Debug)]
enum BacktraceText {
    Captured(Arc<Backtrace>),
    Read(Arc<str>),
}

impl PanicBacktrace {
    /// The calls of this thread; none if nobody asks for them.
    pub(crate) fn capture() -> Option<Self> {
        let backtrace = Backtrace::capture();
        let captured = backtrace.status() == BacktraceStatus::Captured;
        captured.then(|| Self(BacktraceText::Captured(Arc::new(backtrace))))
    }
}

impl PartialEq for PanicBacktrace {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (BacktraceText::Captured(one), BacktraceText::Captured(other)) => {
                Arc::ptr_eq(one, other)
            }
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl Eq for PanicBacktrace {}

impl fmt::Display for PanicBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BacktraceText::Captured(backtrace) => backtrace.fmt(f),
            BacktraceText::Read(text) => f.write_str(text),
        }
    }
}

impl Serialize for PanicBacktrace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PanicBacktrace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(BacktraceText::Read(text.into())))
    }
}

/// The place in the source where a sub-task was spawned.
///
/// Displays, and serializes, as `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpawnedAt(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Code(&'static Location<'static>),
    /// It was read from what it serializes to.
    Text(Arc<str>),
}

/// What was being done with an attempt when it panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum During {
    /// Its future was being made: the factory, or the clone of an argument.
    Build,
    /// Its future was being dropped.
    Drop,
    /// Its future was being polled.
    Poll,
}

impl ExitRecord {
    /// The error that the attempt returned, if it is of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.error()?.downcast_ref()
    }

    /// The error that the attempt returned.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.kind.error()
    }
}

impl ExitKind {
    fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            Self::Failed(error) | Self::Fatal(error) => Some(&**error),
            Self::TimedOut(timed_out) => timed_out.ended.error(),
            _ => None,
        }
    }
}

impl Drop for ExitRecord {
    /// A panic in the destructor of a user's error ends here: records are dropped in batches, and
    /// a second panic would abort the process.
    fn drop(&mut self) {
        crate::panics::drop_quietly(std::mem::replace(&mut self.kind, ExitKind::NeverStarted));
    }
}

impl fmt::Display for ExitRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.sub_task {
            Some(place) => write!(f, ", in the sub-task spawned at {place}"),
            None => Ok(()),
        }
    }
}

impl SpawnedAt {
    pub(crate) const fn new(place: &'static Location<'static>) -> Self {
        Self(Place::Code(place))
    }

    /// The place, unless the record was read from text.
    #[must_use]
    pub const fn location(&self) -> Option<&'static Location<'static>> {
        match &self.0 {
            Place::Code(place) => Some(place),
            Place::Text(_) => None,
        }
    }
}

impl fmt::Display for SpawnedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Code(place) => place.fmt(f),
            Place::Text(place) => f.write_str(place),
        }
    }
}

impl<'de> Deserialize<'de> for SpawnedAt {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Arc::deserialize(from).map(|place| Self(Place::Text(place)))
    }
}

impl Serialize for SpawnedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ExitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => f.write_str("aborted"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Failed(error) => write!(f, "error: {}", Chain(&**error)),
            Self::Fatal(error) => write!(f, "fatal error: {}", Chain(&**error)),
            Self::Ignored => f.write_str("declined to run"),
            Self::NeverStarted => f.write_str("stopped before its first poll"),
            Self::Panicked(panic) => panic.fmt(f),
            Self::RuntimeGone => f.write_str("the runtime has gone"),
            Self::Succeeded => f.write_str("ended normally"),
            Self::TimedOut(timed_out) => timed_out.fmt(f),
        }
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.limit, self.after)?;
        match &*self.ended {
            ExitKind::Cancelled | ExitKind::NeverStarted | ExitKind::Succeeded => Ok(()),
            ExitKind::Aborted => f.write_str(", and was dropped"),
            ended => write!(f, "; then {ended}"),
        }
    }
}

impl fmt::Display for TimeLimit {
    /// What is said of who exceeded it; the time that it allows follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempt => "timed out: it lasted longer than",
            Self::Heartbeat => "timed out: it has not beaten for",
            Self::Readiness => "timed out: it was not ready within",
        })
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let during = match self.during {
            During::Build => " while it was built",
            During::Drop => " while it was dropped",
            During::Poll => "",
        };
        write!(f, "panicked{during}: {}", self.message)?;
        match &self.location {
            Some(location) => write!(f, " at {location}"),
            None => Ok(()),
        }
    }
}

/// An error and its sources, on one line.
///
/// The code of user errors runs here, so a panic in it is caught and told.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0))
    }
}

fn text(error: &(dyn Error + 'static)) -> String {
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut text = error.to_string();
        let mut source = error.source();
        // A chain that is longer than this is a cycle.
        for _ in 0..32 {
            let Some(error) = source else { break };
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }));
    written.unwrap_or_else(|payload| {
        crate::panics::forget(payload);
        "(its description panicked)".to_owned()
    })
}

/// An error of a user is written as its text, and read as that.
mod error_text {
    use super::{Deserialize, Deserializer, Serializer, TaskError, text};

    pub(super) fn serialize<S: Serializer>(error: &TaskError, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(&**error))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TaskError, D::Error> {
        String::deserialize(from).map(TaskError::from)
    }
}

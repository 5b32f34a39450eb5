//! An end as a tree keeps it.
//!
//! Of most ends that were asked for there is nothing to tell but that, and hardly anybody looks at
//! them: those of a tree that comes down, and of a group that is restarted. A record of such a one is
//! made when somebody does.

use std::sync::Arc;
use std::time::Duration;

use super::exit::{ExitKind, ExitRecord};
use super::kind::EventKind;
use crate::machine::decision::ExitClass;
use crate::machine::time::nanos;

/// The end of an attempt.
#[derive(Clone, Debug)]
pub(crate) enum KeptEnd {
    Plain(PlainEnd),
    Record(Arc<ExitRecord>),
}

/// An end that owns nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainEnd {
    pub(crate) kind: PlainKind,
    pub(crate) attempt: u32,
    pub(crate) generation: u64,
    /// In nanoseconds.
    pub(crate) uptime: u64,
}

/// The kinds of end that own nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainKind {
    Aborted,
    Cancelled,
    Ignored,
    NeverStarted,
    RuntimeGone,
    Succeeded,
}

impl PlainKind {
    /// None of an end that has more to tell.
    pub(crate) const fn of(kind: &ExitKind) -> Option<Self> {
        Some(match kind {
            ExitKind::Aborted => Self::Aborted,
            ExitKind::Cancelled => Self::Cancelled,
            ExitKind::Ignored => Self::Ignored,
            ExitKind::NeverStarted => Self::NeverStarted,
            ExitKind::RuntimeGone => Self::RuntimeGone,
            ExitKind::Succeeded => Self::Succeeded,
            ExitKind::Failed(_)
            | ExitKind::Fatal(_)
            | ExitKind::Panicked(_)
            | ExitKind::TimedOut(_) => return None,
        })
    }
}

impl From<PlainKind> for ExitKind {
    fn from(kind: PlainKind) -> Self {
        match kind {
            PlainKind::Aborted => Self::Aborted,
            PlainKind::Cancelled => Self::Cancelled,
            PlainKind::Ignored => Self::Ignored,
            PlainKind::NeverStarted => Self::NeverStarted,
            PlainKind::RuntimeGone => Self::RuntimeGone,
            PlainKind::Succeeded => Self::Succeeded,
        }
    }
}

impl PlainEnd {
    /// How long the attempt has run is for the machine to say.
    pub(crate) const fn new(kind: PlainKind, generation: u64, attempt: u32) -> Self {
        Self {
            kind,
            attempt,
            generation,
            uptime: 0,
        }
    }

    /// None of an end that has more to tell.
    pub(crate) fn of(kind: &ExitKind, generation: u64, attempt: u32) -> Option<Self> {
        PlainKind::of(kind).map(|kind| Self::new(kind, generation, attempt))
    }

    fn record(self) -> Arc<ExitRecord> {
        Arc::new(ExitRecord {
            kind: self.kind.into(),
            sub_task: None,
            generation: self.generation,
            attempt: self.attempt,
            uptime: Duration::from_nanos(self.uptime),
        })
    }
}

impl From<PlainEnd> for EventKind {
    fn from(end: PlainEnd) -> Self {
        Self::Exited(end.record())
    }
}

impl KeptEnd {
    /// An end that was no sub-task's.
    pub(crate) fn of(kind: ExitKind, generation: u64, attempt: u32) -> Self {
        let plain = PlainEnd::of(&kind, generation, attempt);
        plain.map_or_else(
            || {
                Self::Record(Arc::new(ExitRecord {
                    kind,
                    sub_task: None,
                    generation,
                    attempt,
                    uptime: Duration::ZERO,
                }))
            },
            Self::Plain,
        )
    }

    /// It is known now how long the attempt has run; nobody else has it yet.
    pub(crate) fn ran_for(&mut self, uptime: Duration) {
        match self {
            Self::Plain(end) => end.uptime = nanos(uptime),
            Self::Record(record) => {
                if let Some(record) = Arc::get_mut(record) {
                    record.uptime = uptime;
                }
            }
        }
    }

    /// What there is to tell of it.
    pub(crate) fn record(&self) -> Arc<ExitRecord> {
        self.clone().into_record()
    }

    /// The same, where nobody else wants it.
    pub(crate) fn into_record(self) -> Arc<ExitRecord> {
        match self {
            Self::Plain(end) => end.record(),
            Self::Record(record) => record,
        }
    }

    /// What of it may own values of users.
    pub(crate) fn into_owner(self) -> Option<Arc<ExitRecord>> {
        match self {
            Self::Plain(_) => None,
            Self::Record(record) => Some(record),
        }
    }

    pub(crate) fn class(&self) -> ExitClass {
        match self {
            Self::Plain(end) => ExitKind::from(end.kind).class(),
            Self::Record(record) => record.kind.class(),
        }
    }
}

//! What a child that could not be ended was seen doing.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A child that could not be ended: for how long, and what it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stuck {
    /// What it is doing.
    pub doing: Doing,
    /// Since it was given up: its stop budget, and a second to be dropped, had passed by then.
    #[serde(with = "super::nanos")]
    pub since: Duration,
}

/// What an attempt that does not end is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doing {
    /// It is inside one poll, or in the drop of its future, and occupies its thread.
    InPoll {
        /// For at least this long: it was seen there first when it was asked to end, or later.
        #[serde(with = "super::nanos")]
        at_least: Duration,
    },
    /// It is a blocking function, which cannot be dropped and has not returned.
    Blocking,
    /// Its body has ended or been dropped, and this many of its sub-tasks have not.
    SubTasks {
        /// So many.
        left: usize,
    },
    /// It is not polled, though it has been woken: no thread of the runtime is free for it.
    Waiting,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stuck for {:.1?}, {}", self.since, self.doing)
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InPoll { at_least } if at_least.is_zero() => f.write_str("inside a poll"),
            Self::InPoll { at_least } => {
                write!(f, "inside one poll for at least {at_least:.1?}")
            }
            Self::Blocking => f.write_str("inside its blocking function"),
            Self::SubTasks { left: 1 } => f.write_str("waiting for a sub-task that does not end"),
            Self::SubTasks { left } => {
                write!(f, "waiting for {left} sub-tasks that do not end")
            }
            Self::Waiting => f.write_str("waiting, not inside a poll"),
        }
    }
}

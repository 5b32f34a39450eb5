//! What became of a child's attempts: how each ended, what was decided on that, and why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::Commanded;
use super::exit::ExitRecord;
use super::failure::{Failure, Why};
use super::kind::Quarantine;

/// One end of a child or supervisor, with the decision that was taken on it.
///
/// The last few of each child are kept, from its first failure on: see
/// [`SupervisorSpec::history`](crate::SupervisorSpec::history).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ended {
    /// When it ended, since the tree was made.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// The generation that ended.
    pub generation: u64,
    /// Its number since the last back-off reset.
    pub attempt: u32,
    /// How the attempt ended; a supervisor has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Arc<ExitRecord>>,
    /// Why a supervisor gave up or could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
    /// What was decided.
    pub decision: Decision,
    /// Who asked for it, and why, where that was it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Arc<Commanded>>,
}

/// What followed from an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// None was needed: the restart of its group, or the stop of its supervisor, took it up.
    Absorbed,
    /// None was needed: it had been asked to end.
    Asked,
    /// It is not started again.
    Finished(Because),
    /// Its supervisor comes down.
    GaveUp(Why),
    /// None was needed: before its supervisor came to it, the child was to be kept down, or removed.
    Overtaken,
    /// Its supervisor has not come to it yet.
    Pending,
    /// Its start has failed, and is not tried again.
    StartFailed(Why),
    /// It is kept down until it is resumed.
    Quarantined(Quarantine),
    /// It is started again, alone.
    Restart {
        /// What speaks for it.
        because: Because,
        /// From the end on.
        #[serde(with = "super::nanos")]
        delay: Duration,
    },
    /// It is started again, with the group that its supervisor's strategy says.
    RestartGroup {
        /// What speaks for it.
        because: Because,
        /// From the end on.
        #[serde(with = "super::nanos")]
        delay: Duration,
    },
}

/// What speaks for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Because {
    /// A transient child is started again after an abnormal end.
    Abnormal,
    /// It declined to run.
    Declined,
    /// A transient child is not started again after a normal end.
    Normal,
    /// A permanent child is started again after any end.
    Permanent,
    /// A restart, or a first start that may be retried, has failed, and is tried again.
    StartFailed,
    /// A temporary child is never started again.
    Temporary,
}

impl fmt::Display for Ended {
    /// The end and the decision, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {}: ", self.generation)?;
        match (&self.exit, &self.failure) {
            (Some(exit), _) => write!(f, "{exit}, after {:.1?}", exit.uptime)?,
            (None, Some(failure)) => failure.why.fmt(f)?,
            (None, None) => f.write_str("ended")?,
        }
        match &self.asked_by {
            Some(asked) => write!(f, "; it {asked}"),
            None => write!(f, "; {}", self.decision),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absorbed => f.write_str("taken up by what its supervisor had under way"),
            Self::Asked => f.write_str("it had been asked to"),
            Self::Finished(because) => write!(f, "not restarted, because {because}"),
            Self::GaveUp(why) => write!(f, "its supervisor gave up: {why}"),
            Self::Overtaken => f.write_str("overtaken by who keeps the child down, or removes it"),
            Self::Pending => f.write_str("not decided yet"),
            Self::Quarantined(why) => write!(f, "quarantined: {why}"),
            Self::StartFailed(why) => write!(f, "not tried again: {why}"),
            Self::Restart { because, delay } => {
                write!(f, "restarted after {delay:.1?}, because {because}")
            }
            Self::RestartGroup { because, delay } => {
                write!(
                    f,
                    "restarted with its group after {delay:.1?}, because {because}"
                )
            }
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abnormal => "it is transient and the end was abnormal",
            Self::Declined => "it declined to run",
            Self::Normal => "it is transient and the end was normal",
            Self::Permanent => "it is permanent",
            Self::StartFailed => "a start that fails is tried again",
            Self::Temporary => "it is temporary",
        })
    }
}

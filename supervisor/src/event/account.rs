//! What has become of a child.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::history::Ended;
use super::kind::Event;
use super::snapshot::ChildState;
use crate::control::outcome::ChildControlOperation;
use crate::id::path;
use crate::task::start_reason::StartReason;

/// What has become of a child: its state and what has led to it, and its last ends, each with the
/// decision on it.
///
/// Ends are kept from the first failure on, and those that somebody asked for: see
/// [`SupervisorSpec::history`](crate::SupervisorSpec::history). Displays as text, for people.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The child.
    pub path: Arc<str>,
    /// It holds after the event of this number.
    pub as_of_seq: u64,
    /// What it is doing.
    pub state: ChildState,
    /// What is wanted of it.
    pub operation: ChildControlOperation,
    /// How long it has been in this state.
    #[serde(with = "super::nanos")]
    pub since: Duration,
    /// The generation of its present or last attempt.
    pub generation: Option<u64>,
    /// The number of that attempt since the last back-off reset.
    pub attempt: u32,
    /// Why that attempt was started; `None` where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<StartReason>,
    /// Until it is started again, where it waits for that.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::nanos::option"
    )]
    pub restart_in: Option<Duration>,
    /// The event that its state follows from, while the journal has it: a command and who issued
    /// it, a crash of its own or of a sibling, the start of the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows_from: Option<Event>,
    /// Its last ends, the oldest first.
    pub ends: Vec<Ended>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path::shown(&self.path);
        write!(f, "`{path}` has been {} for {:.1?}", self.state, self.since)?;
        if self.operation != ChildControlOperation::Active {
            write!(f, ", {}", self.operation)?;
        }
        if let Some(delay) = self.restart_in {
            write!(f, "; it is restarted in {delay:.1?}")?;
        }
        if let Some(event) = &self.follows_from {
            write!(f, "\nthat follows from event {}: {event}", event.seq)?;
        }
        for ended in &self.ends {
            write!(f, "\n  {:>9.3?}  {ended}", ended.at)?;
        }
        Ok(())
    }
}

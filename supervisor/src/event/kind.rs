//! The events of a tree.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::command::{Commanded, Refused};
use super::exit::{ExitRecord, TimeLimit};
use super::failure::Failure;
use super::snapshot::ChildState;
use super::stuck::Doing;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::policy::Intensity;

/// The version of what [`Event`] and [`Snapshot`](super::snapshot::Snapshot) serialize to.
///
/// It grows when a reader of the version before would misread; fields and variants that such a
/// reader can ignore do not change it. What an older version wrote still reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Something that happened to a child or supervisor of a tree.
///
/// Every event says what its child is doing *after* it, so that the last event of each path is the
/// state of the tree: [`Fold`](super::fold::Fold) puts that together. What is done to a child is
/// one event; what follows from it at once is told by events behind it, which carry the same
/// `correlation`.
///
/// Times serialize as whole nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Number of the event in its tree: begins at 1, without gaps.
    pub seq: u64,
    /// When it happened, since the tree was made; never goes back.
    #[serde(with = "super::nanos")]
    pub at: Duration,
    /// When it happened, by the clock on the wall, as it was set about a second before; for people,
    /// and to compare with other logs. It may go back.
    #[serde(with = "super::nanos::wall")]
    pub wall: SystemTime,
    /// The child or supervisor; the root is the empty path.
    pub path: Arc<str>,
    /// Its generation; `None` before its first start.
    pub generation: Option<u64>,
    /// Its attempt since the last back-off reset.
    pub attempt: u32,
    /// What it is doing now; `removed` where the tree has no such child, or has it no more.
    pub state: ChildState,
    /// What operators want of it.
    pub operation: Operation,
    /// It counts as ready.
    pub ready: bool,
    /// Number of the event that this follows from: a command, a crash, the start of the tree, a
    /// deadline that was missed. An event that begins something carries its own number. What
    /// follows is tied to it through delays, restarts of groups, and escalation.
    pub correlation: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// Its future is dropped at the next opportunity; of a supervisor, everything below it.
    Aborting,
    /// It stands in the tree from now on: it was added at run time, or came back with its
    /// supervisor. The children that a tree begins with are there without that.
    Added,
    /// Few restarts are left before a budget is spent; nothing has been decided by it.
    BudgetLow {
        /// Which one.
        budget: Budget,
        /// How many more restarts it allows now.
        left: u32,
        /// How many it allows within its window.
        of: u32,
    },
    /// Somebody asked for something. What follows carries its number as `correlation`.
    Commanded(Arc<Commanded>),
    /// Its back-off is over, and it starts in its turn with its group.
    Due,
    /// It is not started again: its supervisor comes down because of it.
    Escalated,
    /// An attempt has ended; what is decided on it follows as an event of its own.
    Exited(Arc<ExitRecord>),
    /// It ended for good: normally, or as a temporary child.
    Finished,
    /// The supervisor comes down because of this.
    GaveUp(Arc<Failure>),
    /// The supervisor starts what it has stopped to restart a group.
    GroupStarting,
    /// The supervisor stops the group of a child that is to be restarted.
    GroupStopping,
    /// An operator wants this of a child that does not exist yet.
    Intent(Operation),
    /// What is wanted of it has changed.
    Operation(Operation),
    /// It is kept down until it is resumed, and its `operation` is `quarantined`; nobody asked for
    /// that.
    Quarantined(Quarantine),
    /// It is ready: its start is complete, or, of a supervisor, all that is critical in it is ready
    /// again. A child that is ready as soon as it has started says so in `Started`.
    Ready,
    /// The command before had no effect.
    Refused(Refused),
    /// What a new configuration of the tree asks for has been carried out.
    Reloaded,
    /// It was removed, with everything below it.
    Removed,
    /// It failed, and is started again after this delay.
    Restarting {
        /// Zero: at once.
        #[serde(with = "super::nanos")]
        delay: Duration,
        /// How the attempt ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<Arc<ExitRecord>>,
    },
    /// It has another policy, by a reload; nothing has been done to what runs.
    Retuned,
    /// The shutdown of the tree has come to this phase.
    Shutdown(ShutdownPhase),
    /// A message of an attempt that is over came, and was ignored.
    Stale,
    /// It has been inside one poll for longer than its `stall_after`, and still is.
    Stalled {
        /// For at least this long.
        #[serde(with = "super::nanos")]
        at_least: Duration,
    },
    /// An attempt is started; a supervisor begins to start its children.
    Started,
    /// It is down without having been asked: a start that was due is called off, or its supervisor
    /// has come down around it.
    Stopped,
    /// It is asked to stop; a supervisor begins to stop its children.
    Stopping,
    /// It could not be ended in time; its path is fenced until it has physically gone.
    Stuck(Doing),
    /// A supervisor has ended.
    SupervisorEnded(SupervisorEnd),
    /// It exceeds a limit of its time, and is ended for that.
    TimedOut {
        /// Which limit.
        limit: TimeLimit,
        /// What it allows.
        #[serde(with = "super::nanos")]
        after: Duration,
    },
    /// A supervisor is not ready any more: something critical in it is not.
    Unready,
    /// It was stalled, and has left that poll.
    Unstalled,
    /// It was stuck, and has physically gone; its end is the event before.
    Unstuck,
    /// The start of a supervisor is complete, though something critical in it is kept down.
    Up,
    /// It must start, but a sibling that it is after is not ready.
    Waiting,
}

/// What limits restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Budget {
    /// The child's own `fuse`.
    Fuse,
    /// The `intensity` of its supervisor.
    Intensity,
}

/// Why a child was put into quarantine without a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Quarantine {
    /// Its error says that it must not be tried again.
    Fatal,
    /// It was restarted more often than its `fuse` allows.
    Fuse,
    /// With its restart the `intensity` of its supervisor was exceeded.
    Intensity,
}

/// Why a supervisor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SupervisorEnd {
    /// The end of its children ended it.
    AutoShutdown,
    /// Its `init` declined to run.
    Declined,
    /// More restarts than allowed, or a fatal error.
    GaveUp,
    /// It was killed.
    Killed,
    /// It was asked to stop.
    Requested,
    /// A child could not be started.
    StartFailed,
}

impl EventKind {
    /// Whether something has become of a child: a message for it alone changes nothing.
    pub(crate) const fn tells_state(&self) -> bool {
        !matches!(self, Self::Commanded(_) | Self::Refused(_) | Self::Stale)
    }
}

impl Intensity {
    /// Whether so few restarts are left that somebody should know: a fifth, or the last.
    pub(crate) const fn is_low(self, left: u32) -> bool {
        left <= self.restarts / 5
    }
}

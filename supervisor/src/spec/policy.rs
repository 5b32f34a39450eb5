//! Policies of a child and of a supervisor, as plain values.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a child that has ended is started again.
///
/// The terms are OTP's. An end is *normal* after `Ok`, `Cancelled` or a stop request, and
/// *abnormal* after an error, a panic, a timeout or an abort from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// After any end.
    Permanent,
    /// Never.
    Temporary,
    /// After an abnormal end. The default of workers: in Rust, `Ok` means done.
    #[default]
    Transient,
}

/// How a child is asked to stop, and how long it may take.
///
/// After the budget its future is dropped at the next await point. A child that does not get there
/// within another second is stuck: it is reported, and nobody waits for it any longer. The default
/// is [`Within`](Shutdown::Within) five seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shutdown {
    /// Drops the future at once, without asking.
    Abort,
    /// Asks, and waits without limit: the stop of the tree has none either.
    Infinity,
    /// Asks, and waits this long.
    Within(Duration),
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}

impl From<Duration> for Shutdown {
    fn from(budget: Duration) -> Self {
        Self::Within(budget)
    }
}

/// When a start counts as complete, so that the next sibling may start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// When the child has ended normally: migrations and other work that others wait for.
    Completed,
    /// When the child calls [`TaskContext::mark_ready`](crate::TaskContext::mark_ready).
    Explicit,
    /// At once: as soon as the task has been told to start, before its first poll.
    #[default]
    Immediate,
}

/// What a supervisor does about a child that cannot be stopped.
///
/// A child is stuck when it still occupies its thread a second after it was dropped. Nothing is
/// started at its path before it has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStuck {
    /// The supervisor gives up, and its own parent decides.
    Escalate,
    /// The child is left out, and started again once it has gone.
    #[default]
    Wait,
}

/// What a supervisor does when a child was restarted more often than its [`Intensity`] allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExhausted {
    /// It stops its children and ends; its own parent decides (OTP).
    #[default]
    Escalate,
    /// It puts the child that broke the limit into quarantine, starts the rest of what the restart
    /// takes along without it, and counts anew.
    Quarantine,
    /// The whole tree ends with an error.
    Shutdown,
}

/// Which siblings a restart takes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The failed child and, transitively, all children that are `after` it.
    Dependents,
    /// All children of the supervisor.
    OneForAll,
    /// Only the failed child.
    #[default]
    OneForOne,
    /// The failed child and all children declared after it.
    RestForOne,
}

impl fmt::Display for Strategy {
    /// The word of the setting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dependents => "dependents",
            Self::OneForAll => "one_for_all",
            Self::OneForOne => "one_for_one",
            Self::RestForOne => "rest_for_one",
        })
    }
}

/// How many restarts in a sliding window are accepted: by a supervisor, or by the fuse of a child.
///
/// `restarts` restarts are allowed; with the next one a supervisor gives up (OTP's `intensity` and
/// `period`), and a child with a fuse is quarantined. `0` is legal: the first restart is one too
/// many. The default of a supervisor, when nothing is written, is 10 restarts in 10 s *for each
/// child*, summed into its one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Intensity {
    /// Restarts that are allowed inside the window.
    pub restarts: u32,
    /// Length of the sliding window.
    pub window: Duration,
}

impl Intensity {
    /// `restarts` within any `window`.
    #[must_use]
    pub const fn new(restarts: u32, window: Duration) -> Self {
        Self { restarts, window }
    }
}

/// Whether a supervisor shuts down by itself when children end for good.
///
/// OTP's `auto_shutdown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoShutdown {
    /// When no child is left that runs or will run again: batch trees.
    AllEnded,
    /// When the last significant child has ended by itself.
    AllSignificant,
    /// When the first significant child ends by itself.
    AnySignificant,
    /// Never: an idle supervisor stays up.
    #[default]
    Never,
}

/// In which order the children of a supervisor start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartOrder {
    /// Every child whose `after` are ready starts at once; a stop runs that backwards.
    Concurrent,
    /// One after the other as declared; stopping in reverse.
    #[default]
    Ordered,
}

/// What a failed first start of a critical child does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstStart {
    /// Stops what has been started, in reverse, and fails the start (OTP).
    #[default]
    Fail,
    /// Tries again, with back-off and intensity as for a restart.
    Retry,
}

/// What a stop does to a child that is still starting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhileStarting {
    /// Ends the start at once.
    #[default]
    Interrupt,
    /// Waits until the start has completed or failed, as OTP does. Supervisors below must do the
    /// same, and none of them have [`FirstStart::Retry`]: otherwise the start may have no bound,
    /// and a stop interrupts it.
    Wait,
}

/// Whether children may be added to an ordinary supervisor at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddPolicy {
    /// Refused.
    No,
    /// Accepted, up to `max_children` where that is set.
    #[default]
    Yes,
}

/// Whether a supervisor is a pool: OTP's `simple_one_for_one`.
///
/// The instances of a pool are added at run time, restarted one by one, stopped concurrently and
/// forgotten when they end. A number is the most instances at a time; `true` sets no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// A pool of at most this many instances.
    Limited(usize),
    /// An ordinary supervisor.
    #[default]
    Off,
    /// A pool without limit.
    Unlimited,
}

impl From<usize> for Pool {
    fn from(limit: usize) -> Self {
        Self::Limited(limit)
    }
}

impl From<bool> for Pool {
    fn from(on: bool) -> Self {
        if on { Self::Unlimited } else { Self::Off }
    }
}

//! What was asked of a tree.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::control::audit::Audit;

/// A command, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Commanded {
    /// What was asked for.
    pub command: CommandKind,
    /// Who asked, and why.
    #[serde(flatten)]
    pub audit: Audit,
}

/// What may be asked of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommandKind {
    /// Forget a child that is down.
    Delete,
    /// Drop a child without asking it.
    Kill,
    /// Stop a child and keep it down.
    Pause,
    /// Pause a child for a reason.
    Quarantine,
    /// Take another configuration.
    Reload,
    /// Stop a child and forget it.
    Remove,
    /// Stop a child, and start it again.
    Restart,
    /// Start a child that is down.
    Resume,
    /// Stop the tree.
    Shutdown,
    /// Add a child, and start it.
    Start,
    /// Stop a child.
    Stop,
}

/// Why a command had no effect.
///
/// The error that the command is answered says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refused {
    /// The supervisor takes no children at run time.
    AddingNotAllowed,
    /// The name is taken by a child that is down, or being restarted.
    AlreadyPresent,
    /// The name is taken by a child that runs.
    AlreadyStarted,
    /// A former child of that name has not physically gone.
    Fenced,
    /// The start was cut short by a stop.
    Interrupted,
    /// The child may not stand there.
    Invalid,
    /// The supervisor has as many children as it may have.
    LimitReached,
    /// There is no code to start.
    NoCode,
    /// The child runs, and the command is for one that does not.
    NotDown,
    /// Another attempt runs than the one that the command was for.
    OtherGeneration,
    /// The supervisor or the tree comes down, or is down.
    ShuttingDown,
    /// The child did not start.
    StartFailed,
    /// An operator has put something else in the place of a declared child.
    Taken,
    /// As much is wanted already of children that do not exist as can be remembered.
    TooManyIntents,
    /// There is no such child.
    Unknown,
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Delete => "delete",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Quarantine => "quarantine",
            Self::Reload => "reload",
            Self::Remove => "remove",
            Self::Restart => "restart",
            Self::Resume => "resume",
            Self::Shutdown => "shutdown",
            Self::Start => "start",
            Self::Stop => "stop",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AddingNotAllowed => "its supervisor takes no children at run time",
            Self::AlreadyPresent => "the name is taken",
            Self::AlreadyStarted => "it runs already",
            Self::Fenced => "a former one of that name has not gone",
            Self::Interrupted => "a stop cut the start short",
            Self::Invalid => "it may not stand there",
            Self::LimitReached => "its supervisor is full",
            Self::NoCode => "there is no code to start",
            Self::NotDown => "it is not down",
            Self::OtherGeneration => "another attempt runs than the one that was meant",
            Self::ShuttingDown => "its supervisor comes down",
            Self::StartFailed => "it did not start",
            Self::Taken => "something else has its place",
            Self::TooManyIntents => "too much is wanted already of children that do not exist",
            Self::Unknown => "there is no such child",
        })
    }
}

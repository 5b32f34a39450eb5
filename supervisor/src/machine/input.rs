//! What can be told to the machine.

use std::sync::Arc;
use std::time::Duration;

use super::decision::ExitClass;
use super::intents::Intended;
use super::mirror;
use super::node::{Ix, NodeId};
use super::time::Nanos;
use crate::control::audit::Audit;
use crate::event::command::CommandKind;
use crate::event::end::KeptEnd;
use crate::spec::plan::Planned;

/// Identifies a command, so that its answer finds the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u64);

/// One thing that has happened, or that is asked for.
#[derive(Debug)]
pub(crate) enum Input {
    Command(Token, Audit, Command),
    /// An attempt is coming to its end by itself, and some of it is still left: its body has ended
    /// and sub-tasks have not, or a sub-task has failed.
    Ending(NodeId, u64),
    /// An attempt has been observed to have ended.
    Exited(NodeId, u64, Exit),
    /// An attempt says that it is ready.
    Ready(NodeId, u64),
    /// The driver of a node has gone; nothing of the child is left.
    Released(NodeId),
    /// The runtime has gone and took an attempt (or a parked driver) along.
    RuntimeGone,
    /// An attempt has been seen inside one poll for longer than its child may be, at least so long.
    Stalled(NodeId, u64, Duration),
    /// Starts the tree.
    Start,
    /// Time has passed.
    Tick,
    /// An attempt has left the poll that it was stalled in, or has ended.
    Unstalled(NodeId, u64),
}

/// How an attempt has ended.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) class: ExitClass,
    pub(crate) end: KeptEnd,
}

/// What may be asked of a running tree.
#[derive(Debug)]
pub(crate) enum Command {
    /// Adds a planned child to a supervisor and starts it.
    Add(NodeId, Box<Planned>, Option<mirror::Place>),
    /// One of the verbs, for one child.
    Child(Verb, NodeId),
    /// The same, for a path below a supervisor that may be taken when it is the command's turn.
    Named(Verb, NodeId, Arc<str>),
    /// The same; where no child has the path, what is wanted of one is remembered.
    Intended(Intended, NodeId, Arc<str>),
    /// Answers the children of a supervisor.
    Children(NodeId),
    /// Takes another configuration.
    #[cfg_attr(
        not(feature = "config"),
        allow(dead_code, reason = "only a new file reloads a tree")
    )]
    Reload(Box<super::reload::Reload>),
    /// Stops the tree, within this time if one is given.
    Shutdown(Option<Duration>),
}

/// What may be asked of a child.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Forget it, if it is down (OTP's `delete_child`).
    Delete,
    Kill,
    Pause,
    Quarantine,
    Remove,
    Restart,
    /// Restart it, if this generation is its present or last one.
    RestartIf(u64),
    Resume,
    Stop,
}

impl Verb {
    pub(crate) const fn kind(self) -> CommandKind {
        match self {
            Self::Delete => CommandKind::Delete,
            Self::Kill => CommandKind::Kill,
            Self::Pause => CommandKind::Pause,
            Self::Quarantine => CommandKind::Quarantine,
            Self::Remove => CommandKind::Remove,
            Self::Restart | Self::RestartIf(_) => CommandKind::Restart,
            Self::Resume => CommandKind::Resume,
            Self::Stop => CommandKind::Stop,
        }
    }
}

/// What the machine wants done. Actions name states to be reached: carrying one out twice, or
/// late, does no harm.
#[derive(Debug)]
pub(crate) enum Action {
    /// Drop the attempt's future.
    Abort(Ix),
    // Boxed: a restart moves actions about, and these are rare.
    Answer(
        Token,
        Box<Result<super::answer::Answer, super::answer::Refusal>>,
    ),
    /// A place was taken by a new child.
    Admit(Ix, Box<super::answer::Admission>),
    /// No attempt of the node is wanted any more, ever.
    Release(Ix),
    /// Look at the attempt, and say at once what is seen: [`super::Machine::sampled`].
    Sample(Ix),
    /// Look whether the attempt has had the chance to end in its budget, and say so.
    Overdue(Ix),
    /// Watch the child for stalls of another length from now on, or no more.
    Watch(Ix),
    /// Run an attempt.
    Start(Ix),
    /// Ask the attempt to end.
    Stop(Ix),
}

/// When something was, for readers outside.
impl From<Nanos> for Duration {
    fn from(at: Nanos) -> Self {
        at.since_start()
    }
}

//! What the machine answers to a command.

use std::sync::Arc;
use std::time::Duration;

use super::node::Phase;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::command::Refused;
use crate::event::failure::Failure;
use crate::event::snapshot::{ChildSnapshot, ChildState};
use crate::spec::error::SpecProblem;
use crate::spec::plan::PlannedBody;
use crate::spec::policy::Intensity;

/// A command that has taken effect.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Child(ChildAnswer),
    /// The children of a supervisor, in order.
    Children(Vec<ChildSnapshot>),
    /// No child has the name: what was wanted of one, and is now.
    Intent {
        before: Operation,
        after: Operation,
    },
    /// What a new configuration asks for has been carried out.
    Reloaded,
    /// The tree comes down: by this command, or it was about to.
    Shutdown {
        first: bool,
    },
    /// A child has been added or started: it runs, has done what it is for, or declined to run.
    Start(
        #[cfg_attr(
            not(feature = "__world"),
            allow(dead_code, reason = "only the world of tests tells the two apart")
        )]
        Start,
        Box<Settled>,
    ),
}

/// What has become of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Completed,
    Declined,
}

/// What a child is doing when its start has settled.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) state: ChildState,
    /// What was wanted of it before, and is now.
    pub(crate) operation_before: Operation,
    pub(crate) operation_after: Operation,
    pub(crate) generation: Option<u64>,
    pub(crate) attempt: u32,
    pub(crate) standing: Standing,
}

/// What a verb found and did.
#[derive(Clone, Debug)]
pub(crate) struct ChildAnswer {
    pub(crate) operation_before: Operation,
    pub(crate) operation_after: Operation,
    pub(crate) phase_before: Phase,
    pub(crate) phase_after: Phase,
    pub(crate) generation: Option<u64>,
    pub(crate) attempt: Option<u32>,
    /// The command changed nothing.
    pub(crate) idempotent: bool,
    /// Of the child before it was removed, otherwise afterwards.
    pub(crate) standing: Standing,
}

/// What else there is to say of a child.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Of its present or last attempt.
    pub(crate) generation: Option<u64>,
    /// The limit that its next restart counts against, and how much of it is used.
    pub(crate) limit: Intensity,
    pub(crate) used: u32,
    /// How long ago it was seen to have beaten.
    pub(crate) beaten: Option<Duration>,
    /// It was looked at for a beat, and found silent.
    pub(crate) silent: bool,
    /// Whether it is ready; none where it need not say so.
    pub(crate) ready: Option<bool>,
}

/// Why a command had no effect.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    AddingNotAllowed,
    /// The name is taken by a child that does not run, or does not run any more.
    AlreadyPresent(Phase),
    /// The name is taken by a child that runs.
    AlreadyStarted(Phase),
    /// The child may not stand there.
    Invalid(SpecProblem),
    /// A former child of that name has not physically gone.
    Fenced,
    LimitReached(usize),
    /// There is no code to start.
    NoCode,
    /// The child failed to start; it has been removed, or stays down.
    StartFailed(Arc<Failure>),
    /// The start was cut short by a stop.
    Interrupted,
    /// `Delete` of a child that is not down.
    NotDown(Phase),
    /// The supervisor or the tree is coming down, or is down.
    ShuttingDown,
    /// Another generation is there than the command is for.
    OtherGeneration(Option<u64>),
    /// An operator has put something else in the place of a declared child.
    Taken(Arc<str>),
    /// As much is wanted already of children that do not exist as can be remembered.
    TooManyIntents,
    /// No such child.
    Unknown,
}

impl Refusal {
    pub(crate) const fn public(&self) -> Refused {
        match self {
            Self::AddingNotAllowed => Refused::AddingNotAllowed,
            Self::AlreadyPresent(_) => Refused::AlreadyPresent,
            Self::AlreadyStarted(_) => Refused::AlreadyStarted,
            Self::Fenced => Refused::Fenced,
            Self::Interrupted => Refused::Interrupted,
            Self::Invalid(_) => Refused::Invalid,
            Self::LimitReached(_) => Refused::LimitReached,
            Self::NoCode => Refused::NoCode,
            Self::NotDown(_) => Refused::NotDown,
            Self::OtherGeneration(_) => Refused::OtherGeneration,
            Self::ShuttingDown => Refused::ShuttingDown,
            Self::StartFailed(_) => Refused::StartFailed,
            Self::Taken(_) => Refused::Taken,
            Self::TooManyIntents => Refused::TooManyIntents,
            Self::Unknown => Refused::Unknown,
        }
    }
}

/// What the shell needs to make a slot for a new node.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) body: PlannedBody,
}

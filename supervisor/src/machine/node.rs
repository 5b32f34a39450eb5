//! What the machine knows of one child: its phase, its numbers, its place among its siblings.

use std::collections::VecDeque;
use std::sync::Arc;

use super::budget::Fuse;
use super::decision::ExitClass;
use super::history::Ends;
use super::input::Token;
use super::intensity::Window;
use super::mirror::Mirror;
use super::missing::Missing;
use super::nodes::Nodes;
use super::reload::Change;
use super::time::Nanos;
use super::walk::{Op, Scope};
use super::watch::Watch;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::end::KeptEnd;
use crate::event::exit::TimeLimit;
use crate::event::failure::{Failure, Why};
use crate::event::snapshot::ChildState;
use crate::spec::plan::{ChildPolicy, SupervisorPolicy};
use crate::task::start_reason::StartReason;

/// The place of a node in the arena.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ix(pub(crate) u32);

impl Ix {
    pub(crate) const NONE: Self = Self(u32::MAX);
    pub(crate) const ROOT: Self = Self(0);

    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// A node and its tenancy: stays unmistakable when the place in the arena is used again.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId {
    pub(crate) ix: Ix,
    pub(crate) tenancy: u32,
}

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing runs, and nothing will without a new reason.
    Down(Down),
    /// Must start, but a sibling that it is `after` is not ready.
    Waiting(Cause),
    /// The restart is due at the node's deadline.
    Backoff(Retry),
    /// Failed; what follows stands in the supervisor's inbox.
    Failed(Retry),
    /// Ended by itself; what follows stands in the supervisor's inbox.
    Exited(ExitClass),
    /// An attempt lives and is not ready yet.
    Starting(Cause),
    /// An attempt lives, and is ready.
    Running,
    /// An attempt lives and has been asked to end.
    Stopping(Ending),
    /// An attempt lives and its future is to be dropped.
    Aborting(Ending),
    /// An attempt lives that could not be ended in time: its path is fenced.
    Stuck(Ending),
}

impl Phase {
    /// Whether an attempt of the child may still be running (I1).
    pub(crate) const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Starting(_)
                | Self::Running
                | Self::Stopping(_)
                | Self::Aborting(_)
                | Self::Stuck(_)
        )
    }

    pub(crate) const fn is_down(self) -> bool {
        matches!(self, Self::Down(_))
    }
}

/// Why a child is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    /// No code is known for it.
    Declared,
    /// Ended for good, badly: a supervisor that gave up, a start that failed.
    Failed,
    /// Ended normally and is not restarted.
    Finished,
    /// Not started yet in this incarnation of its supervisor.
    Fresh,
    /// Stopped with its group, or not reached by the start of its group.
    Group,
    /// Declined to run.
    Ignored,
    /// Removed; only the node is left.
    Removed,
    /// Stopped by command: stopped, paused or quarantined.
    Stopped,
}

/// What a start belongs to: decides what a failure of it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A child that is being added.
    Add,
    /// Automatic restart of one child, or a restart by command.
    Alone,
    /// The first start of an incarnation of the supervisor.
    First,
    /// Restart of a group.
    Group,
    /// What a reload stops and starts, or adds.
    Reload,
    /// Started again by command.
    Resume,
}

/// How a failed child is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Alone,
    /// Goes on with the first start of the supervisor.
    First,
    /// With its group, by strategy.
    Group,
}

/// Why a live attempt is being ended: decides how its end is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was asked to stop; any end is a normal one.
    Asked,
    /// Ended by force from outside: an abnormal exit of a child that was running (or starting).
    Killed(Option<Cause>),
    /// It ends by itself, and what is left of it has to follow: judged by how it ends.
    Own(Option<Cause>),
    /// It has exceeded a limit of its time: an abnormal exit, or a failed start.
    TimedOut(TimeLimit, Option<Cause>),
}

impl Ending {
    /// Why the start fails that is ended for this.
    pub(super) const fn why(self) -> Why {
        match self {
            Self::TimedOut(limit, _) => limit.why(),
            Self::Asked | Self::Killed(_) | Self::Own(_) => Why::StartFailed,
        }
    }

    /// The start that fails with it.
    pub(crate) const fn start(self) -> Option<Cause> {
        match self {
            Self::Asked => None,
            Self::Killed(start) | Self::Own(start) | Self::TimedOut(_, start) => start,
        }
    }
}

/// What is wanted of a child after the stop that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wish {
    #[default]
    None,
    /// Forget it.
    Remove,
    /// Start it again.
    Start(Cause),
    /// Leave it down, and let a group start pass it by.
    Stay,
}

/// Dependencies, where there are any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Siblings that must be ready before this one starts.
    pub(crate) after: Vec<Ix>,
    /// Siblings that are after this one.
    pub(crate) before: Vec<Ix>,
    /// While a graph is being stopped: dependents that have not ended yet; none where the stop waits
    /// for this one and has not come to it.
    pub(crate) dependents_left: Option<u32>,
}

/// One child: a worker, a nested supervisor, or a name without code.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) parent: Ix,
    pub(crate) prev: Ix,
    pub(crate) next: Ix,
    /// Position in the supervisor's order; grows along the list and is never changed.
    pub(crate) order: u64,
    pub(crate) tenancy: u32,
    pub(super) heap_place: u32,
    /// When the present phase began; of a live attempt, when it was started.
    pub(crate) since: Nanos,
    /// When the present or last attempt became ready.
    pub(super) ready_since: Nanos,
    /// When the child was asked to stop.
    pub(crate) asked: Nanos,
    /// The event that its present phase, and what is wanted of it, follows from.
    pub(super) correlation: u64,
    /// Start attempts of this path so far (I2).
    pub(crate) starts: u64,
    /// Starts since the back-off was last reset.
    pub(crate) attempt: u32,
    /// Why the present or last attempt was started.
    pub(crate) reason: StartReason,
    /// Why the next one is, where that has been decided.
    pub(super) next_reason: Option<StartReason>,
    pub(crate) phase: Phase,
    pub(crate) operation: Operation,
    pub(crate) wish: Wish,
    pub(crate) flags: Flags,
    pub(crate) path: Arc<str>,
    pub(crate) policy: Arc<ChildPolicy>,
    pub(crate) last: Option<KeptEnd>,
    /// Its own restarts, where it has a limit of its own and has been restarted.
    pub(super) fuse: Fuse,
    /// Its last ends, from the first failure on.
    pub(super) history: Option<Box<Ends>>,
    /// What has been seen of its attempt, where anybody looked.
    pub(super) watch: Option<Box<Watch>>,
    pub(crate) links: Option<Box<Links>>,
    /// Made when somebody asks for it.
    pub(super) mirror: Option<Arc<Mirror>>,
    pub(crate) body: Body,
}

#[derive(Clone, Copy, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, each set and cleared alone"
)]
pub(crate) struct Flags {
    /// Counts as ready, for its supervisor and for those that are after it.
    pub(crate) ready: bool,
    /// Part of the specification its supervisor begins with.
    pub(crate) is_static: bool,
    /// Stands in its supervisor's list.
    pub(crate) linked: bool,
    /// Belongs to the `dependents` scope of the operation under way.
    pub(crate) marked: bool,
    /// The stop under way waits for its end.
    pub(crate) awaited: bool,
    /// A driver of it has been started and has not gone yet.
    pub(crate) driven: bool,
    /// It has less time to stop than its own budget.
    pub(super) cut_short: bool,
    /// Stands in the report of the shutdown.
    pub(crate) reported: bool,
    /// Its next start is with other code.
    pub(super) recoded: bool,
    /// A reload whose turn has not come takes it out; no walk starts it until then.
    pub(super) leaving: bool,
}

#[derive(Debug)]
pub(crate) enum Body {
    Declared,
    Supervisor(Box<Sup>),
    Worker,
}

impl Node {
    /// The number of the present or last attempt; none was made before the first start.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.starts.checked_sub(1)
    }

    #[inline]
    pub(crate) fn sup(&self) -> Option<&Sup> {
        match &self.body {
            Body::Supervisor(sup) => Some(sup),
            Body::Declared | Body::Worker => None,
        }
    }
}

/// What the machine knows of a supervisor.
#[derive(Debug)]
pub(crate) struct Sup {
    pub(crate) policy: SupervisorPolicy,
    /// How many ends of each child are kept.
    pub(super) history: usize,
    pub(crate) first: Ix,
    pub(crate) last: Ix,
    pub(crate) count: usize,
    pub(super) next_order: u64,
    /// The children it begins every incarnation with, in order.
    pub(super) statics: Vec<Ix>,
    /// Static children have left the list since the incarnation began.
    pub(super) incomplete: bool,
    pub(super) op: Op,
    /// What has arrived and waits until the operation under way is over.
    pub(super) inbox: VecDeque<Letter>,
    /// Its part of a reload, until that is carried out.
    pub(super) change: Option<Box<Change>>,
    /// The event that the operation under way follows from.
    pub(super) correlation: u64,
    pub(super) window: Window,
    pub(super) first_start: FirstStartState,
    /// Children that are not ready.
    pub(super) missing: Missing,
    /// Children that run or will run again by themselves.
    pub(super) busy: u32,
    /// The same among significant children.
    pub(super) busy_significant: u32,
    /// Children that the stop under way waits for.
    pub(super) awaited: u32,
    /// Stands in the machine's list of supervisors to advance.
    pub(super) scheduled: bool,
    /// When all below it has to have ended, while it comes down.
    pub(super) end_by: Nanos,
    /// Why it came down.
    pub(crate) failure: Option<Arc<Failure>>,
}

/// How far the first start of an incarnation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstStartState {
    Done,
    /// Held up by a child that is tried again.
    Held,
    Walking,
}

impl Sup {
    pub(crate) fn new(policy: SupervisorPolicy, history: usize) -> Self {
        Self {
            policy,
            history,
            first: Ix::NONE,
            last: Ix::NONE,
            count: 0,
            next_order: 0,
            statics: Vec::new(),
            incomplete: false,
            op: Op::Down,
            inbox: VecDeque::new(),
            change: None,
            correlation: 0,
            window: Window::default(),
            first_start: FirstStartState::Walking,
            missing: Missing::default(),
            busy: 0,
            busy_significant: 0,
            awaited: 0,
            scheduled: false,
            end_by: Nanos::NEVER,
            failure: None,
        }
    }

    /// What waits until the operation under way is over.
    pub(super) fn mails(&self) -> impl Iterator<Item = &Mail> {
        self.inbox.iter().map(|letter| &letter.mail)
    }
}

/// What has arrived, and the event that it follows from.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) mail: Mail,
    pub(super) correlation: u64,
}

/// The present or last attempt of a child, at the time of writing: a letter about it is no word of a
/// later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OfAttempt {
    child: NodeId,
    generation: Option<u64>,
}

impl OfAttempt {
    /// The child, if it has made no other attempt since then.
    pub(super) fn find(self, nodes: &Nodes) -> Option<Ix> {
        let ix = nodes.find(self.child)?;
        (nodes[ix].generation() == self.generation).then_some(ix)
    }
}

impl Node {
    /// Whether it is down, and the restart of its group that is to come leaves it so (R20).
    pub(super) fn is_passed_by(&self) -> bool {
        self.phase.is_down() && self.wish == Wish::Stay
    }

    /// Whether it is told to be ready while it does this. Of one that has finished and was removed,
    /// those that are after it need not know.
    pub(super) fn is_ready_as(&self, state: ChildState) -> bool {
        self.flags.ready && state != ChildState::Removed
    }
}

impl Nodes {
    /// The present or last attempt of a child.
    pub(super) fn attempt(&self, ix: Ix) -> OfAttempt {
        OfAttempt {
            child: self.id(ix),
            generation: self[ix].generation(),
        }
    }
}

/// A message to a supervisor, handled when nothing else is under way, in order of arrival.
#[derive(Debug)]
pub(super) enum Mail {
    /// A command that has to wait its turn.
    Command(Token, super::input::Command),
    /// Carry out the part of a reload.
    Change,
    /// The back-off after this attempt is over.
    Due(OfAttempt),
    /// This attempt has ended by itself.
    Ended(OfAttempt, Nanos),
    /// This attempt was a start again, and has failed.
    Failed(OfAttempt, Nanos),
    /// Go on with the first start.
    FirstStart,
    /// Start what is down of a group whose culprit has been taken out.
    Rest(Scope),
    /// Start this child, if that is still wanted.
    Start(NodeId),
    /// The parent asks the supervisor to stop.
    Stop,
}

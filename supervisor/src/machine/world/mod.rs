//! A tree without a runtime: a test plays the children, and the clock.
//!
//! Every action of the machine is carried out at once, and checked: a second live attempt of a
//! path, or an answer that is given twice, is a panic.

#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    reason = "for the tests of this workspace only"
)]

mod check;
mod look;
mod perform;
mod tell;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::Machine;
use super::answer::{Answer, ChildAnswer, Refusal, Start};
use super::input::{Command, Exit, Input, Token, Verb};
use super::node::{Ix, NodeId};
use super::time::Nanos;
use crate::control::answer::explain;
use crate::control::audit::Audit;
use crate::error::types::SupervisorError;
use crate::event::end::KeptEnd;
use crate::event::exit::{During, ExitKind, Panic};
use crate::event::fold::Fold;
use crate::event::snapshot::{ChildSnapshot, ChildState};
use crate::id::path;
use crate::spec::child::ChildSpec;
use crate::spec::error::InvalidSpec;
use crate::spec::plan::{Plan, Planned};
use crate::spec::policy::Readiness;
use crate::spec::supervisor::SupervisorSpec;

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Aborted,
    Cancelled,
    Failed,
    Fatal,
    Ignored,
    Panicked,
    Succeeded,
}

/// What may be asked of a tree.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a script of a test is short, and reads better without boxes"
)]
pub enum Ask {
    /// Adds a child to the supervisor.
    Add(ChildSpec),
    /// The children of the supervisor, when it is their turn.
    Children,
    Delete,
    Kill,
    Pause,
    Quarantine,
    Remove,
    Restart,
    RestartIf(u64),
    Resume,
    Shutdown,
    ShutdownWithin(Duration),
    Stop,
}

/// What a command is answered.
#[derive(Clone, Debug)]
pub enum Said {
    /// A child has been started, and declined to run.
    Declined,
    /// The children of a supervisor, in order.
    Children(Vec<ChildSnapshot>),
    /// A verb has been applied to a child in this state.
    Found(ChildState),
    /// As before; nothing has changed.
    FoundSo(ChildState),
    /// Something is wanted, or not wanted any more, of a child that does not exist.
    Intended,
    /// What a new configuration asks for has been carried out.
    Reloaded,
    /// The tree shuts down.
    ShuttingDown,
    /// A child has been started.
    Started,
}

/// What the machine wants of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Abort,
    Start,
    Stop,
}

/// A live attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, each set and cleared alone"
)]
pub struct Attempt {
    id: NodeId,
    pub generation: u64,
    pub number: u32,
    /// It has been asked to stop.
    pub asked: bool,
    /// Its future is to be dropped.
    pub aborted: bool,
    /// Turns with the beginning and the end of each poll.
    pub polls: u32,
    /// It has beaten since it was looked at.
    pub beat: bool,
    /// No thread of the runtime comes to it, so that it cannot be blamed; once.
    pub starved: bool,
    released: bool,
}

impl Attempt {
    #[cfg(test)]
    pub(super) fn id(&self) -> NodeId {
        self.id
    }
}

/// The same child, as a template with this argument would make it: a reload with another argument
/// starts it anew.
#[cfg(feature = "config")]
pub fn made_of(mut spec: ChildSpec, argument: i64) -> ChildSpec {
    let argument = crate::template::Value::from(argument);
    spec.origin = Some(Box::new(crate::spec::child::Origin {
        template: "t".into(),
        arguments: Some(BTreeMap::from([("x".to_owned(), argument)])),
    }));
    spec
}

/// Identifies a command.
pub type Ticket = u64;

/// The first of all.
const START: Ticket = 0;

/// A machine, its children, and its clock.
#[derive(Debug)]
pub struct World {
    pub(super) machine: Machine,
    /// What the tree is declared to be.
    #[cfg(feature = "config")]
    outline: crate::spec::outline::Outline,
    now: Nanos,
    live: BTreeMap<Arc<str>, Attempt>,
    wants: VecDeque<(Arc<str>, Want)>,
    /// Nodes that have a task on what would be the runtime.
    drivers: HashMap<Ix, NodeId>,
    /// Those whose task has been told to go.
    released: HashSet<NodeId>,
    answers: HashMap<Ticket, Result<Said, SupervisorError>>,
    /// What was told last of a child, in answer to a command.
    told: Option<(Ticket, ChildAnswer)>,
    tickets: Ticket,
    /// The attempt that has ended last.
    former: Option<Attempt>,
    seen: u64,
    /// What the events come to.
    fold: Fold,
    /// Steps of all calls, and of the longest.
    pub(super) steps: u64,
    pub(super) longest: u32,
}

impl World {
    /// A tree in which nothing runs yet.
    pub fn new(spec: SupervisorSpec) -> Result<Self, InvalidSpec> {
        Self::with_seed(spec, 0)
    }

    /// A tree whose random numbers follow from the seed.
    pub fn with_seed(spec: SupervisorSpec, seed: u64) -> Result<Self, InvalidSpec> {
        let plan = Plan::try_from(spec)?;
        #[cfg(feature = "config")]
        let outline = crate::spec::outline::Outline::of(&plan);
        let (machine, _launches) = Machine::new(plan, seed);
        Ok(Self {
            machine,
            #[cfg(feature = "config")]
            outline,
            now: Nanos::default(),
            live: BTreeMap::new(),
            wants: VecDeque::new(),
            drivers: HashMap::new(),
            released: HashSet::new(),
            answers: HashMap::new(),
            told: None,
            tickets: START,
            former: None,
            seen: 0,
            fold: Fold::default(),
            steps: 0,
            longest: 0,
        })
    }

    /// Starts the tree; answered when it is up, or has failed to come up.
    pub fn start(&mut self) -> Ticket {
        self.tell(Input::Start);
        START
    }

    /// Issues a command for the child, or supervisor, at a path.
    pub fn ask(&mut self, path: &str, ask: Ask) -> Ticket {
        self.tickets += 1;
        let ticket = self.tickets;
        match self.command(path, ask) {
            Ok(command) => {
                let audit = Audit::of_program("test");
                let of = match &command {
                    Command::Child(verb, id) => Some((*verb, *id)),
                    _ => None,
                };
                // Whoever is declared in the place of one that has left is asked instead.
                let of = of.filter(|of| self.machine.is_in_the_tree(of.1.ix));
                self.tell(Input::Command(Token(ticket), audit, command));
                self.check_told(path, ticket, of);
            }
            Err(no) => {
                self.answers.insert(ticket, Err(no));
            }
        }
        ticket
    }

    /// Gives the tree another specification, as a new file would.
    #[cfg(feature = "config")]
    pub fn reload(&mut self, spec: SupervisorSpec) -> Result<Ticket, InvalidSpec> {
        let plan = Plan::try_from(spec)?;
        let outline = crate::spec::outline::Outline::of(&plan);
        let reload = crate::config::diff::Diff::reload(&self.outline, &outline, plan);
        self.tickets += 1;
        let ticket = self.tickets;
        let command = Command::Reload(Box::new(reload));
        let audit = Audit::of_program("test");
        self.tell(Input::Command(Token(ticket), audit, command));
        if !matches!(self.answers.get(&ticket), Some(Err(_))) {
            self.outline = outline;
        }
        Ok(ticket)
    }

    /// What is different between the tree and what it is declared to be.
    #[cfg(feature = "config")]
    pub fn differs(&self) -> Option<String> {
        let (is, declared) = (self.machine.outline(), &self.outline);
        let mut declared = declared.clone();
        for node in &mut declared.nodes {
            node.origin = None;
        }
        let lines = |outline: &crate::spec::outline::Outline| -> Vec<String> {
            let nodes = outline.nodes.iter();
            nodes.map(|node| format!("{node:?}")).collect()
        };
        let (is, declared) = (lines(&is), lines(&declared));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            let these = these.iter().filter(|line| !those.contains(line));
            these.cloned().collect()
        };
        (is != declared).then(|| {
            let (is, declared) = (only(&is, &declared), only(&declared, &is));
            format!("is {}\ndeclared {}", is.join("\n"), declared.join("\n"))
        })
    }

    /// What a command was answered, once; none as long as it waits.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Result<Said, SupervisorError>> {
        if ticket != START {
            return self.answers.remove(&ticket);
        }
        match (self.failure(), self.is_up()) {
            (Some(failure), _) => Some(Err(SupervisorError::StartFailed {
                path: String::new(),
                failure,
            })),
            (None, is_up) => is_up.then_some(Ok(Said::Started)),
        }
    }

    /// Lets time pass, with every deadline in it.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now.after(by);
        while self
            .next_deadline()
            .is_some_and(|at| Nanos::from(at) <= until)
        {
            self.jump();
        }
        self.now = until;
        self.machine.observe_time(until);
    }

    /// Lets time pass without anybody noticing.
    #[cfg(test)]
    pub(super) fn sleep(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// Goes to the next deadline, if there is one.
    pub fn jump(&mut self) -> bool {
        let Some(at) = self.machine.next_deadline() else {
            return false;
        };
        self.now = self.now.max(at);
        self.tell(Input::Tick);
        true
    }

    /// Leaves the child at a path no restart; false where that cannot be.
    pub fn spend(&mut self, path: &str) -> bool {
        let id = self.machine.lookup(path).expect("it is there");
        self.machine.spend(id.ix)
    }

    /// Everybody does what is asked of them: who is asked to stop ends, who starts becomes ready.
    pub fn behave(&mut self) {
        while self.has_wants() {
            for (path, want) in self.wants() {
                match want {
                    Want::Start if self.state(&path) != Some(ChildState::Starting) => {}
                    Want::Start => {
                        let id = self.machine.lookup(&path).expect("it is there");
                        let readiness = self.machine.find(id).map(|node| node.policy.readiness);
                        if readiness == Some(Readiness::Completed) {
                            self.exit(&path, Ends::Succeeded);
                        } else {
                            self.ready(&path);
                        }
                    }
                    Want::Stop => _ = self.exit(&path, Ends::Cancelled),
                    Want::Abort => _ = self.exit(&path, Ends::Aborted),
                }
            }
        }
    }

    fn command(&self, path: &str, ask: Ask) -> Result<Command, SupervisorError> {
        let unknown = || explain(Refusal::Unknown, path, "");
        let id = || self.machine.lookup(path).ok_or_else(unknown);
        let verb = match ask {
            Ask::Add(spec) => {
                let planned = Planned::new(spec, path)?;
                return Ok(Command::Add(id()?, Box::new(planned), None));
            }
            Ask::Children => return Ok(Command::Children(id()?)),
            Ask::Shutdown => return Ok(Command::Shutdown(None)),
            Ask::ShutdownWithin(within) => return Ok(Command::Shutdown(Some(within))),
            Ask::Delete => Verb::Delete,
            Ask::Kill => Verb::Kill,
            Ask::Pause => Verb::Pause,
            Ask::Quarantine => Verb::Quarantine,
            Ask::Remove => Verb::Remove,
            Ask::Restart => Verb::Restart,
            Ask::RestartIf(generation) => Verb::RestartIf(generation),
            Ask::Resume => Verb::Resume,
            Ask::Stop => Verb::Stop,
        };
        if let Ok(id) = id() {
            return Ok(Command::Child(verb, id));
        }
        let parent = path::above(path);
        let parent = self.machine.lookup(parent).ok_or_else(unknown)?;
        Ok(Command::Named(verb, parent, path.into()))
    }

    pub(super) fn record(attempt: Attempt, how: Ends) -> Exit {
        let kind = ExitKind::from(how);
        Exit {
            class: kind.class(),
            end: KeptEnd::of(kind, attempt.generation, attempt.number),
        }
    }
}

impl From<Ends> for ExitKind {
    fn from(how: Ends) -> Self {
        match how {
            Ends::Aborted => Self::Aborted,
            Ends::Cancelled => Self::Cancelled,
            Ends::Failed => Self::Failed("failed".into()),
            Ends::Fatal => Self::Fatal("fatal".into()),
            Ends::Ignored => Self::Ignored,
            Ends::Panicked => Self::Panicked(Panic {
                message: "panicked".to_owned(),
                location: None,
                backtrace: None,
                during: During::Poll,
            }),
            Ends::Succeeded => Self::Succeeded,
        }
    }
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Child(child) if child.idempotent => Self::FoundSo(child.phase_before.public()),
            Answer::Child(child) => Self::Found(child.phase_before.public()),
            Answer::Children(children) => Self::Children(children),
            Answer::Intent { .. } => Self::Intended,
            Answer::Reloaded => Self::Reloaded,
            Answer::Shutdown { .. } => Self::ShuttingDown,
            Answer::Start(Start::Completed, _) => Self::Started,
            Answer::Start(Start::Declined, _) => Self::Declined,
        }
    }
}

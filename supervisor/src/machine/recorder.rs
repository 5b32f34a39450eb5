//! A log of everything that the machine is told, from which a fresh machine comes to the same.
//!
//! Only what is told is kept: time, randomness and the tree itself stand at its head. Once the log
//! is full it stays as it is, and says so: it is good up to there.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Machine;
use super::decision::ExitClass;
use super::input::{Command, Input, Verb};
use super::intents::Intended;
use super::node::{Ix, NodeId};
use super::time::Nanos;
use super::watch::Sample;
use crate::control::audit::Audit;
use crate::event::end::KeptEnd;
use crate::event::exit::ExitRecord;
use crate::id::types::ChildId;
use crate::spec::plan::{
    ChildPolicy, Plan, Planned, PlannedBody, PlannedNode, SetBudget, SupervisorPolicy,
};

/// What has been told, and when.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) head: Arc<Head>,
    pub(crate) log: Vec<(u64, Told)>,
    limit: usize,
    /// Why nothing is written any more.
    pub(crate) closed: Option<Closed>,
}

/// Why a log goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Closed {
    /// It has as many inputs as it may have.
    Full,
    /// The tree took another configuration, which is code.
    Reloaded,
}

/// What a machine begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<Drawn>,
}

/// A planned node, without its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Drawn {
    pub(crate) parent: Option<usize>,
    pub(crate) path: Arc<str>,
    pub(crate) after: Vec<usize>,
    pub(crate) policy: Arc<ChildPolicy>,
    pub(crate) body: DrawnBody,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DrawnBody {
    Declared,
    Supervisor(SupervisorPolicy),
    Worker,
}

/// One thing that the machine was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    Command(u64, Audit, Asked),
    Driven(Ix),
    Ending(NodeId, u64),
    /// Without a record where nobody waited for that end any more.
    Exited(NodeId, u64, ExitClass, Option<Arc<ExitRecord>>),
    LookAgain(Ix, u64),
    Overdue(Ix),
    Ready(NodeId, u64),
    Released(NodeId),
    Resume,
    RuntimeGone,
    Sampled(NodeId, u64, Sample),
    Stalled(NodeId, u64, Duration),
    Start,
    Tick,
    Unstalled(NodeId, u64),
    /// What the clock on the wall showed at a moment.
    Wall(u64, SystemTime),
}

/// A command, without code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    Add(NodeId, Vec<Drawn>, Vec<ChildId>, Option<SetBudget>),
    Child(Verb, NodeId),
    Children(NodeId),
    Intended(Intended, NodeId, Arc<str>),
    Named(Verb, NodeId, Arc<str>),
    Shutdown(Option<Duration>),
}

impl Recorder {
    pub(crate) fn new(plan: &Plan, limit: usize) -> Self {
        Self {
            head: Arc::new(Head {
                seed: fastrand::u64(..),
                nodes: plan.nodes.iter().map(Drawn::of).collect(),
            }),
            log: Vec::new(),
            limit,
            closed: None,
        }
    }

    fn write(&mut self, now: Nanos, told: Told) {
        if self.log.len() == self.limit {
            self.closed.get_or_insert(Closed::Full);
        }
        if self.closed.is_none() {
            self.log.push((now.0, told));
        }
    }
}

impl Machine {
    /// Writes down what the machine is told from now on; nothing has been told yet.
    pub(crate) fn record(&mut self, mut recorder: Recorder) {
        let seen = self.wall_seen;
        recorder.write(seen, Told::Wall(seen.0, self.wall_clock_at(seen)));
        self.random = fastrand::Rng::with_seed(recorder.head.seed);
        self.recorder = Some(Box::new(recorder));
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_deref()
    }

    /// Writes an input down; an exit is written when its record is complete.
    pub(super) fn note(&mut self, input: &Input) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        let told = match input {
            Input::Command(token, audit, command) => {
                let Some(asked) = Asked::of(command) else {
                    recorder.closed.get_or_insert(Closed::Reloaded);
                    return;
                };
                Told::Command(token.0, audit.clone(), asked)
            }
            Input::Ending(id, generation) => Told::Ending(*id, *generation),
            Input::Exited(..) => return,
            Input::Ready(id, generation) => Told::Ready(*id, *generation),
            Input::Released(id) => Told::Released(*id),
            Input::RuntimeGone => Told::RuntimeGone,
            Input::Stalled(id, generation, time) => Told::Stalled(*id, *generation, *time),
            Input::Start => Told::Start,
            Input::Tick => Told::Tick,
            Input::Unstalled(id, generation) => Told::Unstalled(*id, *generation),
        };
        recorder.write(self.now, told);
    }

    /// Writes down what is not an input of its own.
    pub(super) fn note_told(&mut self, told: impl FnOnce() -> Told) {
        if let Some(recorder) = &mut self.recorder {
            recorder.write(self.now, told());
        }
    }

    /// Tells the machine again what was told before.
    pub(crate) fn play(&mut self, at: u64, told: Told) {
        let now = Nanos(at);
        self.observe_time(now);
        let input = match told {
            Told::Command(token, audit, asked) => {
                Input::Command(super::input::Token(token), audit, asked.into_command())
            }
            Told::Driven(ix) => return self.driven(ix),
            Told::Ending(id, generation) => Input::Ending(id, generation),
            Told::Exited(id, generation, class, record) => {
                Input::Exited(id, generation, exit(class, record))
            }
            Told::LookAgain(ix, at) => return self.look_again(ix, Nanos(at)),
            Told::Overdue(ix) => return self.overdue(ix),
            Told::Ready(id, generation) => Input::Ready(id, generation),
            Told::Released(id) => Input::Released(id),
            Told::Resume => return self.resume(),
            Told::RuntimeGone => Input::RuntimeGone,
            Told::Sampled(id, generation, sample) => return self.sampled(id, generation, sample),
            Told::Stalled(id, generation, time) => Input::Stalled(id, generation, time),
            Told::Start => Input::Start,
            Told::Tick => Input::Tick,
            Told::Unstalled(id, generation) => Input::Unstalled(id, generation),
            Told::Wall(at, wall) => return self.observe_wall(Nanos(at), wall),
        };
        self.handle(now, input);
    }
}

/// The end of an attempt, as it was before the machine looked at it.
fn exit(class: ExitClass, record: Option<Arc<ExitRecord>>) -> super::input::Exit {
    use crate::event::exit::ExitKind;
    let mut record = record
        .and_then(|record| Arc::try_unwrap(record).ok())
        .unwrap_or_else(|| ExitRecord {
            kind: ExitKind::NeverStarted,
            generation: 0,
            attempt: 0,
            uptime: Duration::ZERO,
            sub_task: None,
        });
    // Only the machine says that a limit was exceeded; it will say so again.
    if let ExitKind::TimedOut(limit) = &mut record.kind {
        let ended = std::mem::replace(&mut *limit.ended, ExitKind::NeverStarted);
        record.kind = ended;
    }
    super::input::Exit {
        class,
        end: KeptEnd::Record(Arc::new(record)),
    }
}

impl Drawn {
    fn of(node: &PlannedNode) -> Self {
        Self {
            parent: node.parent,
            path: Arc::clone(&node.path),
            after: node.after.clone(),
            policy: Arc::clone(&node.policy),
            body: match &node.body {
                PlannedBody::Declared => DrawnBody::Declared,
                PlannedBody::Supervisor(policy) => DrawnBody::Supervisor((**policy).clone()),
                PlannedBody::Worker(_) => DrawnBody::Worker,
            },
        }
    }

    /// The node, with code that is never run.
    pub(crate) fn into_node(self) -> PlannedNode {
        PlannedNode {
            parent: self.parent,
            path: self.path,
            policy: self.policy,
            after: self.after,
            origin: None,
            body: match self.body {
                DrawnBody::Declared => PlannedBody::Declared,
                DrawnBody::Supervisor(policy) => PlannedBody::Supervisor(Box::new(policy)),
                DrawnBody::Worker => PlannedBody::Worker(crate::task::launch::attempts(|_| {
                    std::future::pending::<()>()
                })),
            },
        }
    }
}

impl Asked {
    /// None for what cannot be told again.
    fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Add(sup, planned, _) => Self::Add(
                *sup,
                planned.nodes.iter().map(Drawn::of).collect(),
                planned.after.clone(),
                planned.longest.clone(),
            ),
            Command::Child(verb, id) => Self::Child(*verb, *id),
            Command::Children(sup) => Self::Children(*sup),
            Command::Intended(what, sup, path) => Self::Intended(*what, *sup, Arc::clone(path)),
            Command::Named(verb, sup, path) => Self::Named(*verb, *sup, Arc::clone(path)),
            Command::Reload(_) => return None,
            Command::Shutdown(within) => Self::Shutdown(*within),
        })
    }

    fn into_command(self) -> Command {
        match self {
            Self::Add(sup, nodes, after, longest) => {
                let nodes = nodes.into_iter().map(Drawn::into_node).collect();
                let planned = Planned {
                    nodes,
                    after,
                    longest,
                };
                Command::Add(sup, Box::new(planned), None)
            }
            Self::Child(verb, id) => Command::Child(verb, id),
            Self::Children(sup) => Command::Children(sup),
            Self::Intended(what, sup, path) => Command::Intended(what, sup, path),
            Self::Named(verb, sup, path) => Command::Named(verb, sup, path),
            Self::Shutdown(within) => Command::Shutdown(within),
        }
    }
}

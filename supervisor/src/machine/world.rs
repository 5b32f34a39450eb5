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

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Refusal};
use super::input::{Action, Command, Exit, Input, Token, Verb};
use super::node::{Ix, NodeId, Phase};
use super::rehearsal::Rehearsal;
use super::time::Nanos;
use super::walk::End;
use super::watch::{Members, Sample};
use super::{Machine, Trash, TreePhase};
use crate::control::answer::explain;
use crate::control::audit::Audit;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::error::types::SupervisorError;
use crate::event::exit::{During, ExitKind, ExitRecord, Panic};
use crate::event::explanation::{Explanation, Step};
use crate::event::failure::Failure;
use crate::event::fold::Fold;
use crate::event::history::Ended;
use crate::event::kind::{Event, EventKind};
use crate::event::snapshot::{ChildSnapshot, ChildState, Snapshot};
use crate::id::path;
use crate::shutdown::report::{ResourceReconcileStatus, ShutdownReport};
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::child::ChildSpec;
use crate::spec::error::InvalidSpec;
use crate::spec::plan::{Plan, Planned};
use crate::spec::policy::Readiness;
use crate::spec::supervisor::SupervisorSpec;

/// So many turns are enough for everything that a test has going on.
const TURNS: u32 = 20_000;

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

    /// Ends the live attempt of a path; false when there is none.
    pub fn exit(&mut self, path: &str, how: Ends) -> bool {
        self.exit_together(&[(path, how)])
    }

    /// Ends several attempts before any supervisor goes on.
    ///
    /// Does nothing, and answers false, when one of them does not live.
    pub fn exit_together(&mut self, ends: &[(&str, Ends)]) -> bool {
        if ends.iter().any(|(path, _)| !self.live.contains_key(*path)) {
            return false;
        }
        for &(path, how) in ends {
            let Some(attempt) = self.live.remove(path) else {
                continue;
            };
            let exit = Self::record(attempt, how);
            self.former = Some(attempt);
            self.machine.observe(
                self.now,
                Input::Exited(attempt.id, attempt.generation, exit),
            );
            if attempt.released {
                self.driver_gone(attempt.id.ix);
            }
        }
        self.machine.resume();
        self.settle();
        true
    }

    /// A poll of the live attempt of a path begins, or ends; false when there is none.
    pub fn turn_poll(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.map(|attempt| attempt.polls += 1).is_some()
    }

    /// The live attempt of a path beats; false when there is none.
    pub fn beat(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.map(|attempt| attempt.beat = true).is_some()
    }

    /// The live attempt of a path is ready; false when there is none.
    pub fn ready(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Ready(attempt.id, attempt.generation));
        true
    }

    /// The live attempt of a path is coming to its end, and some of it is left; false when there is
    /// none.
    pub fn ending(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Ending(attempt.id, attempt.generation));
        true
    }

    /// No thread comes to the live attempt of a path; false when there is none.
    pub fn starve(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.is_some_and(|attempt| !std::mem::replace(&mut attempt.starved, true))
    }

    /// The live attempt of a path has been inside one poll for this long; false when there is none.
    pub fn stalled(&mut self, path: &str, at_least: Duration) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Stalled(attempt.id, attempt.generation, at_least));
        true
    }

    /// It has left that poll; false when there is none.
    pub fn unstalled(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Unstalled(attempt.id, attempt.generation));
        true
    }

    /// Issues a command for the child, or supervisor, at a path.
    pub fn ask(&mut self, path: &str, ask: Ask) -> Ticket {
        self.tickets += 1;
        let ticket = self.tickets;
        match self.command(path, ask) {
            Ok(command) => {
                let audit = Audit::of_program("test");
                self.tell(Input::Command(Token(ticket), audit, command));
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

    /// The time, since the tree was made.
    pub fn now(&self) -> Duration {
        self.now.since_start()
    }

    /// When the machine wants to be told that time has passed.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.machine.next_deadline().map(Nanos::since_start)
    }

    /// What the machine has wanted since this was last asked.
    pub fn wants(&mut self) -> Vec<(Arc<str>, Want)> {
        self.wants.drain(..).collect()
    }

    /// Whether [`World::wants`] has something to tell.
    pub fn has_wants(&self) -> bool {
        !self.wants.is_empty()
    }

    /// The live attempt of a path.
    pub fn attempt(&self, path: &str) -> Option<Attempt> {
        self.live.get(path).copied()
    }

    /// Paths that have a live attempt.
    pub fn live(&self) -> impl Iterator<Item = &str> {
        self.live.keys().map(|path| &**path)
    }

    /// Events since this was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let missed = self
            .machine
            .journal()
            .read(self.seen, usize::MAX, &mut events);
        assert_eq!(missed, 0, "events have gone unread");
        self.seen = self.machine.journal().seq();
        events
    }

    /// Forgets what has happened, however much that is.
    pub fn skip_events(&mut self) {
        self.seen = self.machine.journal().seq();
    }

    /// The tree as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.machine.snapshot()
    }

    /// What would follow if the child at a path failed now.
    pub fn explain(&self, path: &str) -> Explanation {
        let id = self.machine.lookup(path).expect("it is there");
        let explained = Rehearsal::new(self.machine.copy(), id).explain();
        explained.expect("it is there")
    }

    /// Leaves the child at a path no restart; false where that cannot be.
    pub fn spend(&mut self, path: &str) -> bool {
        let id = self.machine.lookup(path).expect("it is there");
        self.machine.spend(id.ix)
    }

    /// What has followed from the event of a number.
    pub fn followed(&self, from: u64) -> Vec<Step> {
        let mut events = Vec::new();
        self.machine
            .journal()
            .read(from - 1, usize::MAX, &mut events);
        let story = events.iter().filter(|event| event.correlation == from);
        story
            .filter_map(|event| self.machine.step_of(event))
            .collect()
    }

    /// Number of the newest event.
    pub fn seq(&self) -> u64 {
        self.machine.journal().seq()
    }

    /// Whether a back-off that follows from the event of a number is not over.
    pub fn is_delayed(&self, from: u64) -> bool {
        self.machine.is_delayed(from)
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

    /// The last ends of the child at a path, the oldest first.
    pub fn ends(&self, path: &str) -> Vec<Ended> {
        let id = self.machine.lookup(path).expect("it is there");
        self.machine.ends(id.ix).cloned().collect()
    }

    /// What the child at a path is doing.
    pub fn state(&self, path: &str) -> Option<ChildState> {
        Some(
            self.machine
                .find(self.machine.lookup(path)?)?
                .phase
                .public(),
        )
    }

    /// Whether every critical child has been up.
    pub fn is_up(&self) -> bool {
        matches!(self.machine.tree_phase(), TreePhase::Up)
    }

    /// Whether nothing runs any more.
    pub fn is_over(&self) -> bool {
        self.machine.is_over()
    }

    /// Why the tree has ended, if it has and there is a culprit.
    pub fn failure(&self) -> Option<Arc<Failure>> {
        match self.machine.tree_phase() {
            TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
                Some(Arc::clone(failure))
            }
            _ => None,
        }
    }

    /// The report of a shutdown that is over.
    pub fn report(&self) -> ShutdownReport {
        Arc::unwrap_or_clone(self.machine.shutdown_report())
    }

    /// Checks what must hold whenever nothing moves, and that news of an attempt that has ended are
    /// ignored (I2).
    pub fn check(&mut self) {
        self.machine.check();
        self.check_fold();
        self.check_tasks();
        let workers = self.machine.live_workers();
        assert_eq!(workers, self.live.len(), "attempts on the runtime");
        if let Some(former) = self.former {
            let before = self.machine.journal().seq();
            let exit = Self::record(former, Ends::Failed);
            self.tell(Input::Ready(former.id, former.generation));
            self.tell(Input::Ending(former.id, former.generation));
            self.tell(Input::Stalled(former.id, former.generation, Duration::ZERO));
            self.tell(Input::Unstalled(former.id, former.generation));
            self.tell(Input::Exited(former.id, former.generation, exit));
            let mut followed = Vec::new();
            self.machine
                .journal()
                .read(before, usize::MAX, &mut followed);
            let stale = |event: &Event| matches!(event.kind, EventKind::Stale);
            assert!(
                followed.iter().all(stale),
                "I2: a stale message was taken up: {followed:?}"
            );
            self.fold_events();
        }
    }

    /// A report tells of every task that has not gone, and is complete when only those are left that
    /// cannot be ended.
    fn check_tasks(&self) {
        let report = self.machine.shutdown_report();
        let drivers = self.drivers.values();
        let is_stuck = |id: &NodeId| {
            let node = self.machine.find(*id);
            node.is_some_and(|node| matches!(node.phase, Phase::Stuck(_)))
        };
        let stuck = drivers.filter(|id| is_stuck(id)).count() == self.drivers.len();
        let complete = self.is_over() && stuck;
        assert_eq!(report.phase == ShutdownPhase::Completed, complete);
        if complete {
            // It stands, whoever goes after that.
            return;
        }
        let status = match self.drivers.len() {
            0 => ResourceReconcileStatus::Cleaned,
            _ if stuck => ResourceReconcileStatus::Recorded,
            _ => ResourceReconcileStatus::Failed,
        };
        assert_eq!(report.reconcile.tasks_left, self.drivers.len());
        assert_eq!(report.reconcile.task_status, status);
    }

    /// The events come to what the snapshot says, and each follows from one that begins something.
    fn check_fold(&mut self) {
        if !self.fold_events() {
            return;
        }
        let snapshot = self.snapshot();
        assert_eq!(
            self.fold.is_ready(),
            snapshot.ready,
            "readiness of the tree"
        );
        let mut told = 0;
        for child in &snapshot.children {
            let path = &child.path;
            let Some(folded) = self.fold.child(path) else {
                let untold = (child.generation, child.ready, child.operation);
                assert_eq!(
                    untold,
                    (None, false, Operation::Active),
                    "untold: {child:?}"
                );
                continue;
            };
            told += 1;
            let differs = folded.differs_from(child);
            assert_eq!(differs, None, "`{path}`: {folded:?} and {child:?}");
        }
        assert_eq!(told, self.fold.children().count(), "{:?}", self.fold);
    }

    /// Answers whether there was no gap since the tree was made.
    fn fold_events(&mut self) -> bool {
        let journal = self.machine.journal();
        let mut events = Vec::new();
        if journal.read(self.fold.seq(), usize::MAX, &mut events) > 0 {
            return false;
        }
        for event in events {
            self.check_found(&event);
            self.fold.apply(&event).expect("without a gap");
            let first = journal.get(event.correlation);
            let begins = first.is_none_or(|first| first.correlation == event.correlation);
            assert!(
                begins && event.correlation > 0,
                "{event:?} follows from nothing"
            );
        }
        true
    }

    /// An event that changes nothing tells of a child what those before it have told.
    fn check_found(&self, event: &Event) {
        if event.kind.tells_state() {
            return;
        }
        if let Some(child) = self.fold.child(&event.path) {
            let known = (child.state, child.operation, child.ready);
            let found = (event.state, event.operation, event.ready);
            // It has ended, and what becomes of it may be known by now.
            let lives = matches!(
                event.state,
                ChildState::Aborting
                    | ChildState::Running
                    | ChildState::Starting
                    | ChildState::Stopping
                    | ChildState::Stuck
            );
            let rests = child.state == ChildState::Exited && !lives;
            assert!(found == known || rests, "{event:?}, and it was {child:?}");
        }
    }

    /// A number that worlds share only if they will behave alike.
    #[cfg(feature = "__world")]
    pub fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};

        let mut hasher = DefaultHasher::new();
        self.machine.fingerprint().hash(&mut hasher);
        for (path, attempt) in &self.live {
            (path, attempt.beat, attempt.polls % 2).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Tells the machine something, and lets it finish.
    pub(super) fn tell(&mut self, input: Input) {
        self.machine.handle(self.now, input);
        self.settle();
    }

    fn settle(&mut self) {
        for turn in 0.. {
            assert!(turn < TURNS, "it goes on for ever");
            let steps = super::STEPS - self.machine.steps_left;
            self.steps += u64::from(steps);
            self.longest = self.longest.max(steps);
            while let Some(action) = self.machine.poll_action() {
                self.perform(action);
            }
            self.machine.swap_trash(&mut Trash::default());
            if !self.machine.has_more() {
                return;
            }
            // Others may look at the tree now. A large one is not looked at in every step.
            if self.live.len() < 512 && self.machine.journal().seq() < 4_096 {
                self.check_fold();
            }
            self.machine.resume();
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Admit(..) | Action::Watch(_) => {}
            Action::Answer(Token(ticket), answer) => {
                // Whom it was addressed to is known to the one who asked.
                let error = |refusal| explain(refusal, "", "");
                let answer = (*answer).map(Said::from).map_err(error);
                let former = self.answers.insert(ticket, answer);
                assert!(former.is_none(), "I7: {ticket} is answered twice");
            }
            Action::Start(ix) => self.begin(ix),
            Action::Overdue(ix) | Action::Sample(ix) if self.take_excuse(ix) => {
                let again = self.now.after(super::ABORT_BUDGET);
                self.machine.look_again(ix, again);
            }
            Action::Overdue(ix) => self.machine.overdue(ix),
            Action::Sample(ix) => self.sample(ix),
            Action::Stop(ix) => {
                self.want(ix, Want::Stop);
                self.sample(ix);
            }
            Action::Abort(ix) => {
                self.want(ix, Want::Abort);
                self.sample(ix);
            }
            Action::Release(ix) => {
                self.released.extend(self.drivers.get(&ix));
                let path = Arc::clone(&self.machine.node(ix).path);
                match self.live.get_mut(&path) {
                    Some(attempt) if attempt.id.ix == ix => attempt.released = true,
                    _ => self.driver_gone(ix),
                }
            }
        }
    }

    fn begin(&mut self, ix: Ix) {
        let is_released = self.released.contains(&self.machine.id(ix));
        assert!(
            !is_released,
            "a child is started whose task has been let go"
        );
        self.drivers.insert(ix, self.machine.id(ix));
        self.machine.driven(ix);
        let node = self.machine.node(ix);
        let path = Arc::clone(&node.path);
        let attempt = Attempt {
            id: self.machine.id(ix),
            generation: node.generation().expect("a start has been counted"),
            number: node.attempt,
            asked: false,
            aborted: false,
            polls: 0,
            beat: false,
            starved: false,
            released: false,
        };
        let former = self.live.insert(Arc::clone(&path), attempt);
        assert_eq!(former, None, "I1: `{path}` lives already");
        self.wants.push_back((path, Want::Start));
    }

    /// Whether the attempt cannot be blamed for being overdue.
    fn take_excuse(&mut self, ix: Ix) -> bool {
        let attempt = self.live.get_mut(&self.machine.node(ix).path);
        attempt.is_some_and(|attempt| attempt.id.ix == ix && std::mem::take(&mut attempt.starved))
    }

    /// The runtime looks at the attempt.
    fn sample(&mut self, ix: Ix) {
        let path = Arc::clone(&self.machine.node(ix).path);
        let Some(attempt) = self.live.get_mut(&path) else {
            return;
        };
        if attempt.id.ix == ix {
            let seen = Sample {
                beat: std::mem::take(&mut attempt.beat),
                polls: attempt.polls,
                members: Members::default(),
            };
            self.machine.sampled(attempt.id, attempt.generation, seen);
        }
    }

    fn want(&mut self, ix: Ix, want: Want) {
        let path = Arc::clone(&self.machine.node(ix).path);
        let Some(attempt) = self.live.get_mut(&path) else {
            return;
        };
        match want {
            Want::Abort => attempt.aborted = true,
            Want::Stop => attempt.asked = true,
            Want::Start => {}
        }
        self.wants.push_back((path, want));
    }

    fn driver_gone(&mut self, ix: Ix) {
        if let Some(id) = self.drivers.remove(&ix) {
            self.machine.observe(self.now, Input::Released(id));
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
            record: Arc::new(ExitRecord {
                kind,
                sub_task: None,
                generation: attempt.generation,
                attempt: attempt.number,
                uptime: Duration::ZERO,
            }),
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
            Answer::Declined => Self::Declined,
            Answer::Intent { .. } => Self::Intended,
            Answer::Reloaded => Self::Reloaded,
            Answer::Shutdown { .. } => Self::ShuttingDown,
            Answer::Started => Self::Started,
        }
    }
}

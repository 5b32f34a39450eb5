//! The rules of supervision, as one synchronous machine without IO, clock or runtime.
//!
//! [`Machine::handle`] takes what has happened, [`Machine::poll_action`] gives what is to be done,
//! [`Machine::next_deadline`] says when to call again. Time and randomness come from outside.
//!
//! # Invariants
//!
//! - **I1** At most one live attempt for each child path: a start needs a phase that is not live,
//!   and a phase stops being live only in [`Machine::handle`] of [`Input::Exited`].
//! - **I2** Every message about a child carries its node and generation; a stale one is counted
//!   and otherwise ignored. Generations of a path only grow (see [`fences`]).
//! - **I3** Start in order, stop in reverse: one walk over the list, [`walk`].
//! - **I4** More than `intensity` restarts within the window: [`intensity`].
//! - **I5** Giving up stops the children in reverse and ends with `shutdown`: [`stop`].
//! - **I6** Nothing starts in a supervisor that comes down: a walk that stops replaces one that
//!   starts, and waiting phases with it.
//! - **I7** Every delay is the deadline of the node that waits; leaving the phase clears it. Every
//!   command is answered exactly once.
//! - **I8** Stopping is bounded: request, budget, drop, and then the child is [`stuck`] and nobody
//!   waits for it; a whole subtree has one deadline in [`shutdown_within`].
//! - **I9** Every end is an event, and is kept with what was decided on it: [`history`].
//! - **I10** Events are numbered where they are written.
//! - **I11** Memory is bounded: journal, windows and fences are rings; a removed child leaves its
//!   fence.

mod add;
pub(crate) mod answer;
mod answers;
mod budget;
#[cfg(any(test, feature = "__world"))]
mod check;
mod command;
mod copy;
mod deadlines;
pub(crate) mod decision;
mod declared;
mod down;
mod edges;
mod ended;
mod events;
mod failure;
mod fences;
#[cfg(feature = "__world")]
mod fingerprint;
mod heir;
mod history;
mod in_place;
mod in_turn;
mod index;
pub(crate) mod input;
mod intensity;
pub(crate) mod intents;
mod limits;
pub(crate) mod mirror;
mod missing;
pub(crate) mod node;
pub(crate) mod nodes;
mod phase;
mod plant;
pub(crate) mod ready;
#[cfg(feature = "recorder")]
pub(crate) mod recorder;
pub(crate) mod rehearsal;
#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "only a new file reloads a tree")
)]
mod relist;
#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "only a new file reloads a tree")
)]
pub(crate) mod reload;
mod report;
#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "only a new file reloads a tree")
)]
mod retune;
mod scope;
mod shutdown_within;
pub(crate) mod snapshot;
mod standing;
mod start;
mod stop;
mod stuck;
#[cfg(test)]
mod tests;
mod tick;
pub(crate) mod time;
mod trash;
mod tree;
mod turn;
mod verb;
pub(crate) mod walk;
pub(crate) mod watch;
#[cfg(any(test, feature = "__world"))]
#[cfg_attr(
    not(feature = "__world"),
    allow(dead_code, reason = "the machine's own tests say a part of it only")
)]
pub(crate) mod world;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use self::answers::Answers;
use self::deadlines::Deadlines;
use self::fences::Fences;
use self::index::PathIndex;
use self::input::{Action, Input};
use self::mirror::Mirrors;
use self::node::{Body, Cause, Down, Flags, Ix, Node, NodeId, Phase, Retry, Sup, Wish};
use self::nodes::Nodes;
use self::report::Shutdown;
use self::time::Nanos;
pub(crate) use self::trash::Trash;
pub(crate) use self::tree::TreePhase;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::history::{Because, Decision};
use crate::event::journal::Journal;
use crate::event::kind::EventKind;
use crate::spec::plan::{Plan, PlannedBody};
use crate::spec::policy::{Pool, StartOrder, WhileStarting};
use crate::task::launch::Launch;
use crate::task::start_reason::StartReason;

/// How long a child may take to go once its future is to be dropped, before it counts as stuck.
pub(crate) const ABORT_BUDGET: Duration = Duration::from_secs(1);

/// How many steps one call makes before it lets the caller breathe: holds of the lock stay short
/// whatever the size of the tree.
const STEPS: u32 = 128;

/// One tree.
#[derive(Debug)]
pub(crate) struct Machine {
    nodes: Nodes,
    index: PathIndex,
    deadlines: Deadlines,
    fences: Fences,
    journal: Journal,
    answers: Answers,
    actions: VecDeque<Action>,
    /// Supervisors that may have something to do.
    todo: VecDeque<Ix>,
    /// How many steps a call makes.
    steps: u32,
    steps_left: u32,
    now: Nanos,
    random: fastrand::Rng,
    phase: TreePhase,
    /// Live attempts, and those among them that are stuck.
    live: usize,
    stuck: usize,
    /// Nodes that have a task on the runtime.
    driven: usize,
    /// How far the shutdown is.
    shutdown: Shutdown,
    /// Messages that came too late.
    stale: u64,
    intents: Vec<(Arc<str>, Operation)>,
    reloading: Option<reload::Open>,
    queued: VecDeque<reload::Queued>,
    /// Other code for children, until they start with it.
    recoded: HashMap<Ix, PlannedBody>,
    /// Every critical child has been up once.
    has_been_up: bool,
    /// Critical children that were not ready when the start of the tree failed.
    missing: Vec<Arc<str>>,
    closing_since: Nanos,
    ended_at: Nanos,
    trash: Trash,
    mirrors: Mirrors,
    /// Number of the event that whatever is done now follows from.
    context: u64,
    /// What the clock on the wall showed, and when.
    wall_at_start: u64,
    wall_seen: Nanos,
    /// Grows with everything that is told.
    moves: u64,
    #[cfg(feature = "recorder")]
    recorder: Option<Box<recorder::Recorder>>,
}

impl Machine {
    /// A tree in which nothing runs yet, and the code of its children, at the places of their nodes.
    pub(crate) fn new(plan: Plan, seed: u64) -> (Self, Vec<Option<Launch>>) {
        let mut machine = Self {
            nodes: Nodes::with_capacity(plan.nodes.len()),
            index: PathIndex::new(plan.paths),
            deadlines: Deadlines::default(),
            fences: Fences::default(),
            journal: Journal::new(),
            answers: Answers::default(),
            actions: VecDeque::new(),
            todo: VecDeque::new(),
            steps: STEPS,
            steps_left: 0,
            now: Nanos::default(),
            random: fastrand::Rng::with_seed(seed),
            phase: TreePhase::Idle,
            live: 0,
            stuck: 0,
            driven: 0,
            shutdown: Shutdown::Before,
            stale: 0,
            intents: Vec::new(),
            reloading: None,
            queued: VecDeque::new(),
            recoded: HashMap::new(),
            has_been_up: false,
            missing: Vec::new(),
            closing_since: Nanos::default(),
            ended_at: Nanos::default(),
            trash: Trash::default(),
            mirrors: Mirrors::default(),
            context: 0,
            wall_at_start: 0,
            wall_seen: Nanos::default(),
            moves: 0,
            #[cfg(feature = "recorder")]
            recorder: None,
        };
        let mut launches = Vec::with_capacity(plan.nodes.len());
        // Where starts are concurrent, a child may be after a later one.
        let mut edges: Vec<(Ix, Vec<Ix>)> = Vec::new();
        for planned in plan.nodes {
            let parent = planned.parent.map_or(Ix::NONE, index_of);
            let ix = machine.insert(parent, planned.path, planned.policy, &planned.body, true);
            if !planned.after.is_empty() {
                edges.push((ix, planned.after.into_iter().map(index_of).collect()));
            }
            launches.push(planned.body.into_launch());
        }
        for (ix, after) in edges {
            machine.link_dependencies(ix, after);
        }
        for place in 0..machine.nodes.len() {
            if let Body::Supervisor(sup) = &mut machine.nodes[index_of(place)].body {
                sup.statics.shrink_to_fit();
            }
        }
        (machine, launches)
    }

    /// Tells the machine what has happened. Follow up with [`Machine::resume`] while
    /// [`Machine::has_more`], and carry out the actions.
    pub(crate) fn handle(&mut self, now: Nanos, input: Input) {
        self.observe(now, input);
        self.advance();
        self.answer_drafts();
    }

    /// Takes note of what has happened; supervisors go on when they are resumed.
    fn observe(&mut self, now: Nanos, input: Input) {
        self.now = self.now.max(now);
        self.moves += 1;
        self.steps_left = self.steps;
        #[cfg(feature = "recorder")]
        self.note(&input);
        match input {
            Input::Command(token, audit, command) => self.command(token, &audit, command),
            Input::Ending(id, generation) => self.ending(id, generation),
            Input::Exited(id, generation, exit) => self.exited(id, generation, exit),
            Input::Ready(id, generation) => self.reported_ready(id, generation),
            Input::Released(id) => self.released(id),
            Input::RuntimeGone => self.runtime_gone(),
            Input::Stalled(id, generation, at_least) => self.stalled(id, generation, at_least),
            Input::Start => self.start_tree(),
            Input::Tick => self.tick(),
            Input::Unstalled(id, generation) => self.unstalled(id, generation),
        }
    }

    /// Lets the machine know the time, for whoever reads it.
    pub(crate) fn observe_time(&mut self, now: Nanos) {
        self.now = self.now.max(now);
    }

    /// Goes on where a call left off for having done enough.
    pub(crate) fn resume(&mut self) {
        #[cfg(feature = "recorder")]
        self.note_told(|| recorder::Told::Resume);
        self.moves += 1;
        self.steps_left = self.steps;
        self.tick();
        self.advance();
        self.answer_drafts();
    }

    /// Whether [`Machine::resume`] has something to do.
    pub(crate) fn has_more(&self) -> bool {
        !self.todo.is_empty()
    }

    /// What is to be done next.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to tell the machine that time has passed.
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        self.deadlines.next()
    }

    /// Whether the start of the tree has succeeded, whatever has become of it since.
    pub(crate) const fn has_been_up(&self) -> bool {
        self.has_been_up
    }

    pub(crate) const fn tree_phase(&self) -> &TreePhase {
        &self.phase
    }

    /// Whether nothing is left but attempts that cannot be ended.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, TreePhase::Ended(_)) && self.live == self.stuck
    }

    pub(crate) const fn stuck(&self) -> usize {
        self.stuck
    }

    pub(crate) const fn now(&self) -> Nanos {
        self.now
    }

    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Hands over what is to be dropped, and takes the empty lists for what comes next.
    pub(crate) fn swap_trash(&mut self, empty: &mut Trash) {
        debug_assert!(empty.is_empty(), "it would be dropped under the lock");
        if !self.trash.is_empty() {
            std::mem::swap(&mut self.trash, empty);
        }
    }

    /// The node and its present or last generation, for the slot that runs it.
    pub(crate) fn node(&self, ix: Ix) -> &Node {
        &self.nodes[ix]
    }

    pub(crate) fn id(&self, ix: Ix) -> NodeId {
        self.nodes.id(ix)
    }

    /// The node, unless it has gone.
    pub(crate) fn find(&self, id: NodeId) -> Option<&Node> {
        Some(&self.nodes[self.nodes.find(id)?])
    }

    /// Marks that the node has a task on the runtime.
    pub(crate) fn driven(&mut self, ix: Ix) {
        #[cfg(feature = "recorder")]
        self.note_told(|| recorder::Told::Driven(ix));
        let was_driven = std::mem::replace(&mut self.nodes[ix].flags.driven, true);
        self.driven += usize::from(!was_driven);
    }

    fn insert(
        &mut self,
        parent: Ix,
        path: Arc<str>,
        policy: Arc<crate::spec::plan::ChildPolicy>,
        body: &PlannedBody,
        is_static: bool,
    ) -> Ix {
        let starts = self.fences.recall(&path);
        let (body, phase) = match body {
            PlannedBody::Declared => (Body::Declared, Phase::Down(Down::Declared)),
            PlannedBody::Supervisor(policy) => {
                let above = parent.some().map(|sup| self.nodes.sup(sup).history);
                let history = policy.history.or(above).unwrap_or(history::DEFAULT);
                let sup = Sup::new((**policy).clone(), history);
                (Body::Supervisor(Box::new(sup)), Phase::Down(Down::Fresh))
            }
            PlannedBody::Worker(_) => (Body::Worker, Phase::Down(Down::Fresh)),
        };
        let ix = self.nodes.insert(Node {
            parent,
            prev: Ix::NONE,
            next: Ix::NONE,
            order: 0,
            tenancy: 0,
            heap_place: Ix::NONE.0,
            since: self.now,
            ready_since: Nanos::NEVER,
            asked: self.now,
            correlation: 0,
            starts,
            attempt: 0,
            reason: StartReason::First,
            next_reason: None,
            phase,
            operation: Operation::Active,
            wish: Wish::None,
            flags: Flags {
                is_static,
                ..Flags::default()
            },
            path,
            policy,
            last: None,
            fuse: None,
            history: None,
            watch: None,
            links: None,
            mirror: None,
            body,
        });
        if parent != Ix::NONE {
            self.nodes.link(ix);
            if is_static {
                self.nodes.sup_mut(parent).statics.push(ix);
            }
        }
        ix
    }

    fn set_deadline(&mut self, ix: Ix, deadline: Nanos) {
        self.deadlines.set(&mut self.nodes, ix, deadline);
    }

    /// Whether a start in this supervisor holds up the next one (I3), and stops of single
    /// children hold up its inbox.
    fn is_serial(&self, sup: Ix) -> bool {
        let policy = &self.nodes.sup(sup).policy;
        self.waits(sup) || (policy.start == StartOrder::Ordered && policy.pool == Pool::Off)
    }

    /// Whether the supervisor lets a start run its course, as OTP does.
    fn waits(&self, sup: Ix) -> bool {
        let mode = self.nodes.sup(sup).policy.while_starting;
        mode == WhileStarting::Wait
    }

    /// Counts a message that came too late (I2), and says so.
    fn stale(&mut self, ix: Option<Ix>) {
        self.stale += 1;
        if let Some(ix) = ix {
            self.begin_context();
            self.emit_beside(ix, EventKind::Stale);
        }
    }
}

fn index_of(place: usize) -> Ix {
    Ix(u32::try_from(place).expect("fewer nodes than u32::MAX"))
}

impl Retry {
    /// How a restart is told.
    const fn decision(self, because: Because, delay: Duration) -> Decision {
        match self {
            Self::Group => Decision::RestartGroup { because, delay },
            Self::Alone | Self::First => Decision::Restart { because, delay },
        }
    }

    /// What a start that follows from it belongs to.
    const fn cause(self) -> Cause {
        match self {
            Self::Alone => Cause::Alone,
            Self::First => Cause::First,
            Self::Group => Cause::Group,
        }
    }
}

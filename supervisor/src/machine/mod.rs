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
mod ended;
mod events;
mod failure;
mod fences;
#[cfg(feature = "__world")]
mod fingerprint;
mod history;
mod in_place;
mod index;
pub(crate) mod input;
mod intensity;
pub(crate) mod intents;
mod limits;
pub(crate) mod mirror;
mod missing;
pub(crate) mod node;
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
pub(crate) mod time;
pub(crate) mod walk;
pub(crate) mod watch;
#[cfg(any(test, feature = "__world"))]
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
use self::missing::Missing;
use self::node::{Body, Cause, Down, Flags, Ix, Letter, Links, Mail, Node, NodeId, Nodes};
use self::node::{Phase, Retry, Sup, Wish};
use self::report::Shutdown;
use self::time::Nanos;
use self::walk::{End, Op};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::exit::ExitRecord;
use crate::event::failure::Failure;
use crate::event::history::{Because, Decision};
use crate::event::journal::{Journal, Owner};
use crate::event::kind::EventKind;
use crate::panics::drop_quietly;
use crate::shutdown::stage::{ShutdownCause, ShutdownPhase};
use crate::spec::plan::{Plan, PlannedBody};
use crate::spec::policy::StartOrder;
use crate::task::launch::Launch;
use crate::task::start_reason::StartReason;

/// How long a child may take to go once its future is to be dropped, before it counts as stuck.
pub(crate) const ABORT_BUDGET: Duration = Duration::from_secs(1);

/// How many steps one call makes before it lets the caller breathe: holds of the lock stay short
/// whatever the size of the tree.
const STEPS: u32 = 128;

/// How far the tree is.
#[derive(Clone, Debug)]
pub(crate) enum TreePhase {
    Idle,
    Starting,
    /// Every critical child of the first start is up.
    Up,
    /// It comes down and will not start anything any more.
    Closing,
    Ended(End),
}

/// Values that may run the code of users when they are dropped; the caller drops them, unlocked.
#[derive(Debug, Default)]
pub(crate) struct Trash {
    pub(crate) bodies: Vec<PlannedBody>,
    pub(crate) failures: Vec<Arc<Failure>>,
    pub(crate) records: Vec<Arc<ExitRecord>>,
}

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
    /// A tree in which nothing runs yet, and the code of its children, by node.
    pub(crate) fn new(plan: Plan, seed: u64) -> (Self, Vec<(Ix, Launch)>) {
        let mut machine = Self {
            nodes: Nodes::with_capacity(plan.nodes.len()),
            index: PathIndex::new(plan.paths),
            deadlines: Deadlines::default(),
            fences: Fences::default(),
            journal: Journal::new(),
            answers: Answers::default(),
            actions: VecDeque::new(),
            todo: VecDeque::new(),
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
            if let PlannedBody::Worker(launch) = planned.body {
                launches.push((ix, launch));
            }
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
        self.steps_left = STEPS;
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
        self.steps_left = STEPS;
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
                let sup = Sup::new(policy.clone(), history);
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

    fn link_dependencies(&mut self, ix: Ix, after: Vec<Ix>) {
        if after.is_empty() {
            return;
        }
        for &on in &after {
            let links = self.nodes[on].links.get_or_insert_default();
            links.before.push(ix);
        }
        self.nodes[ix]
            .links
            .get_or_insert_with(|| Box::new(Links::default()))
            .after = after;
    }

    /// Forgets the edges of a node that is going.
    fn unlink_dependencies(&mut self, ix: Ix) {
        let Some(links) = self.nodes[ix].links.take() else {
            return;
        };
        for on in links.after {
            if let Some(links) = &mut self.nodes[on].links {
                links.before.retain(|&dependent| dependent != ix);
            }
        }
        for dependent in links.before {
            if let Some(links) = &mut self.nodes[dependent].links {
                links.after.retain(|&on| on != ix);
            }
            if matches!(self.nodes[dependent].phase, Phase::Waiting(_)) {
                self.mail(
                    self.nodes[dependent].parent,
                    Mail::Start(self.nodes.id(dependent)),
                );
            }
        }
    }

    /// Changes the phase of a child, and the counts of its supervisor with it.
    fn set_phase(&mut self, ix: Ix, phase: Phase) {
        let node = &mut self.nodes[ix];
        let (before, parent) = (std::mem::replace(&mut node.phase, phase), node.parent);
        node.correlation = self.context;
        let (was_live, is_live) = (before.is_live(), phase.is_live());
        if !(was_live && is_live) {
            node.since = self.now;
        }
        match (was_live, is_live) {
            (false, true) => self.live += 1,
            (true, false) => self.live -= 1,
            _ => {}
        }
        match (
            matches!(before, Phase::Stuck(_)),
            matches!(phase, Phase::Stuck(_)),
        ) {
            (false, true) => self.stuck += 1,
            (true, false) => self.stuck -= 1,
            _ => {}
        }
        // Only a group that stops before it starts keeps what was decided on its culprit.
        if matches!(phase, Phase::Down(down) if down != Down::Group) {
            node.next_reason = None;
        }
        if node.heap_place != Ix::NONE.0 {
            self.deadlines.clear(&mut self.nodes, ix);
        }
        let node = &self.nodes[ix];
        if parent == Ix::NONE {
            return;
        }
        if !node.flags.ready && node.flags.linked {
            self.misses(parent, node.missing(before), node.missing(phase));
        }
        if before.is_down() != phase.is_down() {
            let significant = u32::from(self.nodes[ix].policy.significant);
            let sup = self.nodes.sup_mut(parent);
            if phase.is_down() {
                sup.busy -= 1;
                sup.busy_significant -= significant;
            } else {
                sup.busy += 1;
                sup.busy_significant += significant;
            }
        }
        self.publish(ix);
    }

    /// A child that is not ready counts otherwise from now on.
    fn misses(&mut self, sup: Ix, before: Missing, now: Missing) {
        let state = self.nodes.sup_mut(sup);
        state.missing.add(now);
        state.missing.sub(before);
        if now.settled > before.settled || now.optional < before.optional {
            // It may be the last one that its supervisor waits for.
            self.schedule(sup);
        }
    }

    fn set_deadline(&mut self, ix: Ix, deadline: Nanos) {
        self.deadlines.set(&mut self.nodes, ix, deadline);
    }

    /// Puts a message into a supervisor's inbox.
    fn mail(&mut self, sup: Ix, mail: Mail) {
        let correlation = self.context;
        let letter = Letter { mail, correlation };
        self.nodes.sup_mut(sup).inbox.push_back(letter);
        self.schedule(sup);
    }

    fn schedule(&mut self, sup: Ix) {
        let state = self.nodes.sup_mut(sup);
        if !state.scheduled {
            state.scheduled = true;
            self.todo.push_back(sup);
        }
    }

    /// Lets supervisors go on until nothing moves, or enough has been done.
    fn advance(&mut self) {
        while self.steps_left > 0 {
            let Some(sup) = self.todo.pop_front() else {
                return;
            };
            // The node may have been given free since it was scheduled.
            let Body::Supervisor(state) = &mut self.nodes[sup].body else {
                continue;
            };
            state.scheduled = false;
            self.context = state.correlation;
            while self.step(sup) {
                self.steps_left = self.steps_left.saturating_sub(1);
                if self.steps_left == 0 {
                    self.schedule(sup);
                    return;
                }
            }
            if matches!(self.nodes[sup].phase, Phase::Starting(_))
                && self.nodes[sup].sup().is_some()
            {
                // What held up its start may be over.
                self.check_ready(sup);
            }
        }
    }

    /// One step of a supervisor; false when it has to wait.
    fn step(&mut self, sup: Ix) -> bool {
        // The node may have been given free since it was scheduled.
        let Some(state) = self.nodes[sup].sup() else {
            return false;
        };
        self.context = state.correlation;
        match state.op {
            Op::Down => false,
            Op::Starting { next, scope, cause } => self.step_start(sup, next, scope, cause),
            Op::Stopping {
                next,
                scope,
                manner,
                ..
            } => self.step_stop(sup, next, scope, manner),
            Op::Up if self.is_changing(sup) => {
                self.change_is_over(sup);
                true
            }
            Op::Up => {
                let Some(letter) = self.nodes.sup_mut(sup).inbox.pop_front() else {
                    return false;
                };
                self.context = letter.correlation;
                self.deliver(sup, letter.mail);
                true
            }
        }
    }

    fn deliver(&mut self, sup: Ix, mail: Mail) {
        match mail {
            Mail::Command(token, command) => self.deliver_command(sup, token, command),
            Mail::Change => self.begin_change(sup),
            Mail::Due(id) => {
                let Some(ix) = self.nodes.find(id) else {
                    return;
                };
                if let Phase::Failed(retry) = self.nodes[ix].phase {
                    self.restart(sup, ix, retry, self.now);
                }
            }
            Mail::Ended(id, at) => self.decide(sup, id, at),
            Mail::FirstStart => self.continue_first_start(sup),
            Mail::Rest(scope) => {
                self.emit(sup, EventKind::GroupStarting);
                let next = self.nodes.sup(sup).first;
                let cause = Cause::Group;
                self.begin_operation(sup, Op::Starting { next, scope, cause });
            }
            Mail::Start(id) => {
                let Some(ix) = self.nodes.find(id) else {
                    return;
                };
                match (self.nodes[ix].phase, self.nodes[ix].wish) {
                    (Phase::Waiting(cause), _) => self.start_one(sup, ix, cause),
                    (Phase::Down(_), Wish::Start(cause)) => self.start_one(sup, ix, cause),
                    _ => {}
                }
            }
            Mail::Stop => self.stop_children(sup, End::Requested),
        }
    }

    /// Everything whose deadline has passed.
    fn tick(&mut self) {
        while self.steps_left > 0 {
            let Some(ix) = self.deadlines.pop_due(&mut self.nodes, self.now) else {
                return;
            };
            self.steps_left -= 1;
            self.resume_context(ix);
            match self.nodes[ix].phase {
                Phase::Starting(_) if self.nodes[ix].sup().is_some() && !self.comes_down(ix) => {
                    self.waited_long(ix);
                }
                Phase::Backoff(retry) => {
                    self.set_phase(ix, Phase::Failed(retry));
                    let due = Mail::Due(self.nodes.id(ix));
                    self.mail(self.nodes[ix].parent, due);
                }
                Phase::Starting(_) | Phase::Running | Phase::Stopping(_)
                    if self.nodes[ix].sup().is_some() =>
                {
                    self.end_overdue(ix);
                }
                Phase::Starting(cause) => self.start_overdue(ix, cause),
                Phase::Running => self.running_overdue(ix),
                // It is looked at whether it can be blamed.
                Phase::Stopping(_) => self.actions.push_back(Action::Overdue(ix)),
                // It is looked at once more, and then given up.
                Phase::Aborting(_) => self.actions.push_back(Action::Sample(ix)),
                Phase::Down(_)
                | Phase::Waiting(_)
                | Phase::Failed(_)
                | Phase::Exited(_)
                | Phase::Stuck(_) => {}
            }
        }
    }

    fn start_tree(&mut self) {
        if matches!(self.phase, TreePhase::Idle) {
            self.begin_context();
            self.phase = TreePhase::Starting;
            self.begin_start(Ix::ROOT, Cause::First);
        }
    }

    /// The tree has ended; its report stands.
    fn end_tree(&mut self, end: End) {
        self.phase = TreePhase::Ended(end);
        self.ended_at = self.now;
        self.shutdown_comes_to(ShutdownPhase::Reconcile);
        self.put_away();
    }

    /// Nothing will run any more, wherever it is.
    fn runtime_gone(&mut self) {
        if !self.is_closing() {
            self.begin_context();
            self.close(ShutdownCause::RuntimeGone);
            self.stop_supervisor(Ix::ROOT);
        }
    }

    fn is_closing(&self) -> bool {
        matches!(self.phase, TreePhase::Closing | TreePhase::Ended(_))
    }

    /// From here on nothing starts, and an observed end is answered with a release.
    fn close(&mut self, cause: ShutdownCause) {
        if !self.is_closing() {
            self.phase = TreePhase::Closing;
            self.closing_since = self.now;
            self.shutdown = Shutdown::Underway {
                cause,
                phases: Vec::new(),
                // Grown bit by bit, it would be moved now and then.
                children: Vec::with_capacity(self.live),
            };
            self.shutdown_comes_to(ShutdownPhase::RequestStop);
        }
    }

    /// Whether a start in this supervisor holds up the next one (I3), and stops of single
    /// children hold up its inbox.
    fn is_serial(&self, sup: Ix) -> bool {
        let policy = &self.nodes.sup(sup).policy;
        self.waits(sup)
            || (policy.start == StartOrder::Ordered
                && policy.pool == crate::spec::policy::Pool::Off)
    }

    /// Whether the supervisor lets a start run its course, as OTP does.
    fn waits(&self, sup: Ix) -> bool {
        let mode = self.nodes.sup(sup).policy.while_starting;
        mode == crate::spec::policy::WhileStarting::Wait
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

impl Trash {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.failures.is_empty() && self.bodies.is_empty()
    }

    /// Drops each alone: a panic of one must not meet that of another.
    pub(crate) fn clear(&mut self) {
        // Records, and failures with them, see to it themselves.
        self.records.clear();
        self.failures.clear();
        for body in self.bodies.drain(..) {
            drop_quietly(body);
        }
    }

    /// Whether dropping it may run the code of users.
    pub(crate) fn runs_user_code(&self) -> bool {
        let owns = |record: &Arc<ExitRecord>| record.error().is_some();
        !self.bodies.is_empty() || !self.failures.is_empty() || self.records.iter().any(owns)
    }

    /// Keeps what has gone from the journal and may own values of users.
    #[inline]
    pub(super) fn gone(&mut self, owner: Owner) {
        match owner {
            Owner::Exit(record) => self.records.push(record),
            Owner::Failure(failure) => self.failures.push(failure),
        }
    }
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

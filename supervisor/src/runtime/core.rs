//! What the lock protects: the machine, the slots of its children, and who waits for what.
//!
//! Everything here runs under the lock and only collects what is to be done after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::sync::oneshot;

use super::effects::Effects;
use super::lifecycle;
use super::places::Places;
use super::slot::{Slot, Word};
use super::starved::Patience;
use super::subtasks::SubTasks;
use super::tree::{Reply, Tree};
use crate::event::kind::Event;
use crate::event::snapshot::ChildSnapshot;
use crate::id::called::Called;
use crate::machine::input::{Action, Token};
use crate::machine::node::{Ix, Node};
use crate::machine::snapshot::Row;
use crate::machine::time::Nanos;
use crate::machine::watch::Sample;
use crate::machine::{Machine, TreePhase};
use crate::shutdown::stage::ShutdownPhase;

/// A reader of events that has found no more of them is about to leave its thread. Woken before it
/// has, it would stand behind all other tasks there, and in a storm it would miss what comes.
const SETTLES: Duration = Duration::from_micros(20);

/// What the lock protects.
// Not `Debug`: it would show the values of users under the lock.
pub(crate) struct Core {
    pub(crate) machine: Machine,
    pub(super) places: Places,
    /// Tasks of children that have not gone.
    pub(super) drivers: usize,
    /// What the timekeeper sleeps for; zero while it is awake.
    pub(super) armed: Nanos,
    /// When the timekeeper was woken last.
    pub(super) woken: Nanos,
    /// Of whoever holds the lock.
    pub(super) patience: Patience,
    /// The earliest deadline that the thread knows which helps where timers stand still.
    expected: Nanos,
    pub(super) waiting: HashMap<Token, oneshot::Sender<Reply>>,
    pub(super) tokens: u64,
    /// Who waits for the next event.
    pub(super) readers: HashMap<u64, Waker>,
    /// When the first of them came.
    reading_since: Nanos,
    reader_ids: u64,
    /// Number of the last event that nobody was there to trace.
    pub(super) unwanted: u64,
    /// Who waits for the tree to be ready, or to end.
    pub(super) watchers: HashMap<u64, Waker>,
    /// Stage and readiness that the watchers know.
    seen: (Stage, bool),
    pub(super) broken: Option<Arc<str>>,
    /// Of a tree that has broken: who has not ended by now is not waited for.
    given_up: bool,
}

/// How far a tree is; only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    #[default]
    Starting,
    Up,
    Closing,
    /// Nothing of it is left but what cannot be ended.
    Over,
}

/// The machine has panicked; the text of it.
#[derive(Clone, Debug)]
pub(crate) struct Broken(pub(crate) Arc<str>);

/// What a wait listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    Events,
    Stage,
}

impl Core {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            places: Places::default(),
            drivers: 0,
            armed: Nanos::default(),
            woken: Nanos::default(),
            patience: Patience::default(),
            expected: Nanos::NEVER,
            waiting: HashMap::new(),
            tokens: 0,
            readers: HashMap::new(),
            reading_since: Nanos::default(),
            reader_ids: 0,
            unwanted: 0,
            watchers: HashMap::new(),
            seen: (Stage::Starting, false),
            broken: None,
            given_up: false,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        if self.broken.is_some() {
            return if self.drivers == 0 || self.given_up {
                Stage::Over
            } else {
                Stage::Closing
            };
        }
        match self.machine.tree_phase() {
            TreePhase::Idle | TreePhase::Starting => Stage::Starting,
            TreePhase::Up => Stage::Up,
            TreePhase::Ended(_)
                if self.machine.shutdown_phase() == ShutdownPhase::Completed
                    && self.drivers <= self.machine.stuck()
                    && self.places.are_swept() =>
            {
                Stage::Over
            }
            TreePhase::Closing | TreePhase::Ended(_) => Stage::Closing,
        }
    }

    /// Copies events behind number `after`; answers how many of those are gone.
    pub(crate) fn events(&self, after: u64, max: usize, into: &mut Vec<Event>) -> u64 {
        self.machine.journal().read(after, max, into)
    }

    /// Adds what only the slots know to what was copied of their children.
    pub(crate) fn count_sub_tasks<'a>(&self, rows: impl IntoIterator<Item = &'a mut Row>) {
        for row in rows {
            row.child.sub_tasks = self.sub_tasks(row.id.ix);
        }
    }

    /// A child as it is now.
    pub(crate) fn child_snapshot(&self, ix: Ix) -> ChildSnapshot {
        let mut child = self.machine.child_snapshot(ix);
        child.sub_tasks = self.sub_tasks(ix);
        child
    }

    /// Sub-tasks of a child that have not ended.
    fn sub_tasks(&self, ix: Ix) -> usize {
        let slot = self.slot(ix);
        let known = slot.and_then(|slot| slot.known_sub_tasks());
        known.map_or(0, SubTasks::alive)
    }

    pub(super) fn slot(&self, ix: Ix) -> Option<&Arc<Slot>> {
        self.places.slot(ix)
    }

    #[cfg(test)]
    pub(crate) fn drivers(&self) -> usize {
        self.drivers
    }

    #[cfg(test)]
    pub(crate) fn listeners_left(&self) -> usize {
        self.readers.len() + self.watchers.len()
    }

    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// The next deadline, which is known to the thread that asks from now on.
    pub(super) fn expected(&mut self) -> Nanos {
        let over = self.broken.is_some() || self.stage() == Stage::Over;
        let next = self.machine.next_deadline().filter(|_| !over);
        self.expected = next.unwrap_or(Nanos::NEVER);
        self.expected
    }

    pub(super) fn arm(&mut self) -> Nanos {
        self.armed = self.machine.next_deadline().unwrap_or(Nanos::NEVER);
        self.armed
    }

    /// Leaves a waker for news; what had been left before is to be dropped without the lock.
    pub(super) fn listen(&mut self, id: &mut u64, listen: Listen, waker: Waker) -> Option<Waker> {
        if *id == 0 {
            self.reader_ids += 1;
            *id = self.reader_ids;
        }
        if listen == Listen::Events && self.readers.is_empty() {
            self.reading_since = self.machine.now();
        }
        self.listeners(listen).insert(*id, waker)
    }

    /// Takes back a waker that nobody waits for any more.
    pub(super) fn forget_listener(&mut self, id: u64, listen: Listen) -> Option<Waker> {
        self.listeners(listen).remove(&id)
    }

    /// Whether there are readers who have come just now.
    pub(super) fn readers_settle(&self) -> bool {
        let since = self.machine.now().since(self.reading_since);
        !self.readers.is_empty() && since < SETTLES
    }

    /// Takes those who wait for the next event: it is there.
    pub(super) fn take_readers(&mut self, into: &mut Vec<Waker>) {
        if !self.readers.is_empty() {
            let readers = self.readers.drain();
            into.extend(readers.map(|(_, waker)| waker));
        }
    }

    fn listeners(&mut self, listen: Listen) -> &mut HashMap<u64, Waker> {
        match listen {
            Listen::Events => &mut self.readers,
            Listen::Stage => &mut self.watchers,
        }
    }

    /// Turns actions into words and effects; true if there is more to do in another hold.
    pub(super) fn collect(
        &mut self,
        tree: &Arc<Tree>,
        me: Option<Ix>,
        before: u64,
        effects: &mut Effects,
    ) -> bool {
        while let Some(action) = self.machine.poll_action() {
            self.perform(tree, me, action, effects);
        }
        self.machine.swap_trash(&mut effects.trash);
        self.machine.take_changed_mirrors(&mut effects.mirrors);
        let next = self.machine.next_deadline().unwrap_or(Nanos::NEVER);
        if next < self.expected && tree.nudge.is_some() {
            self.expected = next;
            effects.expect = Some(next.since(self.machine.now()));
        }
        if next < self.armed {
            self.armed = Nanos::default();
            self.woken = self.machine.now();
            effects.arm = true;
        }
        let ended = matches!(self.machine.tree_phase(), TreePhase::Ended(_));
        let more = ended && self.sweep(effects);
        let ready = self.machine.is_ready();
        let stage = self.stage();
        if (stage, ready) != self.seen {
            self.seen = (stage, ready);
            let watchers = self.watchers.drain();
            effects.readers.extend(watchers.map(|(_, waker)| waker));
            // The tasks of the tree itself end with it.
            effects.arm |= stage == Stage::Over;
        }
        if self.machine.journal().seq() != before || stage == Stage::Over {
            if lifecycle::listens() {
                effects.traces = true;
            } else {
                self.unwanted = self.machine.journal().seq();
            }
            // Who comes from a child's own task sees to it that they are woken.
            effects.unread = me.is_some() && !self.readers.is_empty();
            if !effects.unread {
                self.take_readers(&mut effects.readers);
            }
        }
        more || self.machine.has_more()
    }

    pub(super) fn perform(
        &mut self,
        tree: &Arc<Tree>,
        me: Option<Ix>,
        action: Action,
        effects: &mut Effects,
    ) {
        let (ix, former) = match action {
            Action::Answer(token, reply) => {
                if let Some(sender) = self.waiting.remove(&token) {
                    effects.answers.push((sender, *reply));
                }
                return;
            }
            Action::Admit(ix, admission) => {
                if let Some(launch) = admission.body.into_launch() {
                    // The task of the code that it had before has nothing left to do.
                    if let Some(slot) = self.slot(ix).map(Arc::clone) {
                        let former = slot.want_release();
                        effects.changed.push((slot, former));
                    }
                    effects.launches.extend(self.places.take_unborn(ix));
                    self.places.admit(ix, launch);
                }
                return;
            }
            Action::Release(ix) => {
                effects.launches.extend(self.places.take_unborn(ix));
                let Some(slot) = self.slot(ix) else { return };
                (ix, slot.want_release())
            }
            Action::Start(ix) => {
                let node = self.machine.node(ix);
                let generation = node.generation().expect("a start has been counted");
                let (attempt, reason) = (node.attempt, node.reason);
                let is_first = self.slot(ix).is_none();
                if is_first {
                    self.give_birth(tree, ix, effects);
                }
                let Some(slot) = self.slot(ix) else { return };
                let former = slot.want_start(generation, attempt, reason);
                if is_first {
                    return;
                }
                (ix, former)
            }
            Action::Overdue(ix) => {
                let excused = self.slot(ix).map(Arc::clone);
                let excused = excused.and_then(|slot| self.excused_until(&slot));
                return match excused {
                    Some(at) => self.machine.look_again(ix, at),
                    None => self.machine.overdue(ix),
                };
            }
            Action::Watch(ix) => {
                if let Some(slot) = self.slot(ix) {
                    let longest = self.machine.node(ix).policy.stall_after;
                    effects.watched.push((Arc::clone(slot), longest));
                }
                return;
            }
            Action::Sample(ix) => {
                let Some(slot) = self.slot(ix) else { return };
                let slot = Arc::clone(slot);
                return match self.excused_until(&slot) {
                    Some(at) => self.machine.look_again(ix, at),
                    None => self.look(&slot),
                };
            }
            Action::Stop(ix) => {
                let Some(former) = self.ask_to_end(me, ix, Slot::want_stop) else {
                    return;
                };
                (ix, former)
            }
            Action::Abort(ix) => {
                let Some(former) = self.ask_to_end(me, ix, Slot::want_abort) else {
                    return;
                };
                (ix, former)
            }
        };
        if me == Some(ix) {
            // It reads its word before it does anything else.
            return;
        }
        if let Some(slot) = self.slot(ix) {
            effects.changed.push((Arc::clone(slot), former));
        }
    }

    /// Asks an attempt to end, in this way; answers the word before that.
    fn ask_to_end(&mut self, me: Option<Ix>, ix: Ix, ask: fn(&Slot) -> Word) -> Option<Word> {
        let slot = self.slot(ix)?;
        if self.machine.is_the_last(ix) {
            slot.want_no_more();
        }
        let former = ask(slot);
        slot.expect_poll(me != Some(ix));
        if slot.polls() % 2 == 1 && me != Some(ix) {
            let slot = Arc::clone(slot);
            self.look(&slot);
        }
        Some(former)
    }

    /// Tells the machine what its present attempt is seen doing.
    fn look(&mut self, slot: &Slot) {
        let generation = self.machine.find(slot.id).and_then(Node::generation);
        if let Some(generation) = generation {
            let seen = Sample {
                beat: slot.take_beat(generation),
                polls: slot.polls(),
                members: slot.members_to_blame(),
            };
            self.machine.sampled(slot.id, generation, seen);
        }
    }

    /// Gives the task of a child that has not been started yet its code.
    fn give_birth(&mut self, tree: &Arc<Tree>, ix: Ix, effects: &mut Effects) {
        let (id, node) = (self.machine.id(ix), self.machine.node(ix));
        let slot = || {
            let called = Called::new(Arc::clone(&node.path));
            Arc::new(Slot::new(id, called, Some(Arc::clone(tree))))
        };
        let Some((launch, slot)) = self.places.give_birth(ix, slot) else {
            return;
        };
        if let Some(longest) = node.policy.stall_after {
            effects.watched.push((Arc::clone(&slot), Some(longest)));
        }
        effects.spawns.push((slot, launch));
        if let Some(emptied) = self.places.take_emptied() {
            effects.emptied = emptied;
        }
        self.drivers += 1;
        self.machine.driven(ix);
    }

    /// The tree has ended: nothing is left for parked drivers to wait for.
    fn sweep(&mut self, effects: &mut Effects) -> bool {
        self.places.sweep(|left| effects.left(left))
    }

    /// A tree that has broken has no budgets any more: whoever does not yield is given up (I8).
    pub(super) fn give_up(&mut self) {
        let left = self.drivers;
        if let (Some(text), true, false) = (&self.broken, left > 0, self.given_up) {
            self.given_up = true;
            let tasks = if left == 1 { "task" } else { "tasks" };
            self.broken = Some(format!("{text}; {left} {tasks} could not be ended").into());
        }
    }

    /// A panic of our own: everything ends, and says so.
    pub(super) fn broke(&mut self, payload: &(dyn std::any::Any + Send), effects: &mut Effects) {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        self.broken = Some(format!("the supervisor itself has panicked: {text}").into());
        self.machine.mirrors_failed();
        self.machine.take_changed_mirrors(&mut effects.mirrors);
        self.places.drain(|left| effects.left(left));
        // Dropping the senders answers whoever waits.
        effects
            .unanswered
            .extend(self.waiting.drain().map(|(_, sender)| sender));
        let waiting = self.readers.drain();
        let watchers = self.watchers.drain();
        effects
            .readers
            .extend(waiting.into_iter().chain(watchers).map(|(_, waker)| waker));
        effects.arm = true;
    }
}

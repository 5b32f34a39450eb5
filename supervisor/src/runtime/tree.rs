//! The machine behind its lock, and the one door to it.
//!
//! # The lock
//!
//! No guard leaves this file. What runs under the lock comes from this crate; whatever may run code of users (wakes, spawns,
//! drops, answers, tracing) is collected as [`Effects`] and carried out after it. The machine is
//! called inside `catch_unwind`: a panic of our own ends the tree with an error, and the machine is
//! never called again.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::current::Held;
use super::effects::Effects;
use super::slot::Slot;
use crate::event::kind::Event;
use crate::machine::answer::{Answer, Refusal};
use crate::machine::input::{Action, Command, Input, Token};
use crate::machine::node::Ix;
use crate::machine::time::Nanos;
use crate::machine::{Machine, TreePhase};
use crate::spec::plan::Plan;
use crate::task::launch::Launch;

/// What a command is answered.
pub(crate) type Reply = Result<Answer, Refusal>;

/// A tree that runs.
#[derive(Debug)]
pub(crate) struct Tree {
    core: Mutex<Core>,
    pub(super) runtime: Handle,
    epoch: Instant,
    pub(super) timekeeper: Notify,
    /// Number of the last event that has been given to `tracing`; whoever holds it prints.
    pub(super) printed: Mutex<u64>,
}

/// What the lock protects.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) machine: Machine,
    slots: Vec<Option<Arc<Slot>>>,
    unborn: Vec<Option<Launch>>,
    /// Tasks of children that have not gone.
    drivers: usize,
    /// What the timekeeper sleeps for; zero while it is awake.
    armed: Nanos,
    waiting: HashMap<Token, oneshot::Sender<Reply>>,
    tokens: u64,
    /// Who waits for the next event.
    readers: Vec<(u64, Waker)>,
    reader_ids: u64,
    /// Who waits for the tree to be ready, or to end.
    watchers: Vec<(u64, Waker)>,
    /// Stage and readiness that the watchers know.
    seen: (Stage, bool),
    broken: Option<Arc<str>>,
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

impl Tree {
    pub(crate) fn new(plan: Plan, runtime: Handle) -> Arc<Self> {
        let (machine, launches) = Machine::new(plan, fastrand::u64(..));
        let tree = Arc::new(Self {
            core: Mutex::new(Core {
                machine,
                slots: Vec::new(),
                unborn: Vec::new(),
                drivers: 0,
                armed: Nanos::default(),
                waiting: HashMap::new(),
                tokens: 0,
                readers: Vec::new(),
                reader_ids: 0,
                watchers: Vec::new(),
                seen: (Stage::Starting, false),
                broken: None,
            }),
            runtime,
            epoch: Instant::now(),
            timekeeper: Notify::new(),
            printed: Mutex::new(0),
        });
        let mut core = tree.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.slots.reserve_exact(launches.len());
        core.unborn.reserve_exact(launches.len());
        for (ix, launch) in launches {
            core.admit(&tree, ix, Some(launch));
        }
        drop(core);
        tree
    }

    /// Identifies the tree among others of the process.
    pub(crate) fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// The time, from any thread.
    pub(crate) fn now(&self) -> Nanos {
        // The clock of a paused test belongs to its runtime.
        let _entered = self.runtime.enter();
        self.now_inside()
    }

    /// The time, on a thread of the tree's runtime.
    pub(crate) fn now_inside(&self) -> Nanos {
        self.epoch.elapsed().into()
    }

    pub(crate) fn instant(&self, at: Nanos) -> Option<Instant> {
        (at != Nanos::NEVER).then(|| self.epoch.checked_add(at.since_start()))?
    }

    /// Looks at the tree, or tells it something.
    ///
    /// Deadlines that have passed are noticed first, whoever calls.
    pub(crate) fn with<R>(
        self: &Arc<Self>,
        now: Nanos,
        me: Option<Ix>,
        f: impl FnOnce(&mut Core) -> R,
    ) -> Result<(R, bool), Broken> {
        let (mut result, mut woke) = (None, false);
        let mut once = Some(f);
        loop {
            let mut effects = Effects::default();
            let more = {
                let mut guard = self.core.lock().unwrap_or_else(PoisonError::into_inner);
                let held = Held::now();
                let core = &mut *guard;
                if let Some(text) = &core.broken {
                    return Err(Broken(Arc::clone(text)));
                }
                let before = core.machine.journal().seq();
                core.machine.observe_time(now);
                let run = catch_unwind(AssertUnwindSafe(|| {
                    if core
                        .machine
                        .next_deadline()
                        .is_some_and(|deadline| deadline <= now)
                    {
                        core.machine.handle(now, Input::Tick);
                    }
                    match once.take() {
                        Some(f) => result = Some(f(core)),
                        None => core.machine.resume(),
                    }
                    core.collect(self, me, before, &mut effects);
                    core.machine.has_more()
                }));
                match run {
                    Ok(more) => {
                        drop(held);
                        more
                    }
                    Err(payload) => {
                        core.broke(&*payload, &mut effects);
                        drop(held);
                        drop(guard);
                        crate::panics::forget(payload);
                        effects.carry_out(self);
                        return Err(self.broken());
                    }
                }
            };
            woke |= effects.carry_out(self);
            if !more {
                break;
            }
        }
        Ok((result.expect("run in the first round"), woke))
    }

    /// Tells the machine something, from any thread.
    pub(crate) fn tell(self: &Arc<Self>, input: Input) {
        let now = self.now();
        // A tree that has broken has told everybody already.
        let _ = self.with(now, None, |core| core.machine.handle(now, input));
        Self::push();
    }

    /// A driver tells what has become of its attempt; answers whether others have been woken.
    pub(super) fn report(self: &Arc<Self>, slot: &Slot, now: Nanos, input: Input) -> bool {
        let told = self.with(now, Some(slot.id.ix), |core| {
            core.machine.handle(now, input);
        });
        told.is_ok_and(|((), woke)| woke)
    }

    /// The task of a child has gone.
    pub(super) fn driver_gone(self: &Arc<Self>, slot: &Slot) {
        let now = self.now();
        let told = self.with(now, None, |core| {
            core.drivers -= 1;
            core.machine.handle(now, Input::Released(slot.id));
            core.take_slot(slot)
        });
        if told.is_err() {
            self.driver_gone_broken();
        }
    }

    /// Issues a command; the answer may already be there.
    pub(crate) fn command(
        self: &Arc<Self>,
        command: impl FnOnce(&Machine) -> Result<Command, Refusal>,
    ) -> Result<oneshot::Receiver<Reply>, Broken> {
        let now = self.now();
        let (sender, receiver) = oneshot::channel();
        self.with(now, None, |core| match command(&core.machine) {
            Ok(command) => {
                core.tokens += 1;
                let token = Token(core.tokens);
                core.waiting.insert(token, sender);
                core.machine.handle(now, Input::Command(token, command));
            }
            Err(refusal) => core.refuse(sender, refusal),
        })?;
        Self::push();
        Ok(receiver)
    }

    /// Reads the machine.
    pub(crate) fn read<R>(self: &Arc<Self>, f: impl FnOnce(&Machine) -> R) -> Result<R, Broken> {
        let now = self.now();
        Ok(self.with(now, None, |core| f(&core.machine))?.0)
    }

    /// How far the tree is. A tree that has broken is over when its tasks have gone.
    pub(crate) fn stage(&self) -> Stage {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.stage()
    }

    /// What the machine said when it panicked, if it has.
    pub(crate) fn broken_text(&self) -> Option<Arc<str>> {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.broken.clone()
    }

    /// Leaves a waker for the next news, unless `f` has an answer now.
    pub(crate) fn poll_until<R>(
        self: &Arc<Self>,
        id: &mut u64,
        listen: Listen,
        waker: &Waker,
        f: impl FnOnce(&mut Core) -> Option<R>,
    ) -> Option<R> {
        let waker = waker.clone();
        let former;
        let answer;
        {
            let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            let held = Held::now();
            answer = f(&mut core);
            former = if answer.is_none() {
                core.listen(id, listen, waker)
            } else {
                Some(waker)
            };
            drop(held);
        }
        // Wakers of other executors are code of users too.
        drop(former);
        answer
    }

    /// Copies events behind a number, and answers the number of the newest.
    pub(super) fn copy_events(&self, after: u64, max: usize, into: &mut Vec<Event>) -> u64 {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.events(after, max, into);
        core.machine.journal().seq()
    }

    /// The number of the newest event.
    pub(super) fn newest_event(&self) -> u64 {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.machine.journal().seq()
    }

    /// What is the next deadline; the timekeeper sleeps for it.
    pub(super) fn arm(self: &Arc<Self>) -> Result<Nanos, Broken> {
        let now = self.now_inside();
        let (next, _) = self.with(now, None, Core::arm)?;
        Ok(next)
    }

    /// Lets tasks that this thread has woken be taken by others, should it block now.
    ///
    /// The last task that a worker has woken sits in a slot that no other worker takes from; a
    /// task that does nothing pushes it out. One that already exists would not do: if it has been
    /// woken and not run yet, waking it again changes nothing.
    pub(super) fn push() {
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(async {}));
        }
    }

    fn broken(&self) -> Broken {
        Broken(
            self.broken_text()
                .unwrap_or_else(|| "the supervisor has panicked".into()),
        )
    }

    fn driver_gone_broken(&self) {
        let wakers = {
            let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            core.drivers -= 1;
            core.slots.clear();
            let readers = std::mem::take(&mut core.readers);
            let watchers = std::mem::take(&mut core.watchers);
            readers.into_iter().chain(watchers)
        };
        for (_, waker) in wakers {
            waker.wake();
        }
    }
}

impl Core {
    pub(crate) fn stage(&self) -> Stage {
        if self.broken.is_some() {
            return if self.drivers == 0 {
                Stage::Over
            } else {
                Stage::Closing
            };
        }
        match self.machine.tree_phase() {
            TreePhase::Idle | TreePhase::Starting => Stage::Starting,
            TreePhase::Up => Stage::Up,
            TreePhase::Ended(_)
                if self.machine.is_over() && self.drivers <= self.machine.stuck() =>
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

    /// The slot of a task that has gone, to be dropped without the lock.
    fn take_slot(&mut self, gone: &Slot) -> Option<Arc<Slot>> {
        let place = self.slots.get_mut(gone.id.ix.0 as usize)?;
        if place.as_ref().is_some_and(|slot| slot.id == gone.id) {
            place.take()
        } else {
            None
        }
    }

    fn slot(&self, ix: Ix) -> Option<&Arc<Slot>> {
        self.slots.get(ix.0 as usize)?.as_ref()
    }

    fn refuse(&mut self, sender: oneshot::Sender<Reply>, refusal: Refusal) {
        // Sent without the lock: the receiver's waker is code of users.
        self.tokens += 1;
        let token = Token(self.tokens);
        self.waiting.insert(token, sender);
        self.machine.refuse_unasked(token, refusal);
    }

    #[cfg(test)]
    pub(crate) fn drivers(&self) -> usize {
        self.drivers
    }

    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.slots.len()
    }

    fn arm(&mut self) -> Nanos {
        self.armed = self.machine.next_deadline().unwrap_or(Nanos::NEVER);
        self.armed
    }

    fn listen(&mut self, id: &mut u64, listen: Listen, waker: Waker) -> Option<Waker> {
        let list = match listen {
            Listen::Events => &mut self.readers,
            Listen::Stage => &mut self.watchers,
        };
        if let Some((_, stored)) = list.iter_mut().find(|(of, _)| of == id) {
            return Some(std::mem::replace(stored, waker));
        }
        if *id == 0 {
            self.reader_ids += 1;
            *id = self.reader_ids;
        }
        list.push((*id, waker));
        None
    }

    fn admit(&mut self, tree: &Arc<Tree>, ix: Ix, launch: Option<Launch>) {
        let place = ix.0 as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
            self.unborn.resize_with(place + 1, || None);
        }
        if launch.is_some() {
            let path = Arc::clone(&self.machine.node(ix).path);
            let slot = Slot::new(self.machine.id(ix), path, Some(Arc::clone(tree)));
            self.slots[place] = Some(Arc::new(slot));
        }
        self.unborn[place] = launch;
    }

    /// Turns actions into words and effects.
    fn collect(&mut self, tree: &Arc<Tree>, me: Option<Ix>, before: u64, effects: &mut Effects) {
        while let Some(action) = self.machine.poll_action() {
            self.perform(tree, me, action, effects);
        }
        effects.trash = self.machine.take_trash();
        let next = self.machine.next_deadline().unwrap_or(Nanos::NEVER);
        if next < self.armed {
            self.armed = Nanos::default();
            effects.arm = true;
        }
        if matches!(self.machine.tree_phase(), TreePhase::Ended(_)) {
            self.release_all(effects);
        }
        let ready = self.machine.is_ready();
        let stage = self.stage();
        if (stage, ready) != self.seen {
            self.seen = (stage, ready);
            let watchers = std::mem::take(&mut self.watchers);
            effects
                .readers
                .extend(watchers.into_iter().map(|(_, waker)| waker));
            // The tasks of the tree itself end with it.
            effects.arm |= stage == Stage::Over;
        }
        if self.machine.journal().seq() != before || stage == Stage::Over {
            effects.news = true;
            let readers = std::mem::take(&mut self.readers);
            effects
                .readers
                .extend(readers.into_iter().map(|(_, waker)| waker));
        }
    }

    fn perform(&mut self, tree: &Arc<Tree>, me: Option<Ix>, action: Action, effects: &mut Effects) {
        let (ix, former) = match action {
            Action::Answer(token, reply) => {
                if let Some(sender) = self.waiting.remove(&token) {
                    effects.answers.push((sender, reply));
                }
                return;
            }
            Action::Admit(ix, admission) => {
                return self.admit(tree, ix, admission.body.into_launch());
            }
            Action::Release(ix) => {
                let place = ix.0 as usize;
                effects
                    .launches
                    .extend(self.unborn.get_mut(place).and_then(Option::take));
                let Some(slot) = self.slot(ix) else { return };
                let former = slot.want_release();
                if self
                    .machine
                    .find(slot.id)
                    .is_none_or(|node| !node.flags.driven)
                {
                    effects.slots.extend(self.slots[place].take());
                    return;
                }
                (ix, former)
            }
            Action::Start(ix) => {
                let node = self.machine.node(ix);
                let generation = node.generation().expect("a start has been counted");
                let attempt = node.attempt;
                let Some(slot) = self.slot(ix) else { return };
                let former = slot.want_start(generation, attempt);
                let slot = Arc::clone(slot);
                if let Some(launch) = self.unborn[ix.0 as usize].take() {
                    effects.spawns.push((slot, launch));
                    self.drivers += 1;
                    self.machine.driven(ix);
                    return;
                }
                (ix, former)
            }
            Action::Stop(ix) => {
                let Some(slot) = self.slot(ix) else { return };
                (ix, slot.want_stop())
            }
            Action::Abort(ix) => {
                let Some(slot) = self.slot(ix) else { return };
                (ix, slot.want_abort())
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

    /// The tree has ended: nothing is left for parked drivers to wait for.
    fn release_all(&mut self, effects: &mut Effects) {
        for unborn in &mut self.unborn {
            effects.launches.extend(unborn.take());
        }
        for slot in self.slots.drain(..).flatten() {
            let former = slot.want_release();
            effects.changed.push((slot, former));
        }
        self.unborn.clear();
    }

    /// A panic of our own: everything ends, and says so.
    fn broke(&mut self, payload: &(dyn std::any::Any + Send), effects: &mut Effects) {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        self.broken = Some(format!("the supervisor itself has panicked: {text}").into());
        for slot in self.slots.drain(..).flatten() {
            let former = slot.want_end();
            effects.changed.push((slot, former));
        }
        for launch in self.unborn.drain(..).flatten() {
            effects.launches.push(launch);
        }
        // Dropping the senders answers whoever waits.
        self.waiting.clear();
        let waiting = std::mem::take(&mut self.readers);
        let watchers = std::mem::take(&mut self.watchers);
        effects
            .readers
            .extend(waiting.into_iter().chain(watchers).map(|(_, waker)| waker));
        effects.arm = true;
    }
}

//! The machine behind its lock, and the one door to it.
//!
//! # The lock
//!
//! No guard leaves this file. What runs under the lock comes from this crate; whatever may run code
//! of users (wakes, spawns, drops, answers, tracing) is collected as [`Effects`] and carried out
//! after it. The machine is
//! called inside `catch_unwind`: a panic of our own ends the tree with an error, and the machine is
//! never called again.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::SystemTime;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::core::{Broken, Core, Listen, Stage};
use super::current::Held;
use super::effects::Effects;
use super::nudge::{self, Leisure, Nudge};
use super::places::Places;
use super::relay;
use super::slot::Slot;
use super::starved::Patience;
#[cfg(feature = "config")]
use super::sync::lock;
use super::sync::{Mutex, MutexGuard, lock_brief};
use super::watchdog::Watchdog;
#[cfg(feature = "config")]
use crate::config::reload::Running;
use crate::control::audit::Audit;
use crate::event::kind::Event;
use crate::machine::Machine;
use crate::machine::answer::{Answer, Refusal};
use crate::machine::input::{Command, Input, Token};
use crate::machine::node::Ix;
use crate::machine::time::Nanos;
use crate::panics::{self, drop_quietly, quietly};
use crate::spec::plan::Plan;
use crate::template::Templates;

/// What a command is answered.
pub(crate) type Reply = Result<Answer, Refusal>;

/// A command that has been issued.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(Reply),
    /// For what follows from it. The sender is dropped by a tree that breaks, and by no other.
    Waits(oneshot::Receiver<Reply>),
}

/// A tree that runs.
pub(crate) struct Tree {
    core: Mutex<Core>,
    pub(super) runtime: Handle,
    epoch: Instant,
    pub(super) timekeeper: Notify,
    pub(super) watchdog: Watchdog,
    pub(super) nudge: Option<Nudge>,
    /// There is another worker, which tokio may wake for what this one could do at once.
    pub(super) has_workers: bool,
    /// Number of the last event that has been given to `tracing`; whoever holds it prints.
    pub(super) printed: Mutex<u64>,
    /// Somebody has printed.
    pub(super) told: Notify,
    /// What children can be made of by name.
    templates: OnceLock<Templates>,
    /// What it was made of, where a file has been applied.
    #[cfg(feature = "config")]
    running: Mutex<Option<Arc<Running>>>,
    /// One reload at a time.
    #[cfg(feature = "config")]
    reloads: tokio::sync::Mutex<()>,
}

/// What has been done after the lock, besides what was asked for.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub(super) struct Done {
    /// Other tasks of the tree have been woken.
    pub(super) woke: bool,
    /// A task has been woken that no other thread may be able to take: [`Tree::push`].
    hidden: bool,
    /// There are events that somebody waits for, and has not been told of:
    /// [`Tree::wake_readers`].
    pub(super) unread: bool,
}

impl Done {
    fn push(self) {
        if self.hidden {
            Tree::push();
        }
    }
}

/// The tree's lock, held.
struct Locked<'a> {
    core: MutexGuard<'a, Core>,
    #[cfg(feature = "__measure")]
    _hold: super::holds::Hold,
}

impl Deref for Locked<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl fmt::Debug for Tree {
    /// Takes no lock: it is shown as a part of contexts and references, wherever those are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").finish_non_exhaustive()
    }
}

impl Tree {
    pub(crate) fn new(plan: Plan, runtime: Handle) -> Arc<Self> {
        let (machine, launches) = Machine::new(plan, fastrand::u64(..));
        let mut core = Core::new(machine);
        core.places = Places::begin(launches);
        let tree = Arc::new(Self {
            core: Mutex::new(core),
            nudge: Nudge::on(&runtime),
            has_workers: runtime.metrics().num_workers() > 1,
            runtime,
            epoch: Instant::now(),
            timekeeper: Notify::new(),
            watchdog: Watchdog::default(),
            printed: Mutex::new(0),
            told: Notify::new(),
            templates: OnceLock::new(),
            #[cfg(feature = "config")]
            running: Mutex::new(None),
            #[cfg(feature = "config")]
            reloads: tokio::sync::Mutex::new(()),
        });
        nudge::watch(&tree);
        tree
    }

    /// Hands over what children can be made of by name, before the tree is anybody's.
    pub(super) fn register(&self, templates: Templates) {
        let _ = self.templates.set(templates);
    }

    /// What children can be made of by name.
    #[cfg(feature = "manifest")]
    pub(crate) fn templates(&self) -> &Templates {
        self.templates.get_or_init(Templates::default)
    }

    /// What the tree is made of, if a file says so.
    #[cfg(feature = "config")]
    pub(crate) fn running(&self) -> Option<Arc<Running>> {
        let running = lock(&self.running);
        running.clone()
    }

    /// Notes what the tree is made of from now on; what it was is the caller's to drop.
    #[cfg(feature = "config")]
    pub(crate) fn set_running(&self, new: Running) -> Option<Arc<Running>> {
        let mut running = lock(&self.running);
        running.replace(Arc::new(new))
    }

    /// Waits until no other reload is being made.
    #[cfg(feature = "config")]
    pub(crate) async fn reload_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.reloads.lock().await
    }

    /// Identifies the tree among others of the process.
    pub(crate) fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// The time, from any thread.
    pub(crate) fn now(&self) -> Nanos {
        if self.runtime.runtime_flavor() == RuntimeFlavor::MultiThread {
            // Nobody can pause the clock of such a runtime: it is that of the process.
            return self.epoch.into_std().elapsed().into();
        }
        match Handle::try_current() {
            Ok(current) if current.id() == self.runtime.id() => self.now_inside(),
            // The thread is on its way out, and cannot enter a runtime any more.
            Err(error) if error.is_thread_local_destroyed() => self.now_inside(),
            _ => {
                // The clock of a paused test belongs to its runtime.
                let _entered = self.runtime.enter();
                self.now_inside()
            }
        }
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
        f: impl FnOnce(&mut Core) -> R,
    ) -> Result<R, Broken> {
        Ok(self.ask(now, f)?.0)
    }

    /// The same, with what has been done after it.
    fn ask<R>(
        self: &Arc<Self>,
        now: Nanos,
        f: impl FnOnce(&mut Core) -> R,
    ) -> Result<(R, Done), Broken> {
        self.with_patience(now, None, Patience::Endless, f)
    }

    fn with_patience<R>(
        self: &Arc<Self>,
        now: Nanos,
        me: Option<Ix>,
        patience: Patience,
        f: impl FnOnce(&mut Core) -> R,
    ) -> Result<(R, Done), Broken> {
        let (mut result, mut woke) = (None, false);
        let mut once = Some(f);
        let mut effects = Effects::none();
        loop {
            let more = {
                let mut guard = self.lock();
                let held = Held::now();
                let core = &mut *guard;
                if let Some(text) = &core.broken {
                    return Err(Broken(Arc::clone(text)));
                }
                let before = core.machine.journal().seq();
                core.patience = patience;
                core.machine.observe_time(now);
                if core.machine.wants_wall(now) {
                    core.machine.observe_wall(now, SystemTime::now());
                }
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
                    core.collect(self, me, before, &mut effects)
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
                        panics::forget(payload);
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
        let unread = std::mem::take(&mut effects.unread);
        if let Some(next) = effects.next.take() {
            // Who tells of a child does nothing else behind it, or lets others have who is woken.
            if me.is_some() && self.has_workers {
                relay::hand_over(&next);
            }
        }
        let hidden = effects.keep();
        let done = Done {
            woke,
            hidden,
            unread,
        };
        Ok((result.expect("run in the first round"), done))
    }

    /// Tells the machine something, from any thread.
    pub(crate) fn tell(self: &Arc<Self>, input: Input) {
        let now = self.now();
        // A tree that has broken has told everybody already.
        if let Ok(((), done)) = self.ask(now, |core| core.machine.handle(now, input)) {
            done.push();
        }
    }

    /// The task of a child tells what has become of its attempt. Where readers are left unwoken, it
    /// sees to them when it pauses.
    pub(super) fn report_in_turn(self: &Arc<Self>, slot: &Slot, now: Nanos, input: Input) -> Done {
        // A driver is the proof that a thread of the runtime is free.
        let told = self.with_patience(now, Some(slot.id.ix), Patience::Once, |core| {
            core.machine.handle(now, input);
        });
        told.map(|((), done)| done).unwrap_or_default()
    }

    /// The same, from where there may be no other pause.
    pub(super) fn report(self: &Arc<Self>, slot: &Slot, now: Nanos, input: Input) {
        if self.report_in_turn(slot, now, input).unread {
            self.wake_readers();
        }
    }

    /// Wakes who waits for events that are there already.
    pub(super) fn wake_readers(&self) {
        let mut wakers = Vec::new();
        self.lock().take_readers(&mut wakers);
        for waker in wakers {
            quietly(|| waker.wake());
        }
    }

    /// The same, unless they have come just now; answers whether they have.
    pub(super) fn wake_settled_readers(&self) -> bool {
        let settle = {
            let core = self.lock();
            core.readers_settle()
        };
        if !settle {
            self.wake_readers();
        }
        settle
    }

    /// The task of a child has gone.
    pub(super) fn driver_gone(self: &Arc<Self>, slot: &Slot) {
        // What time it is does not matter here.
        let _ = self.gone(slot, Nanos::default(), None);
    }

    /// The same, with the end of its last attempt. It sees to readers that are left unwoken.
    pub(super) fn last_driver_gone(self: &Arc<Self>, slot: &Slot, now: Nanos, end: Input) -> Done {
        self.gone(slot, now, Some(end))
    }

    fn gone(self: &Arc<Self>, slot: &Slot, now: Nanos, end: Option<Input>) -> Done {
        let mut counted = false;
        // A driver that has ended an attempt is the proof that a thread of the runtime is free.
        let (me, patience) = match end {
            Some(_) => (Some(slot.id.ix), Patience::Once),
            None => (None, Patience::Endless),
        };
        let told = self.with_patience(now, me, patience, |core| {
            core.drivers -= 1;
            counted = true;
            if let Some(end) = end {
                core.machine.handle(now, end);
            }
            if core.places.is_replaced(slot) {
                // The child goes on, in another task.
                return None;
            }
            core.machine.handle(now, Input::Released(slot.id));
            core.places.take_slot(slot)
        });
        if let Ok((_, done)) = told {
            return done;
        }
        // Whatever the machine makes of it.
        self.lock().drivers -= usize::from(!counted);
        self.wake_all();
        Done::default()
    }

    /// Issues a command.
    ///
    /// What it owns goes to the machine, or is dropped when the lock is free.
    pub(crate) fn command(
        self: &Arc<Self>,
        audit: Audit,
        command: Command,
    ) -> Result<Asked, Broken> {
        let now = self.now();
        let (asked, done) = self.ask(now, |core| {
            core.tokens += 1;
            let token = Token(core.tokens);
            let input = Input::Command(token, audit, command);
            core.machine.handle(now, input);
            if let Some(reply) = core.machine.take_answer(token) {
                return Asked::Answered(reply);
            }
            let (sender, receiver) = oneshot::channel();
            core.waiting.insert(token, sender);
            Asked::Waits(receiver)
        })?;
        done.push();
        Ok(match asked {
            // The tree had more to do in this call.
            Asked::Waits(mut receiver) => match receiver.try_recv() {
                Ok(reply) => Asked::Answered(reply),
                Err(_) => Asked::Waits(receiver),
            },
            answered @ Asked::Answered(_) => answered,
        })
    }

    /// Reads the machine.
    pub(crate) fn read<R>(self: &Arc<Self>, f: impl FnOnce(&Machine) -> R) -> Result<R, Broken> {
        let now = self.now();
        self.with(now, |core| f(&core.machine))
    }

    /// How far the tree is. A tree that has broken is over when its tasks have gone.
    pub(crate) fn stage(&self) -> Stage {
        let core = self.lock();
        core.stage()
    }

    /// What the machine said when it panicked, if it has.
    pub(crate) fn broken_text(&self) -> Option<Arc<str>> {
        let core = self.lock();
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
            let mut core = self.lock();
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

    /// Takes a waker back that had been left with [`Tree::poll_until`].
    pub(crate) fn stop_listening(&self, id: u64, listen: Listen) {
        let former = self.lock().forget_listener(id, listen);
        drop_quietly(former);
    }

    /// Copies events behind a number that are to be traced; answers how many of those are gone, and
    /// the number of the newest.
    pub(super) fn copy_untraced(
        &self,
        after: u64,
        max: usize,
        into: &mut Vec<Event>,
    ) -> (u64, u64) {
        let core = self.lock();
        let missed = core.events(after.max(core.unwanted), max, into);
        (missed, core.machine.journal().seq())
    }

    /// The number of the newest event.
    pub(super) fn newest_event(&self) -> u64 {
        let core = self.lock();
        core.machine.journal().seq()
    }

    /// Notices deadlines that have passed, from a thread outside of the runtime.
    pub(super) fn notice_deadlines(self: &Arc<Self>) {
        // A tree that has broken has none.
        let _ = self.with(self.now(), |_| ());
    }

    /// What is the next deadline; the timekeeper sleeps for it.
    pub(super) fn arm(self: &Arc<Self>, patience: Patience) -> Result<Nanos, Broken> {
        let now = self.now_inside();
        let (next, done) = self.with_patience(now, None, patience, Core::arm)?;
        // Who has been woken may block this thread, and then nobody would look after the timers.
        done.push();
        Ok(next)
    }

    /// Notices deadlines that have passed, on a thread of the runtime that was free for it.
    pub(super) fn look(self: &Arc<Self>) {
        let now = self.now_inside();
        // A tree that has broken has none.
        let _ = self.with_patience(now, None, Patience::Once, |_| ());
        Self::push();
    }

    /// For how long the tree has nothing to do, for the thread that looks after that.
    pub(super) fn leisure(&self) -> Leisure {
        let now = self.now();
        let mut core = self.lock();
        match core.expected() {
            Nanos::NEVER => Leisure::Endless,
            at if at <= now => Leisure::Over(now.since(at)),
            at => Leisure::Until(at.since(now)),
        }
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

    /// Does not wait any longer for what is left of a tree that has broken.
    pub(super) fn give_up(&self) {
        {
            let mut core = self.lock();
            core.give_up();
        }
        self.wake_all();
    }

    /// Wakes whoever waits for something of a tree that has broken.
    fn wake_all(&self) {
        let (wakers, slots) = {
            let mut core = self.lock();
            let readers = std::mem::take(&mut core.readers);
            let watchers = std::mem::take(&mut core.watchers);
            let slots = std::mem::take(&mut core.places);
            (readers.into_values().chain(watchers.into_values()), slots)
        };
        for waker in wakers {
            quietly(|| waker.wake());
        }
        drop_quietly(slots);
    }

    fn lock(&self) -> Locked<'_> {
        Locked {
            core: lock_brief(&self.core),
            #[cfg(feature = "__measure")]
            _hold: super::holds::Hold::begin(),
        }
    }
}

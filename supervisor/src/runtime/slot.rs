//! What is wanted of one child, as one atomic word.
//!
//! Start, stop, abort, release and the generation are bits of [`Slot::word`]. They are written
//! while the tree's lock is held, and both sides change the word only by read-modify-write, so
//! that no wake-up is lost: the driver publishes its waker, sets `REGISTERED`, and then decides on
//! a fresh load; whoever wants something sets its bit and wakes if the word had `REGISTERED`. If it
//! had not, the driver's own change comes later and sees the bit.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use once_cell::race::OnceBox;
use tokio_util::sync::CancellationToken;

use super::subtasks::{DropBy, Role, SubTasks};
use super::sync::atomic::{AtomicU64, Ordering};
use super::sync::{Mutex, lock};
use super::tree::Tree;
use crate::id::called::Called;
use crate::machine::node::NodeId;
use crate::machine::watch::Members;
use crate::task::start_reason::StartReason;

/// The driver has published its waker.
const REGISTERED: u64 = 1 << 0;
/// The attempt of this generation is asked to end.
const STOP: u64 = 1 << 1;
/// Its future is to be dropped.
const ABORT: u64 = 1 << 2;
/// No attempt is wanted any more, ever.
const RELEASE: u64 = 1 << 3;
/// A cancellation token has been made for this generation.
const TOKEN: u64 = 1 << 4;
/// The attempt of this generation has ended, or been dropped.
const OVER: u64 = 1 << 5;
/// The attempt of this generation has, or is about to have, sub-tasks.
const SUB_TASKS: u64 = 1 << 6;
/// No attempt is wanted behind the one of this generation.
const LAST: u64 = 1 << 7;
/// Generations begin here; 56 bits do not wrap within the life of a machine.
const GENERATION: u32 = 8;

/// The flags after which an attempt has nothing to do any more.
const PAST: u64 = STOP | ABORT | OVER | RELEASE;

/// Small, since every child has one: with its counts it fits between two tasks, which begin at
/// multiples of 128 bytes and leave room that allocators give to nobody larger.
#[derive(Debug)]
pub(crate) struct Slot {
    /// `generation + 1` (0: none yet), then the flags.
    word: AtomicU64,
    waker: OnceLock<Waker>,
    /// Odd while the attempt is being polled.
    polls: AtomicU32,
    /// The attempt that has beaten, since it was looked for.
    beat: AtomicU32,
    rare: OnceBox<Rare>,
    /// Of the generation that is wanted; written before it.
    attempt: AtomicU32,
    /// Why that generation is started, likewise.
    reason: AtomicU8,
    /// One more than the poll counter when the driver was woken to end the attempt; even: it was
    /// not. Written under the lock.
    asked: AtomicU16,
    pub(crate) id: NodeId,
    pub(crate) called: Called,
    /// None for a context that belongs to no tree.
    pub(crate) tree: Option<Arc<Tree>>,
}

/// What most children never need; made when one of it is asked for.
#[derive(Debug, Default)]
struct Rare {
    token: Mutex<Option<(u64, CancellationToken)>>,
    sub_tasks: SubTasks,
}

/// What the word said at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word(u64);

impl Word {
    /// The generation that is wanted.
    pub(crate) const fn generation(self) -> Option<u64> {
        (self.0 >> GENERATION).checked_sub(1)
    }

    pub(crate) const fn is_stopping(self) -> bool {
        self.0 & (STOP | ABORT) != 0
    }

    /// Whether an attempt of this generation has nothing to do any more: asked to end, or over.
    const fn is_past(self, generation: u64) -> bool {
        self.0 & (u64::MAX << GENERATION | PAST) != (generation + 1) << GENERATION
    }

    pub(crate) const fn is_aborting(self) -> bool {
        self.0 & ABORT != 0
    }

    pub(crate) const fn is_released(self) -> bool {
        self.0 & RELEASE != 0
    }

    /// Whether no attempt is wanted behind the present one.
    pub(crate) const fn is_last(self) -> bool {
        self.0 & LAST != 0
    }

    /// Whether the attempt has a token, which is to be cancelled.
    pub(crate) const fn has_token(self) -> bool {
        self.0 & TOKEN != 0
    }

    /// Whether the attempt has had sub-tasks, or somebody is about to spawn the first.
    pub(crate) const fn has_sub_tasks(self) -> bool {
        self.0 & SUB_TASKS != 0
    }

    /// Whether an attempt of this generation may spawn: it may still do so when it is to stop.
    const fn may_spawn(self, generation: u64) -> bool {
        let over = self.0 & (ABORT | OVER | RELEASE) != 0;
        !over && (self.0 >> GENERATION) == generation + 1
    }
}

impl Slot {
    pub(crate) fn new(id: NodeId, called: Called, tree: Option<Arc<Tree>>) -> Self {
        Self {
            word: AtomicU64::new(0),
            waker: OnceLock::new(),
            polls: AtomicU32::new(0),
            beat: AtomicU32::new(0),
            rare: OnceBox::new(),
            attempt: AtomicU32::new(1),
            reason: AtomicU8::new(StartReason::First.to_byte()),
            asked: AtomicU16::new(0),
            id,
            called,
            tree,
        }
    }

    #[inline]
    pub(crate) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Publishes the driver's waker, which stays the same for life; what is wanted is read
    /// afterwards.
    pub(crate) fn register(&self, waker: &Waker) {
        if self.load().0 & REGISTERED != 0 {
            return;
        }
        self.waker.get_or_init(|| waker.clone());
        self.word.fetch_or(REGISTERED, Ordering::AcqRel);
    }

    /// Wants an attempt of this generation; the flags of the former one are void.
    pub(crate) fn want_start(&self, generation: u64, attempt: u32, reason: StartReason) -> Word {
        self.attempt.store(attempt, Ordering::Relaxed);
        self.reason.store(reason.to_byte(), Ordering::Relaxed);
        let wanted = (generation + 1) << GENERATION;
        let change = |word| Some(wanted | (word & (REGISTERED | RELEASE)));
        let former = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
        Word(former.unwrap_or_else(|word| word))
    }

    /// The attempt since the last back-off reset.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt.load(Ordering::Relaxed)
    }

    /// Why the attempt was started.
    pub(crate) fn reason(&self) -> StartReason {
        StartReason::from_byte(self.reason.load(Ordering::Relaxed))
    }

    /// Wants no attempt behind the present one, which is to be asked to end.
    pub(crate) fn want_no_more(&self) {
        self.word.fetch_or(LAST, Ordering::AcqRel);
    }

    /// Asks the attempt to end.
    pub(crate) fn want_stop(&self) -> Word {
        Word(self.word.fetch_or(STOP, Ordering::AcqRel))
    }

    /// Wants the attempt dropped.
    pub(crate) fn want_abort(&self) -> Word {
        Word(self.word.fetch_or(STOP | ABORT, Ordering::AcqRel))
    }

    /// Says that the body of the attempt has ended. Who has its token is to be told, and its
    /// sub-tasks are to be waited for.
    pub(crate) fn end_attempt(&self) -> Word {
        Word(self.word.fetch_or(OVER, Ordering::AcqRel))
    }

    /// The driver has been told to end the attempt: it is polled for that if it has been woken, and
    /// is not polling it anyway.
    pub(crate) fn expect_poll(&self, woken: bool) {
        let polls = self.polls().to_le_bytes();
        let polls = u16::from_le_bytes([polls[0], polls[1]]);
        let expects = woken && polls % 2 == 0;
        self.asked
            .store(if expects { polls + 1 } else { 0 }, Ordering::Relaxed);
    }

    /// Whether the driver has been woken to end the attempt, and not been polled since.
    pub(crate) fn is_starved(&self) -> bool {
        let polls = self.polls().to_le_bytes();
        let polls = u16::from_le_bytes([polls[0], polls[1]]);
        polls % 2 == 0 && self.asked.load(Ordering::Relaxed) == polls + 1
    }

    /// That is not to be said a second time.
    pub(crate) fn excuse(&self) {
        self.asked.store(0, Ordering::Relaxed);
    }

    /// Wants the driver to end.
    pub(crate) fn want_release(&self) -> Word {
        Word(self.word.fetch_or(RELEASE, Ordering::AcqRel))
    }

    /// Wants everything to end, whatever it is.
    pub(crate) fn want_end(&self) -> Word {
        Word(self.word.fetch_or(STOP | ABORT | RELEASE, Ordering::AcqRel))
    }

    /// Tells the driver, and foreign tasks, of a change to the word; never under the lock.
    pub(crate) fn notify(&self, before: Word) {
        if before.0 & REGISTERED != 0 {
            self.wake_driver();
        }
        self.tell_token(before);
    }

    /// Lets the driver look again; never under the lock.
    pub(crate) fn wake_driver(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Tells those who hold the token of the generation that the word was about.
    pub(crate) fn tell_token(&self, before: Word) {
        // Of that generation only: its successor may have one already.
        if let (true, Some(generation)) = (before.has_token(), before.generation()) {
            self.cancel_token(generation);
        }
    }

    /// Whether the waker is the driver's own, so that a stop needs no other way to be heard.
    pub(crate) fn wakes_driver(&self, waker: &Waker) -> bool {
        self.waker.get().is_some_and(|own| own.will_wake(waker))
    }

    /// Whether the attempt of this generation is to be dropped.
    pub(crate) fn is_aborting(&self, generation: u64) -> bool {
        let word = self.load();
        word.is_aborting() && word.generation() == Some(generation)
    }

    /// Whether an attempt has to end: asked to, or over.
    #[inline]
    pub(crate) fn is_cancelled(&self, generation: u64) -> bool {
        if self.tree.is_none() {
            return self.is_token_cancelled(generation);
        }
        self.load().is_past(generation)
    }

    /// The same of a context that belongs to no tree.
    #[cold]
    fn is_token_cancelled(&self, generation: u64) -> bool {
        self.token(generation).is_cancelled()
    }

    /// The cancellation token of an attempt, made when it is first asked for.
    pub(crate) fn token(&self, generation: u64) -> CancellationToken {
        let mut stored = lock(&self.rare().token);
        match &*stored {
            Some((of, token)) if *of == generation => return token.clone(),
            // An old attempt asks: it is over.
            Some((of, _)) if *of > generation => {
                drop(stored);
                return cancelled_token();
            }
            _ => {}
        }
        let token = CancellationToken::new();
        let former = stored.replace((generation, token.clone()));
        drop(stored);
        drop(former);
        // Whoever comes second cancels: the stop sees the flag, or this sees the stop.
        let before = Word(self.word.fetch_or(TOKEN, Ordering::AcqRel));
        if before.is_past(generation) && self.tree.is_some() {
            token.cancel();
        }
        token
    }

    /// Tells those who hold the token of this generation.
    fn cancel_token(&self, generation: u64) {
        let stored = lock(&self.rare().token);
        let own = stored.as_ref().filter(|(of, _)| *of == generation);
        let token = own.map(|(_, token)| token.clone());
        drop(stored);
        if let Some(token) = token {
            token.cancel();
        }
    }

    /// The attempt of this generation is alive and well. Of another one it means nothing.
    #[inline]
    pub(crate) fn beat(&self, generation: u64) {
        self.beat.store(beat_of(generation), Ordering::Relaxed);
    }

    /// Whether the attempt of this generation has beaten since this was last asked.
    pub(crate) fn take_beat(&self, generation: u64) -> bool {
        self.beat.swap(0, Ordering::Relaxed) == beat_of(generation)
    }

    /// What of an attempt has not ended that is to be dropped.
    pub(crate) fn members_to_blame(&self) -> Members {
        let sub_tasks = self.known_sub_tasks();
        let sub_tasks = sub_tasks.filter(|_| self.load().is_aborting());
        sub_tasks.map(SubTasks::members).unwrap_or_default()
    }

    /// Turns with the beginning and the end of each poll; odd inside one.
    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Takes a sub-task into an attempt; none if that is over, or to be dropped.
    pub(crate) fn enter_sub_task(&self, generation: u64, role: Role) -> Option<u64> {
        if !self.load().may_spawn(generation) {
            return None;
        }
        // Whoever comes second knows of the other: the driver sees the flag and closes the set, or
        // this sees that the attempt has ended.
        let before = Word(self.word.fetch_or(SUB_TASKS, Ordering::AcqRel));
        if !before.may_spawn(generation) {
            return None;
        }
        self.sub_tasks().enter(generation, role)
    }

    /// The runtime has taken a sub-task on.
    pub(crate) fn spawned(&self, key: Option<u64>, drop_by: impl FnOnce() -> DropBy) {
        if let Some(key) = key {
            self.sub_tasks().spawned(key, drop_by());
        }
    }

    pub(crate) fn sub_tasks(&self) -> &SubTasks {
        &self.rare().sub_tasks
    }

    /// The set of sub-tasks, if there has ever been one.
    pub(crate) fn known_sub_tasks(&self) -> Option<&SubTasks> {
        self.rare.get().map(|rare| &rare.sub_tasks)
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// Marks the beginning, or the end, of a poll of the attempt.
    pub(crate) fn turn_poll(&self) {
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls.wrapping_add(1), Ordering::Relaxed);
    }
}

/// Never zero, and not that of a neighbour.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the low half tells neighbours apart"
)]
const fn beat_of(generation: u64) -> u32 {
    generation as u32 | 1 << 31
}

fn cancelled_token() -> CancellationToken {
    let token = CancellationToken::new();
    token.cancel();
    token
}

#[cfg(all(test, target_pointer_width = "64", not(supervisor_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_fits_into_the_room_between_two_tasks() {
        // A task of 256 bytes and the allocator's 16, in a multiple of 128.
        let room = 384 - (256 + 16);
        let counts = 2 * size_of::<usize>();
        // The allocator keeps 8 bytes of its own.
        assert!(size_of::<Slot>() + counts + 8 <= room);
    }
}

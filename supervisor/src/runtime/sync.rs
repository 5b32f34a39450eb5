//! The primitives of what is written by hand in this crate, so that it can be put under loom: see
//! `CONTRIBUTING.md`.
//!
//! What is not from here is either not shared, or counts something that nobody decides on.

#[cfg(not(supervisor_loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(supervisor_loom))]
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}

#[cfg(supervisor_loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(supervisor_loom)]
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}

/// Pauses of the processor between two tries to lock what is never held for long, at most.
const PAUSES: u32 = 32;

/// Lets others have such a lock before it is taken the next time. Who takes it again at once comes
/// before all who pause, over and over.
pub(crate) fn give_way() {
    for _ in 0..2 * PAUSES {
        std::hint::spin_loop();
    }
}

/// Locks it, whatever has happened to those who held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks what is never held for long, and often wanted by all threads at once.
///
/// To fall asleep and be woken takes ten times as long as such a hold. The lock of the standard
/// library spins as well, but not where somebody sleeps already: one who does makes sleepers of all
/// that follow.
#[cfg(not(supervisor_loom))]
pub(crate) fn lock_brief<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    use std::sync::TryLockError;
    /// How often it is tried before the thread sleeps.
    const TRIES: u32 = 64;

    for round in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
        for _ in 0..PAUSES.min(1 << round.min(31)) {
            std::hint::spin_loop();
        }
    }
    lock(mutex)
}

#[cfg(supervisor_loom)]
pub(crate) fn lock_brief<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    lock(mutex)
}

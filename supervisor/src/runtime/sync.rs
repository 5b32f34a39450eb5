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

/// Locks it, whatever has happened to those who held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

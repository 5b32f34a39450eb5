//! The primitives of what is written by hand here, so that they can be put under loom: see
//! `CONTRIBUTING.md`.

#[cfg(not(supervisor_loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(not(supervisor_loom))]
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}

#[cfg(supervisor_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(supervisor_loom)]
pub(crate) use std::sync::PoisonError;
#[cfg(supervisor_loom)]
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}

/// Locks it, whatever has happened to those who held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

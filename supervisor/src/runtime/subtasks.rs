//! The sub-tasks of a child: what an attempt has spawned, and waits for before it is over.
//!
//! Whoever spawns first sets a flag in the slot's word, and then enters the set; the driver ends the
//! attempt in the word, and then closes the set. So a sub-task is either waited for, or refused. A
//! child that spawns nothing has no set.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::sync::atomic::{AtomicUsize, Ordering};
use super::sync::{Mutex, lock};
use crate::event::exit::{ExitKind, SpawnedAt};
use crate::machine::watch::Members;
use crate::panics::quietly;

/// How an attempt has ended, with all that belonged to it.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) kind: ExitKind,
    /// The sub-task whose end it was.
    pub(crate) sub_task: Option<SpawnedAt>,
}

impl End {
    /// The end of an attempt that is the end of its body.
    pub(crate) const fn of_body(kind: ExitKind) -> Self {
        Self {
            kind,
            sub_task: None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.sub_task {
            Some(place) => write!(f, ", in the sub-task spawned at {place}"),
            None => Ok(()),
        }
    }
}

/// How a sub-task is dropped before it has ended.
pub(crate) enum DropBy {
    /// By its runtime, at its next await.
    Abort(AbortHandle),
    /// At once, if it waits for a thread of the blocking pool; not at all, if it runs.
    Unqueue(Arc<dyn Unqueue>),
}

/// What waits for a thread of the blocking pool. The pool itself would let go of it only when a
/// thread comes to it.
pub(crate) trait Unqueue: Send + Sync {
    fn unqueue(&self);
}

impl DropBy {
    fn drop_it(self) {
        quietly(|| match &self {
            Self::Abort(handle) => handle.abort(),
            Self::Unqueue(queued) => queued.unqueue(),
        });
    }
}

/// The sub-tasks of the attempts of one child; those of one attempt at a time.
#[derive(Default)]
pub(crate) struct SubTasks {
    state: Mutex<State>,
    alive: AtomicUsize,
}

#[derive(Default)]
struct State {
    generation: u64,
    /// The body has ended: no more sub-tasks.
    closed: bool,
    aborted: bool,
    running: HashMap<u64, Running>,
    keys: u64,
    /// The first that failed.
    failure: Option<End>,
    /// How the body has ended, while it is waited for the rest.
    body: Option<ExitKind>,
    orphans: Option<Orphans>,
}

struct Running {
    role: Role,
    /// None until the runtime has taken it on.
    drop_by: Option<DropBy>,
}

/// What a member of an attempt is to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The function of a blocking child.
    Body,
    SubTask,
}

/// The runtime has taken the driver along; the last sub-task tells what the driver would have told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Orphans {
    pub(crate) attempt: Option<LastWords>,
    /// Also that the task of the child has gone.
    pub(crate) driver_gone: bool,
}

/// What is to be told of an attempt that the runtime has taken along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastWords {
    pub(crate) generation: u64,
    pub(crate) attempt: u32,
}

/// What follows from the end of a sub-task.
#[derive(Debug)]
pub(crate) enum Left {
    /// Nobody waits for this.
    Nothing,
    /// It was the last one, and the driver waits for it.
    WakeDriver,
    /// It was the last one, and there is no driver any more.
    Tell(Orphans),
}

impl SubTasks {
    /// How many sub-tasks have not ended.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    /// What of the attempt has not ended.
    pub(crate) fn members(&self) -> Members {
        let state = lock(&self.state);
        let blocking = state.running.values().any(|it| it.role == Role::Body);
        Members {
            blocking,
            sub_tasks: state.running.len() - usize::from(blocking),
        }
    }

    /// Takes a sub-task in; none if its attempt is over, or to be dropped.
    pub(crate) fn enter(&self, generation: u64, role: Role) -> Option<u64> {
        let mut state = lock(&self.state);
        if generation < state.generation {
            return None;
        }
        if generation > state.generation {
            // The former attempt has ended, and with it everything of it.
            debug_assert!(state.running.is_empty(), "an attempt waits for its own");
            state.generation = generation;
            (state.closed, state.aborted) = (false, false);
        }
        if state.closed || state.aborted {
            return None;
        }
        state.keys += 1;
        let key = state.keys;
        let running = Running {
            role,
            drop_by: None,
        };
        state.running.insert(key, running);
        if role == Role::SubTask {
            self.alive.fetch_add(1, Ordering::Relaxed);
        }
        Some(key)
    }

    /// The runtime has taken the sub-task on.
    pub(crate) fn spawned(&self, key: u64, drop_by: DropBy) {
        let mut state = lock(&self.state);
        let aborted = state.aborted;
        let unused = match state.running.get_mut(&key) {
            Some(running) if !aborted => running.drop_by.replace(drop_by),
            // It has ended already, or is to be dropped as all the others are.
            _ => Some(drop_by),
        };
        drop(state);
        if let Some(drop_by) = unused.filter(|_| aborted) {
            drop_by.drop_it();
        }
    }

    /// A sub-task has failed. Answers what is not the first failure of its attempt.
    pub(crate) fn failed(&self, generation: u64, end: End) -> Result<(), End> {
        let mut state = lock(&self.state);
        if state.generation != generation || state.failure.is_some() {
            return Err(end);
        }
        state.failure = Some(end);
        Ok(())
    }

    /// A sub-task has ended, and nothing is left of it.
    pub(crate) fn left(&self, key: u64) -> Left {
        let mut state = lock(&self.state);
        let former = state.running.remove(&key);
        if former
            .as_ref()
            .is_some_and(|former| former.role == Role::SubTask)
        {
            self.alive.fetch_sub(1, Ordering::Relaxed);
        }
        let is_waited_for = state.closed || state.aborted;
        let left = if !state.running.is_empty() || !is_waited_for {
            Left::Nothing
        } else if let Some(orphans) = state.orphans.take() {
            Left::Tell(orphans)
        } else {
            Left::WakeDriver
        };
        drop(state);
        // Whatever of the task that still holds is not dropped under the lock.
        drop(former);
        left
    }

    /// The body of the attempt has ended so: no more sub-tasks. [`SubTasks::poll_end`] says when
    /// those that there are have ended.
    ///
    /// Gives back what will not be the reason of the attempt's end.
    pub(crate) fn close(&self, generation: u64, body: ExitKind) -> Option<ExitKind> {
        let mut state = lock(&self.state);
        if generation > state.generation {
            // Nobody came in, though somebody was about to.
            state.generation = generation;
            state.aborted = false;
        }
        state.closed = true;
        if state.failure.is_some() {
            return Some(body);
        }
        state.body = Some(body);
        None
    }

    /// How the attempt has ended, once all its sub-tasks have; and what else there was to tell.
    pub(crate) fn poll_end(&self) -> Option<(End, Option<End>)> {
        let mut state = lock(&self.state);
        if !state.running.is_empty() {
            return None;
        }
        let body = state.body.take().map(End::of_body);
        let failure = state.failure.take();
        drop(state);
        match (body, failure) {
            // What came first is the reason, unless it is none.
            (Some(body), Some(failure)) if body.kind.is_failure() => Some((body, Some(failure))),
            (Some(_), Some(failure)) => Some((failure, None)),
            (Some(end), None) | (None, Some(end)) => Some((end, None)),
            (None, None) => None,
        }
    }

    /// Drops all sub-tasks at their next await.
    pub(crate) fn abort_all(&self) {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.aborted, true) {
            return;
        }
        let running = state.running.values_mut();
        let all: Vec<DropBy> = running
            .filter_map(|running| running.drop_by.take())
            .collect();
        drop(state);
        for drop_by in all {
            drop_by.drop_it();
        }
    }

    /// Whether nothing is left of an attempt but its body.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).running.is_empty()
    }

    /// The driver goes with its runtime in the midst of an attempt. Whether sub-tasks are left, the
    /// last of which will tell so.
    pub(crate) fn orphan(&self, attempt: LastWords) -> bool {
        let mut state = lock(&self.state);
        state.closed = true;
        if state.running.is_empty() {
            return false;
        }
        state.orphans.get_or_insert_default().attempt = Some(attempt);
        true
    }

    /// The task of the child goes. Whether sub-tasks are left, the last of which will tell so.
    pub(crate) fn orphan_driver(&self) -> bool {
        let mut state = lock(&self.state);
        if state.running.is_empty() {
            return false;
        }
        state.closed = true;
        state.orphans.get_or_insert_default().driver_gone = true;
        true
    }
}

impl fmt::Debug for SubTasks {
    /// Shows no value of users under the lock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubTasks")
            .field("alive", &self.alive)
            .finish_non_exhaustive()
    }
}

//! What a tree looks like after its events.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exit::ExitRecord;
use super::kind::{Event, EventKind};
use super::snapshot::{ChildSnapshot, ChildState, Snapshot};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::shutdown::stage::ShutdownPhase;

/// The state of a tree, put together from its events.
///
/// For consoles and stores that follow a tree from outside, and for tests. It begins empty, before
/// event 1, or from a snapshot, behind its `as_of_seq`. What the events from number 1 fold to is
/// what a [`Snapshot`] says. Children that no event has told of yet are not known to the fold; a
/// snapshot shows them as they were declared, mostly [`NotStarted`](ChildState::NotStarted).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rust_supervisor::event::fold::Fold;
/// use rust_supervisor::event::snapshot::ChildState;
/// use rust_supervisor::event::stream::Observed;
/// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
/// let handle = Supervisor::start(SupervisorSpec::root(vec![beat])).await?;
/// let (mut fold, mut events) = (Fold::default(), handle.events_after(0));
/// while fold.seq() < handle.snapshot()?.as_of_seq {
///     let Some(Observed::Event(event)) = events.next().await else { break };
///     fold.apply(&event)?;
/// }
/// assert!(fold.is_ready());
/// assert_eq!(fold.child("beat").map(|beat| beat.state), Some(ChildState::Running));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fold {
    seq: u64,
    children: BTreeMap<Arc<str>, Folded>,
    root_ready: bool,
    shutdown: ShutdownPhase,
}

/// Events between two that were given to a [`Fold`] are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "event {found} came where event {expected} comes next; take a snapshot, and begin anew from it"
)]
#[non_exhaustive]
pub struct Gap {
    /// The number that comes next.
    pub expected: u64,
    /// The number that came.
    pub found: u64,
}

/// What events have told of one child.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Folded {
    /// What it is doing.
    pub state: ChildState,
    /// What is wanted of it.
    pub operation: Operation,
    /// It counts as ready.
    pub ready: bool,
    /// The generation of its present or last attempt.
    pub generation: Option<u64>,
    /// The number of that attempt since the last back-off reset.
    pub attempt: u32,
    /// How its last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<Arc<ExitRecord>>,
    /// It is a name that something is wanted of, and no child.
    #[serde(default)]
    is_intent: bool,
}

impl Fold {
    /// Takes the next event up.
    ///
    /// # Errors
    ///
    /// [`Gap`] when it is not the next one: what follows would be a guess. Nothing is changed;
    /// begin anew from a snapshot.
    pub fn apply(&mut self, event: &Event) -> Result<(), Gap> {
        if event.seq != self.seq + 1 {
            return Err(Gap {
                expected: self.seq + 1,
                found: event.seq,
            });
        }
        self.seq = event.seq;
        if let EventKind::Shutdown(phase) = event.kind {
            self.shutdown = phase;
        }
        if event.path.is_empty() {
            self.root_ready = event.ready;
            return Ok(());
        }
        match (&event.kind, event.state) {
            // They change nothing, also where the child is not known.
            (kind, _) if !kind.tells_state() => {}
            (_, ChildState::Removed) => self.remove(&event.path),
            (kind, state) => {
                let former = self.children.remove(&event.path);
                let last_exit = match kind {
                    EventKind::Exited(exit) => Some(Arc::clone(exit)),
                    _ => former.and_then(|former| former.last_exit),
                };
                let child = Folded {
                    state,
                    operation: event.operation,
                    ready: event.ready,
                    generation: event.generation,
                    attempt: event.attempt,
                    last_exit,
                    is_intent: matches!(kind, EventKind::Intent(_)),
                };
                self.children.insert(Arc::clone(&event.path), child);
            }
        }
        Ok(())
    }

    /// Number of the last event that was taken up.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Every critical child of the tree is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.root_ready && self.shutdown == ShutdownPhase::Idle
    }

    /// How far the shutdown of the tree is.
    #[must_use]
    pub const fn shutdown(&self) -> ShutdownPhase {
        self.shutdown
    }

    /// What is known of the child at a path.
    #[must_use]
    pub fn child(&self, path: &str) -> Option<&Folded> {
        self.children.get(path)
    }

    /// Whatever is known, by path.
    pub fn children(&self) -> impl Iterator<Item = (&str, &Folded)> {
        self.children.iter().map(|(path, child)| (&**path, child))
    }

    fn remove(&mut self, path: &str) {
        self.children.remove(path);
        let below = format!("{path}/");
        let from = (Bound::Included(&*below), Bound::Unbounded);
        let gone = self.children.range::<str, _>(from);
        let gone = gone.take_while(|(path, _)| path.starts_with(&below));
        // What is wanted of a name that no child has is wanted of the next one.
        let gone = gone.filter(|(_, child)| !child.is_intent);
        let gone: Vec<_> = gone.map(|(path, _)| Arc::clone(path)).collect();
        for path in gone {
            self.children.remove(&path);
        }
    }
}

/// From here on, events behind [`Snapshot::as_of_seq`] are taken up.
impl From<&Snapshot> for Fold {
    fn from(snapshot: &Snapshot) -> Self {
        let child = |child: &ChildSnapshot| {
            let folded = Folded {
                state: child.state,
                operation: child.operation,
                ready: child.ready,
                generation: child.generation,
                attempt: child.attempt,
                last_exit: child.last_exit.clone(),
                // Nothing has happened to a name.
                is_intent: child.state == ChildState::Declared && child.since.is_zero(),
            };
            (Arc::clone(&child.path), folded)
        };
        Self {
            seq: snapshot.as_of_seq,
            children: snapshot.children.iter().map(child).collect(),
            root_ready: snapshot.ready,
            shutdown: snapshot.shutdown,
        }
    }
}

impl Folded {
    /// Where it disagrees with a snapshot of the child, if it does.
    #[must_use]
    pub fn differs_from(&self, child: &ChildSnapshot) -> Option<&'static str> {
        if self.state != child.state {
            return Some("state");
        }
        if self.operation != child.operation {
            return Some("operation");
        }
        if self.ready != child.ready {
            return Some("ready");
        }
        if (self.generation, self.attempt) != (child.generation, child.attempt) {
            return Some("attempt");
        }
        None
    }
}

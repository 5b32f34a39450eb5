//! Events as `tracing` events: one more reader of the journal, so that their order is its order.

use std::pin::pin;
use std::sync::{Arc, TryLockError};

use tokio::task::JoinSet;
use tracing::level_filters::LevelFilter;
use tracing::{Level, debug, error, info, warn};

use super::tree::Tree;
use crate::event::exit::ExitKind;
use crate::event::kind::{Event, EventKind};
use crate::id::path;
use crate::machine::ABORT_BUDGET;
use crate::panics::quietly;

const CHUNK: usize = 64;

/// Whether there is a `tracing` subscriber that wants anything at all.
pub(super) fn listens() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Gives what is new to `tracing`. Whoever holds the baton does it for all; the others leave, and
/// are answered false: it may not have been given yet.
///
/// What is new while nobody listens counts as given: see [`listens`].
pub(super) fn report(tree: &Arc<Tree>) -> bool {
    loop {
        let mut printed = match tree.printed.try_lock() {
            Ok(printed) => printed,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        let mut events = Vec::new();
        let (missed, newest) = tree.copy_untraced(*printed, CHUNK, &mut events);
        if missed > 0 {
            quietly(|| print_missed(missed));
        }
        for event in &events {
            *printed = event.seq;
            // One that panics at an event is given the next one all the same.
            quietly(|| print(event));
        }
        let last = events.last().map_or(newest, |event| event.seq);
        // Also what nobody wanted is behind it.
        *printed = last.max(*printed);
        drop(printed);
        drop(events);
        // Who came while this one held the baton has left again: look once more without it.
        if tree.newest_event() == last {
            quietly(|| tree.told.notify_waiters());
            return true;
        }
    }
}

/// Waits until `tracing` has been given all that has happened so far: who leaves `main` behind the
/// end of a tree has its last lines in the log. Where a subscriber blocks another thread which
/// prints them, it is not waited for any longer than a child that does not yield. What nobody prints
/// yet is printed here.
pub(crate) async fn told(tree: &Arc<Tree>) {
    if !listens() {
        return;
    }
    let mut patience = JoinSet::new();
    loop {
        let mut news = pin!(tree.told.notified());
        news.as_mut().enable();
        if report(tree) {
            return;
        }
        // A runtime that has gone answers at once, and has nobody who prints.
        if patience.is_empty() {
            let wait = async { tokio::time::sleep(ABORT_BUDGET).await };
            patience.spawn_on(wait, &tree.runtime);
        }
        tokio::select! {
            () = news => {}
            _ = patience.join_next() => return,
        }
    }
}

/// The subscriber is slower than the tree, and the journal has been lapped (I10).
fn print_missed(missed: u64) {
    warn!(
        target: "rust_supervisor::lifecycle",
        parent: None,
        missed,
        "events had gone before they could be told here: {missed}"
    );
}

fn print(event: &Event) {
    macro_rules! emit {
        ($emit:ident) => {
            $emit!(
                target: "rust_supervisor::lifecycle",
                parent: None,
                path = path::shown(&event.path),
                generation = event.generation,
                attempt = event.attempt,
                seq = event.seq,
                "{event}"
            )
        };
    }
    match level(&event.kind) {
        Level::ERROR => emit!(error),
        Level::WARN => emit!(warn),
        Level::INFO => emit!(info),
        _ => emit!(debug),
    }
}

/// What an operator wants to read without asking, and what only in a search for a fault.
fn level(kind: &EventKind) -> Level {
    match kind {
        EventKind::GaveUp(_) | EventKind::Quarantined(_) | EventKind::Stuck(_) => Level::ERROR,
        EventKind::Restarting {
            exit: Some(exit), ..
        } if matches!(exit.kind, ExitKind::Succeeded | ExitKind::Cancelled) => Level::INFO,
        EventKind::Aborting
        | EventKind::BudgetLow { .. }
        | EventKind::Intent(_)
        | EventKind::Restarting { .. }
        | EventKind::Stalled { .. }
        | EventKind::TimedOut { .. }
        | EventKind::Unstalled
        | EventKind::Unstuck => Level::WARN,
        EventKind::Added
        | EventKind::Commanded(_)
        | EventKind::Finished
        | EventKind::Operation(_)
        | EventKind::Refused(_)
        | EventKind::Reloaded
        | EventKind::Removed
        | EventKind::Retuned
        | EventKind::Shutdown(_)
        | EventKind::SupervisorEnded(_) => Level::INFO,
        EventKind::Due
        | EventKind::Escalated
        | EventKind::Exited(_)
        | EventKind::GroupStarting
        | EventKind::GroupStopping
        | EventKind::Ready
        | EventKind::Stale
        | EventKind::Started
        | EventKind::Stopped
        | EventKind::Stopping
        | EventKind::Unready
        | EventKind::Up
        | EventKind::Waiting => Level::DEBUG,
    }
}

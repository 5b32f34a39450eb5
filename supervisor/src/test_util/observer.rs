//! What a test sees of a tree.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use tokio::task::coop;

use crate::control::handle::TreeRef;
use crate::event::kind::{Event, EventKind};
use crate::event::snapshot::ChildState;
use crate::event::stream::{EventStream, Observed};

/// How long a wait may take, of the paused clock where that is used.
const PATIENCE: Duration = Duration::from_secs(120);
/// Events that are shown where a wait was in vain.
const SHOWN: usize = 20;

/// Watches a tree for a test, from its first event on.
///
/// Waits are for what comes after what earlier waits have seen, so that a script of waits follows
/// the tree in order, and misses nothing that was faster than the test. A wait that is in vain
/// panics after two minutes, which the paused clock passes at once, and shows the last events.
#[derive(Debug)]
pub struct Observer {
    tree: TreeRef,
    events: EventStream,
    /// What has been read from the tree, and no wait has come to.
    ahead: VecDeque<Event>,
    seen: Vec<Event>,
    /// How many starts and ends have been asserted.
    ordered: usize,
}

impl Observer {
    /// Watches the tree.
    #[must_use]
    pub fn new(tree: &TreeRef) -> Self {
        Self {
            tree: tree.clone(),
            events: tree.events_after(0),
            ahead: VecDeque::new(),
            seen: Vec::new(),
            ordered: 0,
        }
    }

    /// Waits for the next event that the filter lets pass.
    ///
    /// # Panics
    ///
    /// Where it does not come.
    pub async fn wait_for(&mut self, filter: impl Fn(&Event) -> bool) -> Event {
        self.find_in_time(filter, || {
            "an event came that the filter lets pass".to_owned()
        })
        .await
    }

    /// Waits until a child is in a state: until an event says so that no wait has come to yet, or
    /// at once where it was in that state after the last event that a wait has come to.
    ///
    /// # Panics
    ///
    /// Where it does not come to that.
    pub async fn wait_for_state(&mut self, path: &str, state: ChildState) {
        let last = self.seen.iter().rev().find(|event| tells_of(event, path));
        if last.is_some_and(|event| event.state == state) {
            return;
        }
        let found = |event: &Event| tells_of(event, path) && event.state == state;
        let what = || format!("`{path}` became {state}");
        drop(self.find_in_time(found, what).await);
    }

    /// Lets the paused clock go on until the back-off of a child is over, and waits for its start;
    /// answers how long that was.
    ///
    /// # Panics
    ///
    /// Where the child does not wait for a restart, or the clock is not paused.
    pub async fn step_backoff(&mut self, path: &str) -> Duration {
        let child = match self.tree.snapshot_of(format!("/{path}")) {
            Ok(child) => child,
            Err(error) => panic!("{error}"),
        };
        let Some(delay) = child.restart_in else {
            panic!(
                "`{path}` does not wait for a restart: it is {}",
                child.state
            );
        };
        tokio::time::advance(delay).await;
        self.wait_for(|event| tells_of(event, path) && matches!(event.kind, EventKind::Started))
            .await;
        delay
    }

    /// All events that have happened, in order.
    pub fn events(&mut self) -> &[Event] {
        self.catch_up();
        &self.seen
    }

    /// How often a restart of a child has been decided.
    pub fn restarts(&mut self, path: &str) -> usize {
        let restarts = |event: &&Event| {
            &*event.path == path && matches!(event.kind, EventKind::Restarting { .. })
        };
        self.events().iter().filter(restarts).count()
    }

    /// Asserts how often a restart of a child has been decided.
    ///
    /// # Panics
    ///
    /// Where it was another number.
    #[track_caller]
    pub fn assert_restarts(&mut self, path: &str, times: usize) {
        let found = self.restarts(path);
        assert_eq!(found, times, "restarts of `{path}`; {}", self.last_events());
    }

    /// Asserts all starts and ends of children since this was asserted last: `"+feed"` for a start,
    /// `"-feed"` for an end.
    ///
    /// # Panics
    ///
    /// Where there were others, or in another order.
    #[track_caller]
    pub fn assert_order(&mut self, expected: &[&str]) {
        let all: Vec<String> = self.events().iter().filter_map(line).collect();
        let found = &all[self.ordered..];
        assert_eq!(found, expected, "starts and ends; {}", self.last_events());
        self.ordered = all.len();
    }

    async fn find_in_time(
        &mut self,
        filter: impl Fn(&Event) -> bool,
        what: impl FnOnce() -> String,
    ) -> Event {
        let found = tokio::time::timeout(PATIENCE, self.find(filter)).await;
        let last = found.is_ok();
        found.ok().flatten().unwrap_or_else(|| {
            let when = if last {
                "the tree ended"
            } else {
                "two minutes passed"
            };
            panic!("{when} before {}; {}", what(), self.last_events())
        })
    }

    async fn find(&mut self, filter: impl Fn(&Event) -> bool) -> Option<Event> {
        loop {
            while let Some(event) = self.ahead.pop_front() {
                let found = filter(&event).then(|| event.clone());
                self.seen.push(event);
                if found.is_some() {
                    return found;
                }
            }
            let observed = self.events.next().await?;
            self.ahead.push_back(no_gap(observed));
        }
    }

    /// Reads what is there, without waiting.
    fn catch_up(&mut self) {
        self.seen.extend(self.ahead.drain(..));
        let (events, seen) = (&mut self.events, &mut self.seen);
        let all = poll_fn(|cx| {
            while let Poll::Ready(Some(observed)) = Pin::new(&mut *events).poll_next(cx) {
                seen.push(no_gap(observed));
            }
            Poll::Ready(())
        });
        // Also where the test has done so much that its task is to give others a turn.
        let all = pin!(coop::unconstrained(all));
        let mut cx = Context::from_waker(Waker::noop());
        let _ = all.poll(&mut cx);
    }

    fn last_events(&self) -> String {
        let mut text = String::from("the last events:");
        let first = self.seen.len().saturating_sub(SHOWN);
        for event in &self.seen[first..] {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  {:>10.3?} {event}", event.at);
        }
        text
    }
}

fn no_gap(observed: Observed) -> Event {
    match observed {
        Observed::Event(event) => event,
        Observed::Missed(count) => panic!("{count} events had gone before the test read them"),
    }
}

/// Whether the event says what its child is doing.
fn tells_of(event: &Event, path: &str) -> bool {
    let asks = matches!(
        event.kind,
        EventKind::Commanded(_) | EventKind::Refused(_) | EventKind::Stale
    );
    !asks && &*event.path == path
}

fn line(event: &Event) -> Option<String> {
    if event.path.is_empty() {
        return None;
    }
    match event.kind {
        EventKind::Started => Some(format!("+{}", event.path)),
        EventKind::Exited(_) | EventKind::SupervisorEnded(_) => Some(format!("-{}", event.path)),
        _ => None,
    }
}

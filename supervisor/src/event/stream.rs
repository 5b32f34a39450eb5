//! Reading the events of a tree as they happen.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::{Deserialize, Serialize};
use tokio::task::coop;

use crate::event::journal::Copied;
use crate::event::kind::Event;
use crate::runtime::core::{Core, Listen, Stage};
use crate::runtime::tree::Tree;

/// Places of the journal that are copied at a time.
const CHUNK: usize = 128;

/// The events of a tree, in order.
///
/// Made by [`TreeRef::events`](crate::TreeRef::events), from the moment of subscription, and by
/// [`TreeRef::events_after`](crate::TreeRef::events_after), from a number. Does not keep the tree
/// running. Read it with [`next`](EventStream::next), or as a [`Stream`] of the `futures` crates.
///
/// Events are read from the tree's journal by number. A reader that is slow or asleep costs the
/// tree and other readers nothing; one that fell behind the journal is told how many events it
/// missed, and goes on with the oldest that is left.
///
/// A reader that waits is woken at once; by a child that is restarted again and again without a
/// pause, when its task leaves its thread: after 32 restarts or 50 µs, or when the code of an attempt
/// that takes longer gives the thread back. A reader that always finds more gives others a turn now and then,
/// as one of tokio's channels does.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rust_supervisor::event::kind::EventKind;
/// use rust_supervisor::event::stream::Observed;
/// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
/// let handle = Supervisor::start(SupervisorSpec::root(vec![beat])).await?;
/// let mut starts = handle
///     .events_after(0)
///     .below("beat")
///     .only(|event| matches!(event.kind, EventKind::Started));
/// let Some(Observed::Event(event)) = starts.next().await else { panic!() };
/// assert_eq!(&*event.path, "beat");
/// # Ok(()) }
/// ```
pub struct EventStream {
    tree: Arc<Tree>,
    missed: u64,
    buffer: Copied,
    /// Identifies the waker that has been left with the tree.
    listening: u64,
    below: Option<Arc<str>>,
    only: Vec<Filter>,
}

type Filter = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// What a subscriber reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Observed {
    /// An event.
    Event(Event),
    /// This many events had gone from the journal before they could be read, whatever they were
    /// about.
    Missed(u64),
}

impl EventStream {
    pub(crate) const fn new(tree: Arc<Tree>, after: u64) -> Self {
        Self {
            tree,
            missed: 0,
            buffer: Copied::behind(after),
            listening: 0,
            below: None,
            only: Vec::new(),
        }
    }

    /// Only events of the child or supervisor at this path, and of what is below it.
    #[must_use]
    pub fn below(mut self, path: impl AsRef<str>) -> Self {
        self.below = Some(path.as_ref().trim_matches('/').into());
        self
    }

    /// Only events that the filter lets pass; of several filters, all have to.
    ///
    /// The filter runs in the task of the reader. Gaps are told whatever it says.
    #[must_use]
    pub fn only(mut self, filter: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.only.push(Box::new(filter));
        self
    }

    /// The next event, or a gap; `None` when the tree has ended and all has been read.
    ///
    /// Waits while there is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event that has not been returned is returned by the next call.
    pub async fn next(&mut self) -> Option<Observed> {
        poll_fn(|cx| self.poll_next_event(cx)).await
    }

    /// Whether the next event is there already.
    #[cfg(feature = "metrics")]
    pub(crate) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Number of the last event that has been returned, or is known to have gone.
    #[cfg(feature = "metrics")]
    pub(crate) const fn after(&self) -> u64 {
        self.buffer.after()
    }

    fn poll_next_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observed>> {
        loop {
            if self.buffer.is_empty() && self.missed == 0 {
                ready!(self.poll_fill(cx));
            }
            let missed = std::mem::take(&mut self.missed);
            if missed > 0 {
                return Poll::Ready(Some(Observed::Missed(missed)));
            }
            let Some(event) = self.buffer.next() else {
                return Poll::Ready(None);
            };
            if self.passes(&event) {
                return Poll::Ready(Some(Observed::Event(event)));
            }
        }
    }

    /// Copies what has happened since; waits where that is nothing.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // In a storm there is always more: it would never go back to the scheduler.
        let budget = ready!(coop::poll_proceed(cx));
        let buffer = &mut self.buffer;
        let read = |core: &mut Core| {
            let missed = core.machine.journal().copy(CHUNK, buffer);
            let over = core.stage() == Stage::Over;
            (over || !buffer.is_empty()).then_some(missed)
        };
        let listening = &mut self.listening;
        let read = self
            .tree
            .poll_until(listening, Listen::Events, cx.waker(), read);
        self.missed = ready!(read.map_or(Poll::Pending, Poll::Ready));
        budget.made_progress();
        Poll::Ready(())
    }

    fn passes(&self, event: &Event) -> bool {
        let place = self.below.as_deref().unwrap_or("");
        let below = place.is_empty()
            || event
                .path
                .strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && self.only.iter().all(|filter| filter(event))
    }
}

impl Stream for EventStream {
    type Item = Observed;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Observed>> {
        self.get_mut().poll_next_event(cx)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        if self.listening != 0 {
            self.tree.stop_listening(self.listening, Listen::Events);
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("after", &self.buffer.after())
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

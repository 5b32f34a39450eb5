//! Reading the events of a tree as they happen.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::kind::Event;
use crate::runtime::core::{Core, Listen, Stage};
use crate::runtime::tree::Tree;
use crate::runtime::wait::until;

/// Events that are copied at a time.
const CHUNK: usize = 512;

/// The events of a tree, in order.
///
/// Made by [`TreeRef::events`](crate::TreeRef::events), from the moment of subscription, and by
/// [`TreeRef::events_after`](crate::TreeRef::events_after), from a number. Does not keep the tree
/// running.
///
/// Events are read from the tree's journal by number. A reader that is slow or asleep costs the
/// tree nothing; one that fell behind the journal is told how many events it missed, and goes on
/// with the oldest that is left.
#[derive(Debug)]
pub struct EventStream {
    tree: Arc<Tree>,
    after: u64,
    missed: u64,
    buffer: VecDeque<Event>,
}

/// What a subscriber reads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Observed {
    /// An event.
    Event(Event),
    /// This many events had gone from the journal before they could be read.
    Missed(u64),
}

impl EventStream {
    pub(crate) const fn new(tree: Arc<Tree>, after: u64) -> Self {
        Self {
            tree,
            after,
            missed: 0,
            buffer: VecDeque::new(),
        }
    }

    /// The next event, or a gap; `None` when the tree has ended and all has been read.
    ///
    /// Waits while there is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event that has not been returned is returned by the next call.
    pub async fn next(&mut self) -> Option<Observed> {
        if self.buffer.is_empty() && self.missed == 0 {
            let after = self.after;
            let read = |core: &mut Core| {
                let mut events = Vec::new();
                let missed = core.events(after, CHUNK, &mut events);
                let over = core.stage() == Stage::Over;
                (over || !events.is_empty()).then_some((events, missed))
            };
            let (events, missed) = until(&self.tree, Listen::Events, read).await;
            self.missed = missed;
            self.after = events.last().map_or(self.after, |event| event.seq);
            self.buffer = events.into();
        }
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            return Some(Observed::Missed(missed));
        }
        self.buffer.pop_front().map(Observed::Event)
    }
}

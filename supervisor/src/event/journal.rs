//! The last events of a tree: a ring, read by sequence number (I10, I11).

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::kind::{Event, EventKind};
use super::snapshot::ChildState;
use crate::control::outcome::ChildControlOperation as Operation;

/// Events that are kept. At the pace of a crash storm that is some milliseconds; at the pace of a
/// service, hours.
pub(crate) const CAPACITY: usize = 16_384;

#[derive(Debug)]
pub(crate) struct Journal {
    /// Once it is full, the next event takes the place of the oldest.
    ring: Vec<Entry>,
    /// Number of the newest event.
    seq: u64,
    /// Events before the first one that it has ever had.
    before: u64,
}

/// An event as it is kept: in numbers, which whoever reads it makes into times.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Nanoseconds since the tree was made.
    pub(crate) at: u64,
    /// Nanoseconds since 1970, as far as the clock on the wall knows.
    pub(crate) wall: u64,
    pub(crate) path: Arc<str>,
    /// `generation + 1`; zero before the first start.
    pub(crate) starts: u64,
    pub(crate) attempt: u32,
    pub(crate) state: ChildState,
    pub(crate) operation: Operation,
    pub(crate) ready: bool,
    pub(crate) correlation: u64,
    pub(crate) kind: EventKind,
}

impl Entry {
    fn event(&self, seq: u64) -> Event {
        Event {
            seq,
            at: Duration::from_nanos(self.at),
            wall: UNIX_EPOCH + Duration::from_nanos(self.wall),
            path: Arc::clone(&self.path),
            generation: self.starts.checked_sub(1),
            attempt: self.attempt,
            state: self.state,
            operation: self.operation,
            ready: self.ready,
            correlation: self.correlation,
            kind: self.kind.clone(),
        }
    }
}

impl Journal {
    pub(crate) const fn new() -> Self {
        Self {
            ring: Vec::new(),
            seq: 0,
            before: 0,
        }
    }

    /// An empty one, that goes on behind a number.
    pub(crate) const fn behind(seq: u64) -> Self {
        Self {
            ring: Vec::new(),
            seq,
            before: seq,
        }
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Numbers and keeps an event. What had to give way is returned: it may own user values, which
    /// are not to be dropped here.
    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) -> Option<EventKind> {
        self.seq += 1;
        let place = self.place(self.seq);
        if let Some(oldest) = self.ring.get_mut(place) {
            let kind = std::mem::replace(&mut oldest.kind, EventKind::Stale);
            *oldest = entry;
            Some(kind)
        } else {
            self.ring.push(entry);
            None
        }
    }

    /// The event of this number, if it is still there.
    pub(crate) fn get(&self, seq: u64) -> Option<&Entry> {
        let known = seq > 0 && seq <= self.seq && self.seq - seq < self.ring.len() as u64;
        known.then(|| &self.ring[self.place(seq)])
    }

    /// A copy of the event of this number, if it is still there.
    pub(crate) fn event(&self, seq: u64) -> Option<Event> {
        Some(self.get(seq)?.event(seq))
    }

    /// The event of this number, which has not been read yet.
    pub(crate) fn newest_mut(&mut self, seq: u64) -> Option<&mut Entry> {
        self.get(seq)?;
        let place = self.place(seq);
        self.ring.get_mut(place)
    }

    /// Where the event of this number lies.
    fn place(&self, seq: u64) -> usize {
        usize::try_from((seq - 1 - self.before) % CAPACITY as u64).expect("less than the capacity")
    }

    /// Copies up to `max` events behind number `after`, and says how many of those are gone.
    pub(crate) fn read(&self, after: u64, max: usize, into: &mut Vec<Event>) -> u64 {
        let oldest = self.seq - self.ring.len() as u64;
        let missed = oldest.saturating_sub(after);
        let from = after.clamp(oldest, self.seq);
        let count = self.seq - from;
        let count = count.min(u64::try_from(max).unwrap_or(u64::MAX));
        let copy = |seq| self.ring[self.place(seq)].event(seq);
        into.extend((from + 1..from + 1 + count).map(copy));
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Entry {
        Entry {
            at: 0,
            wall: 0,
            path: "a".into(),
            starts: 0,
            attempt: 0,
            state: ChildState::Running,
            operation: Operation::Active,
            ready: false,
            correlation: 1,
            kind: EventKind::Started,
        }
    }

    #[test]
    fn a_reader_that_fell_behind_is_told_how_many_it_missed() {
        let mut journal = Journal::new();
        for _ in 0..CAPACITY + 3 {
            journal.push(event());
        }
        let mut read = Vec::new();
        assert_eq!(journal.read(1, 2, &mut read), 2);
        let numbers: Vec<u64> = read.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [4, 5]);
    }

    #[test]
    fn what_is_read_may_lie_on_both_sides_of_the_end_of_the_ring() {
        let mut journal = Journal::new();
        for _ in 0..CAPACITY + 2 {
            journal.push(event());
        }
        let (mut read, after) = (Vec::new(), CAPACITY as u64 - 1);
        assert_eq!(journal.read(after, 10, &mut read), 0);
        let numbers: Vec<u64> = read.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [after + 1, after + 2, after + 3]);
    }

    #[test]
    fn a_reader_that_is_up_to_date_reads_nothing() {
        let mut journal = Journal::new();
        journal.push(event());
        let mut read = Vec::new();
        assert_eq!(journal.read(1, 10, &mut read), 0);
        assert_eq!(journal.read(u64::MAX, 10, &mut read), 0);
        assert!(read.is_empty());
    }
}

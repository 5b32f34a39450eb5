//! The last events of a tree: a ring, read by sequence number (I10, I11).

use super::kind::{Event, EventKind};

/// Events that are kept. At the pace of a crash storm that is some milliseconds; at the pace of a
/// service, hours.
pub(crate) const CAPACITY: usize = 16_384;

#[derive(Debug)]
pub(crate) struct Journal {
    /// Once it is full, the next event takes the place of the oldest.
    ring: Vec<Event>,
    /// Number of the newest event.
    seq: u64,
    /// Events before the first one that it has ever had.
    before: u64,
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
    pub(crate) fn push(&mut self, mut event: Event) -> Option<EventKind> {
        self.seq += 1;
        event.seq = self.seq;
        if self.ring.len() < CAPACITY {
            self.ring.push(event);
            return None;
        }
        let place = self.place(event.seq);
        Some(std::mem::replace(&mut self.ring[place], event).kind)
    }

    /// The event of this number, if it is still there.
    pub(crate) fn get(&self, seq: u64) -> Option<&Event> {
        let known = seq > 0 && seq <= self.seq && self.seq - seq < self.ring.len() as u64;
        known.then(|| &self.ring[self.place(seq)])
    }

    /// The event of this number, which has not been read yet.
    pub(crate) fn newest_mut(&mut self, seq: u64) -> Option<&mut Event> {
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
        let count = usize::try_from(self.seq - from)
            .unwrap_or(usize::MAX)
            .min(max);
        // The events behind `from` lie in one piece, or end at the beginning of the ring.
        let first = self.place(from + 1);
        let (begin, end) = (
            first.min(self.ring.len()),
            (first + count).min(self.ring.len()),
        );
        into.extend_from_slice(&self.ring[begin..end]);
        into.extend_from_slice(&self.ring[..count - (end - begin)]);
        missed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::kind::EventKind;
    use super::*;
    use crate::control::outcome::ChildControlOperation;
    use crate::event::snapshot::ChildState;

    fn event() -> Event {
        Event {
            seq: 0,
            at: Duration::ZERO,
            wall: std::time::UNIX_EPOCH,
            path: "a".into(),
            generation: None,
            attempt: 0,
            state: ChildState::Running,
            operation: ChildControlOperation::Active,
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

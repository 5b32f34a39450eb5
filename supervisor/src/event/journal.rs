//! The last events of a tree: a ring, read by sequence number (I10, I11).

use std::collections::VecDeque;

use super::kind::Event;

/// Events that are kept. At the pace of a crash storm that is some milliseconds; at the pace of a
/// service, hours.
pub(crate) const CAPACITY: usize = 16_384;

#[derive(Debug)]
pub(crate) struct Journal {
    ring: VecDeque<Event>,
    /// Number of the newest event.
    seq: u64,
}

impl Journal {
    pub(crate) const fn new() -> Self {
        Self {
            ring: VecDeque::new(),
            seq: 0,
        }
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Numbers and keeps an event. What had to give way is returned: it may own user values, which
    /// are not to be dropped here.
    pub(crate) fn push(&mut self, mut event: Event) -> Option<Event> {
        self.seq += 1;
        event.seq = self.seq;
        let evicted = if self.ring.len() == CAPACITY {
            self.ring.pop_front()
        } else {
            None
        };
        self.ring.push_back(event);
        evicted
    }

    /// Copies up to `max` events behind number `after`, and says how many of those are gone.
    pub(crate) fn read(&self, after: u64, max: usize, into: &mut Vec<Event>) -> u64 {
        let oldest = self.seq - self.ring.len() as u64;
        let missed = oldest.saturating_sub(after);
        let from = usize::try_from(after.max(oldest) - oldest).unwrap_or(usize::MAX);
        into.extend(self.ring.iter().skip(from).take(max).cloned());
        missed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::kind::EventKind;
    use super::*;

    fn event() -> Event {
        Event {
            seq: 0,
            at: Duration::ZERO,
            path: "a".into(),
            generation: None,
            attempt: 0,
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
    fn a_reader_that_is_up_to_date_reads_nothing() {
        let mut journal = Journal::new();
        journal.push(event());
        let mut read = Vec::new();
        assert_eq!(journal.read(1, 10, &mut read), 0);
        assert!(read.is_empty());
    }
}

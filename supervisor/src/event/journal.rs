//! The last events of a tree: a ring, read by sequence number (I10, I11).

use std::collections::{VecDeque, vec_deque};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::end::PlainEnd;
use super::exit::ExitRecord;
use super::failure::Failure;
use super::kind::{Event, EventKind};
use super::snapshot::ChildState;
use crate::control::outcome::ChildControlOperation as Operation;

/// Events that are kept. At the pace of a crash storm that is some milliseconds; at the pace of a
/// service, hours.
pub(crate) const CAPACITY: u64 = 16_384;

#[derive(Debug)]
pub(crate) struct Journal {
    /// Each with the number of its first event.
    ring: VecDeque<(u64, Kept)>,
    /// Number of the newest event.
    seq: u64,
}

/// What the journal keeps in one place.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// An end of which no record has been made.
    Ended(Entry<PlainEnd>),
    Event(Entry),
    Restart(Restart),
}

/// What may own values of users, and is not to be dropped under the lock.
#[derive(Debug)]
pub(crate) enum Owner {
    Exit(Arc<ExitRecord>),
    Failure(Arc<Failure>),
}

/// An event as it is kept: in numbers, which whoever reads it makes into times.
#[derive(Clone, Debug)]
pub(crate) struct Entry<K = EventKind> {
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
    pub(crate) kind: K,
}

/// A child that has ended and is up again at once: three events, which nothing comes between.
///
/// In a crash storm there is nothing else, so it is kept as what they have in common.
#[derive(Clone, Debug)]
pub(crate) struct Restart {
    pub(crate) at: u64,
    pub(crate) wall: u64,
    pub(crate) path: Arc<str>,
    /// `generation + 1` of the attempt that has ended.
    pub(crate) starts: u64,
    /// Its number; the next attempt has the next.
    pub(crate) attempt: u32,
    pub(crate) exit: Arc<ExitRecord>,
}

impl From<Entry> for Kept {
    fn from(entry: Entry) -> Self {
        Self::Event(entry)
    }
}

impl From<Entry<PlainEnd>> for Kept {
    fn from(entry: Entry<PlainEnd>) -> Self {
        Self::Ended(entry)
    }
}

impl<K: Into<EventKind>> Entry<K> {
    fn into_event(self, seq: u64) -> Event {
        Event {
            seq,
            at: Duration::from_nanos(self.at),
            wall: UNIX_EPOCH + Duration::from_nanos(self.wall),
            path: self.path,
            generation: self.starts.checked_sub(1),
            attempt: self.attempt,
            state: self.state,
            operation: self.operation,
            ready: self.ready,
            correlation: self.correlation,
            kind: self.kind.into(),
        }
    }
}

impl Restart {
    const EVENTS: u64 = 3;

    /// Its events; the first has this number.
    fn into_events(self, first: u64) -> [Event; 3] {
        let (state, delay) = (ChildState::Exited, Duration::ZERO);
        let ended = Event {
            seq: first,
            at: Duration::from_nanos(self.at),
            wall: UNIX_EPOCH + Duration::from_nanos(self.wall),
            path: Arc::clone(&self.path),
            generation: self.starts.checked_sub(1),
            attempt: self.attempt,
            state,
            operation: Operation::Active,
            // Nobody saw it down in between.
            ready: true,
            correlation: first,
            kind: EventKind::Exited(Arc::clone(&self.exit)),
        };
        let exit = Some(self.exit);
        let restarting = Event {
            seq: first + 1,
            path: Arc::clone(&self.path),
            kind: EventKind::Restarting { delay, exit },
            ..ended
        };
        let started = Event {
            seq: first + 2,
            path: self.path,
            generation: Some(self.starts),
            attempt: self.attempt.saturating_add(1),
            state: ChildState::Running,
            kind: EventKind::Started,
            ..ended
        };
        [ended, restarting, started]
    }
}

impl Kept {
    /// Its events; the first has this number.
    fn into_events(self, first: u64) -> impl Iterator<Item = Event> {
        let (event, restart) = match self {
            Self::Ended(entry) => (Some(entry.into_event(first)), None),
            Self::Event(entry) => (Some(entry.into_event(first)), None),
            Self::Restart(restart) => (None, Some(restart.into_events(first))),
        };
        event.into_iter().chain(restart.into_iter().flatten())
    }

    /// What of it may own values of users.
    #[allow(
        clippy::inline_always,
        reason = "every event that is written gives one up, and it is one match"
    )]
    #[inline(always)]
    fn into_owner(self) -> Option<Owner> {
        let kind = match self {
            Self::Ended(_) => return None,
            Self::Event(entry) => entry.kind,
            Self::Restart(restart) => return Some(Owner::Exit(restart.exit)),
        };
        match kind {
            EventKind::Exited(exit)
            | EventKind::Restarting {
                exit: Some(exit), ..
            } => Some(Owner::Exit(exit)),
            EventKind::GaveUp(failure) => Some(Owner::Failure(failure)),
            _ => None,
        }
    }

    /// Number of the last event of it.
    const fn last(&self, first: u64) -> u64 {
        match self {
            Self::Ended(_) | Self::Event(_) => first,
            Self::Restart(_) => first + Restart::EVENTS - 1,
        }
    }
}

impl Journal {
    pub(crate) const fn new() -> Self {
        Self::behind(0)
    }

    /// An empty one, that goes on behind a number.
    pub(crate) const fn behind(seq: u64) -> Self {
        Self {
            ring: VecDeque::new(),
            seq,
        }
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Numbers and keeps an event. Returned is what had to give way, where that must not be dropped
    /// here.
    #[inline]
    pub(crate) fn push(&mut self, kept: Kept) -> Option<Owner> {
        let gone = if self.is_lapped_by(1) {
            self.drop_oldest()
        } else {
            None
        };
        self.seq += 1;
        self.ring.push_back((self.seq, kept));
        gone
    }

    /// The same for the three events of a restart.
    #[inline]
    pub(crate) fn push_restart(&mut self, restart: Restart, mut gone: impl FnMut(Owner)) {
        while self.is_lapped_by(Restart::EVENTS) {
            self.drop_oldest().map(&mut gone);
        }
        let first = self.seq + 1;
        self.seq += Restart::EVENTS;
        self.ring.push_back((first, Kept::Restart(restart)));
    }

    /// Whether enough is left without the oldest, when so many events have come.
    #[inline]
    fn is_lapped_by(&self, events: u64) -> bool {
        let oldest = self.ring.front();
        oldest.is_some_and(|(first, kept)| self.seq + events - kept.last(*first) >= CAPACITY)
    }

    #[inline]
    fn drop_oldest(&mut self) -> Option<Owner> {
        self.ring.pop_front()?.1.into_owner()
    }

    /// The event of this number, if it is still there, and kept as it is.
    #[inline]
    pub(crate) fn get(&self, seq: u64) -> Option<&Entry> {
        match &self.ring[self.place(seq)?].1 {
            Kept::Event(entry) => Some(entry),
            Kept::Ended(_) | Kept::Restart(_) => None,
        }
    }

    /// A copy of the event of this number, if it is still there.
    pub(crate) fn event(&self, seq: u64) -> Option<Event> {
        let (first, kept) = self.ring[self.place(seq)?].clone();
        let mut events = kept.into_events(first);
        events.find(|event| event.seq == seq)
    }

    /// The event of this number, which has not been read yet.
    #[inline]
    pub(crate) fn newest_mut(&mut self, seq: u64) -> Option<&mut Entry> {
        let kept = if seq == self.seq {
            self.ring.back_mut()
        } else {
            let place = self.place(seq)?;
            self.ring.get_mut(place)
        };
        match &mut kept?.1 {
            Kept::Event(entry) => Some(entry),
            Kept::Ended(_) | Kept::Restart(_) => None,
        }
    }

    /// Whether an event behind this number says what has become of the child at a path.
    pub(crate) fn tells_state(&self, path: &Arc<str>, after: u64) -> bool {
        let behind = self.ring.iter().rev();
        let mut behind = behind.take_while(|(first, _)| *first > after);
        behind.any(|(_, kept)| match kept {
            Kept::Ended(entry) => entry.path == *path,
            Kept::Event(entry) => entry.path == *path && entry.kind.tells_state(),
            Kept::Restart(restart) => restart.path == *path,
        })
    }

    /// Where the event of this number lies, if it is still there.
    #[inline]
    fn place(&self, seq: u64) -> Option<usize> {
        // It lies there if all behind it are single ones.
        let behind = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        let guess = self.ring.len().checked_sub(1 + behind);
        if let Some(guess) = guess.filter(|&guess| self.ring[guess].0 == seq) {
            return Some(guess);
        }
        if seq <= self.gone() {
            return None;
        }
        let not_behind = self.ring.partition_point(|(first, _)| *first <= seq);
        not_behind.checked_sub(1)
    }

    /// Number of the last event that is not there any more.
    fn gone(&self) -> u64 {
        let oldest = self.ring.front();
        oldest.map_or(self.seq, |(first, _)| first - 1)
    }

    /// Copies up to `max` events behind number `after`, and says how many of those are gone.
    pub(crate) fn read(&self, after: u64, max: usize, into: &mut Vec<Event>) -> u64 {
        let (missed, behind) = self.behind_number(after);
        let events = behind.flat_map(|(first, kept)| kept.clone().into_events(*first));
        into.extend(events.filter(|event| event.seq > after).take(max));
        missed
    }

    /// Copies what is kept in up to `max` places behind what has been copied, which is made into
    /// events later; says how many of those are gone.
    pub(crate) fn copy(&self, max: usize, into: &mut Copied) -> u64 {
        debug_assert!(into.is_empty(), "what is left of it comes first");
        let after = into.after;
        let (missed, behind) = self.behind_number(after);
        into.after = after + missed;
        into.kept.extend(behind.take(max).cloned());
        missed
    }

    /// What is there behind a number, and how many events of that are gone.
    fn behind_number(&self, after: u64) -> (u64, vec_deque::Iter<'_, (u64, Kept)>) {
        let gone = self.gone();
        let next = after.clamp(gone, self.seq) + 1;
        let place = self.place(next).unwrap_or(self.ring.len());
        (gone.saturating_sub(after), self.ring.range(place..))
    }
}

/// A part of the journal, as it was: what its events cost is not paid under the lock.
#[derive(Debug)]
pub(crate) struct Copied {
    kept: VecDeque<(u64, Kept)>,
    /// What is left of the restart that came last.
    rest: VecDeque<Event>,
    /// Number of the last event that has been taken out, or is known to have gone.
    after: u64,
}

impl Copied {
    /// Nothing yet of what is behind a number.
    pub(crate) const fn behind(after: u64) -> Self {
        Self {
            kept: VecDeque::new(),
            rest: VecDeque::new(),
            after,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.rest.is_empty()
    }

    /// Number of the last event that has been taken out, or is known to have gone.
    pub(crate) const fn after(&self) -> u64 {
        self.after
    }

    /// Takes the next event out.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            let event = match self.rest.pop_front() {
                Some(event) => event,
                None => match self.kept.pop_front()? {
                    (seq, Kept::Ended(entry)) => entry.into_event(seq),
                    (seq, Kept::Event(entry)) => entry.into_event(seq),
                    (first, Kept::Restart(restart)) => {
                        self.rest.extend(restart.into_events(first));
                        continue;
                    }
                },
            };
            // It may have been read up to the middle of a restart.
            if event.seq > self.after {
                self.after = event.seq;
                return Some(event);
            }
        }
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
            journal.push(event().into());
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
            journal.push(event().into());
        }
        let (mut read, after) = (Vec::new(), CAPACITY - 1);
        assert_eq!(journal.read(after, 10, &mut read), 0);
        let numbers: Vec<u64> = read.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [after + 1, after + 2, after + 3]);
    }

    /// What of an event tells it from its neighbours.
    type Told = (u64, Option<u64>, u32, u64, &'static str);

    fn told(event: &Event) -> Told {
        let kind = match event.kind {
            EventKind::Exited(_) => "exited",
            EventKind::Restarting { .. } => "restarting",
            _ => "started",
        };
        (
            event.seq,
            event.generation,
            event.attempt,
            event.correlation,
            kind,
        )
    }

    #[test]
    fn restarts_that_are_kept_as_one_are_read_as_three_from_anywhere() {
        let mut random = fastrand::Rng::with_seed(7);
        let exit = Arc::new(ExitRecord {
            kind: crate::event::exit::ExitKind::Succeeded,
            sub_task: None,
            generation: 0,
            attempt: 0,
            uptime: Duration::ZERO,
        });
        let (mut journal, mut all, mut given_up) = (Journal::new(), Vec::<Told>::new(), 0);
        for round in 0..2 * CAPACITY {
            let (first, starts) = (journal.seq() + 1, round + 1);
            let attempt = random.u32(1..9);
            if random.bool() {
                let restart = Restart {
                    at: 0,
                    wall: 0,
                    path: "a".into(),
                    starts,
                    attempt,
                    exit: Arc::clone(&exit),
                };
                journal.push_restart(restart, |_| given_up += 1);
                all.extend([
                    (first, Some(round), attempt, first, "exited"),
                    (first + 1, Some(round), attempt, first, "restarting"),
                    (first + 2, Some(round + 1), attempt + 1, first, "started"),
                ]);
            } else {
                let entry = Entry {
                    starts,
                    attempt,
                    ..event()
                };
                given_up += u64::from(journal.push(entry.into()).is_some());
                all.push((first, Some(round), attempt, 1, "started"));
            }
            if round % 61 != 0 {
                continue;
            }
            let (seq, gone) = (journal.seq(), journal.gone());
            assert_eq!(seq, all.len() as u64);
            let kept = seq - gone;
            assert!(kept == seq || (CAPACITY..CAPACITY + 3).contains(&kept));
            let after = match random.u8(..4) {
                0 => gone + random.u64(0..4),
                1 => seq.saturating_sub(random.u64(0..4)),
                _ => random.u64(0..seq + 2),
            };
            let there = usize::try_from(after.clamp(gone, seq)).expect("a number");
            let (missed, max) = (gone.saturating_sub(after), random.usize(1..200));
            let mut read = Vec::new();
            assert_eq!(journal.read(after, max, &mut read), missed);
            let read: Vec<Told> = read.iter().map(told).collect();
            assert_eq!(read, all[there..][..max.min(all.len() - there)]);
            let mut copied = Copied::behind(after);
            assert_eq!(journal.copy(max, &mut copied), missed);
            let copy: Vec<Told> = std::iter::from_fn(|| copied.next())
                .map(|event| told(&event))
                .collect();
            assert_eq!(copy, all[there..][..copy.len()]);
            assert!(copy.len() >= max.min(all.len() - there));
            for number in [after, gone, gone + 1, seq, seq + 1] {
                let found = journal.event(number).as_ref().map(told);
                let known = all.iter().rev().find(|told| told.0 == number);
                let expected = known.filter(|_| gone < number).copied();
                assert_eq!(found, expected);
            }
        }
        let restarts = all.iter().filter(|told| told.4 == "exited");
        let held = Arc::strong_count(&exit) as u64 - 1;
        assert_eq!(restarts.count() as u64, given_up + held);
    }

    #[test]
    fn a_reader_that_is_up_to_date_reads_nothing() {
        let mut journal = Journal::new();
        journal.push(event().into());
        let mut read = Vec::new();
        assert_eq!(journal.read(1, 10, &mut read), 0);
        assert_eq!(journal.read(u64::MAX, 10, &mut read), 0);
        assert!(read.is_empty());
    }
}

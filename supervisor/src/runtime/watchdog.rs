//! The thread that notices what no task can: a child that has been inside one poll for too long, and
//! deadlines that pass while every thread of the runtime is occupied.
//!
//! One for each tree in which a child with `stall_after` has been started, and none without; it ends
//! with the tree. It looks at the poll counters of those children, which they keep anyway: a child
//! that waits has an even one, however busy the machine is, and is never accused.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use super::core::Stage;
use super::slot::Slot;
use super::sync::{Condvar, Mutex, MutexGuard, lock};
use super::tree::Tree;
use crate::machine::input::Input;

/// It looks so many times in the shortest `stall_after`, so that a stall is told between 1 and 1.25
/// times that after it began.
const LOOKS: u32 = 8;
/// It does not look more often than this, nor more rarely.
const PERIOD: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(500));

/// No stall is that long.
const NEVER: Duration = Duration::MAX;

/// The children that a tree has watched, and whether somebody watches.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Not taken over by the thread yet.
    new: Vec<Watched>,
    runs: bool,
}

#[derive(Debug)]
pub(super) struct Watched {
    slot: Arc<Slot>,
    longest: Duration,
    /// The poll that it was seen inside of, and when that was first.
    poll: Option<(u32, Instant)>,
    told: bool,
}

impl Watchdog {
    /// Watches a child from now on; none: it is not to be named any more.
    pub(super) fn watch(tree: &Arc<Tree>, slot: Arc<Slot>, longest: Option<Duration>) {
        let new = Watched::new(slot, longest.unwrap_or(NEVER));
        if !tree.watchdog.enlist(new) {
            return;
        }
        let keeps = Arc::clone(tree);
        let thread = thread::Builder::new().name("supervisor-watch".into());
        if let Err(error) = thread.spawn(move || keep(&keeps)) {
            lock(&tree.watchdog.state).runs = false;
            warn!(
                target: "rust_supervisor::lifecycle",
                parent: None,
                "there is no thread to watch for stalled children: {error}"
            );
        }
    }

    /// Takes a child in; true if the caller has to see to it that somebody watches.
    pub(super) fn enlist(&self, new: Watched) -> bool {
        let mut state = lock(&self.state);
        state.new.push(new);
        self.news.notify_one();
        !std::mem::replace(&mut state.runs, true)
    }

    /// Takes over what is new; none when there is nothing to look at any more, and the watch is over.
    pub(super) fn take_over(
        &self,
        watched: &mut HashMap<usize, Watched>,
        tree_is_over: bool,
    ) -> Option<MutexGuard<'_, State>> {
        let mut state = lock(&self.state);
        for new in state.new.drain(..) {
            match watched.entry(Arc::as_ptr(&new.slot).addr()) {
                // A stall that has been told goes on until it is over.
                Entry::Occupied(mut known) => known.get_mut().longest = new.longest,
                Entry::Vacant(place) if new.longest != NEVER => {
                    place.insert(new);
                }
                Entry::Vacant(_) => {}
            }
        }
        if tree_is_over || watched.is_empty() {
            state.runs = false;
            return None;
        }
        Some(state)
    }

    /// Waits until it is time to look again, or somebody is new.
    fn wait(&self, state: MutexGuard<'_, State>, watched: &HashMap<usize, Watched>) {
        let shortest = watched.values().map(|child| child.longest).min();
        let period = shortest.unwrap_or_default() / LOOKS;
        let waited = self
            .news
            .wait_timeout(state, period.clamp(PERIOD.0, PERIOD.1));
        drop(waited);
    }

    /// The tree has ended.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }
}

fn keep(tree: &Arc<Tree>) {
    let mut watched: HashMap<usize, Watched> = HashMap::new();
    loop {
        for child in watched.values_mut() {
            if let Some(news) = child.look() {
                tree.tell(news);
            }
        }
        watched.retain(|_, child| child.is_of_interest());
        tree.notice_deadlines();
        let over = tree.stage() == Stage::Over;
        let Some(state) = tree.watchdog.take_over(&mut watched, over) else {
            return;
        };
        tree.watchdog.wait(state, &watched);
    }
}

impl Watched {
    pub(super) const fn new(slot: Arc<Slot>, longest: Duration) -> Self {
        Self {
            slot,
            longest,
            poll: None,
            told: false,
        }
    }

    /// Looks at the child; what is to be told of it.
    fn look(&mut self) -> Option<Input> {
        let generation = self.slot.load().generation()?;
        let polls = self.slot.polls();
        let inside = polls % 2 == 1;
        match self.poll {
            Some((poll, since)) if inside && poll == polls => {
                let at_least = since.elapsed();
                if self.told || at_least < self.longest {
                    return None;
                }
                self.told = true;
                Some(Input::Stalled(self.slot.id, generation, at_least))
            }
            _ => {
                self.poll = inside.then(|| (polls, Instant::now()));
                let told = std::mem::take(&mut self.told);
                told.then_some(Input::Unstalled(self.slot.id, generation))
            }
        }
    }

    /// Whether an attempt of it runs, or may run again.
    fn is_of_interest(&self) -> bool {
        self.poll.is_some() || !self.slot.load().is_released()
    }
}

//! What handles outside read of one child: its state in one atomic word, and how it came to rest.
//!
//! A child has a mirror once somebody has asked for it. The machine writes it where the state
//! changes; the shell wakes who waits for it when the lock is free. A mirror belongs to a path: when
//! its child has been removed it waits for the next one of that name.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Waker;

use super::Machine;
use super::node::{Down, Ix, NodeId, Phase};
use crate::event::end::KeptEnd;
use crate::event::outcome::ChildOutcome;
use crate::event::snapshot::ChildState;
use crate::runtime::sync::atomic::{AtomicU64, Ordering};
use crate::runtime::sync::{Mutex, MutexGuard, lock};

/// The child counts as ready.
const READY: u64 = 1 << 8;
/// `generation + 1` begins here.
const GENERATION: u32 = 9;

#[derive(Debug)]
pub(crate) struct Mirror {
    word: AtomicU64,
    /// How the child came to rest, since it was last started.
    outcome: Mutex<Option<ChildOutcome>>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    ids: u64,
    wakers: HashMap<u64, Waker>,
}

/// Where the machine leaves the mirror of a child that is added.
pub(crate) type Place = Arc<OnceLock<Arc<Mirror>>>;

/// What a mirror said at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u64);

impl Seen {
    pub(crate) fn new(state: ChildState, ready: bool, generation: Option<u64>) -> Self {
        let ready = if ready { READY } else { 0 };
        let generation = generation.map_or(0, |generation| generation + 1);
        Self(u64::from(state as u8) | ready | (generation << GENERATION))
    }

    pub(crate) fn state(self) -> ChildState {
        ChildState::ALL[usize::from(self.0.to_le_bytes()[0])]
    }

    pub(crate) const fn is_ready(self) -> bool {
        self.0 & READY != 0
    }

    pub(crate) const fn generation(self) -> Option<u64> {
        (self.0 >> GENERATION).checked_sub(1)
    }
}

impl Mirror {
    pub(crate) fn new(seen: Seen, outcome: Option<ChildOutcome>) -> Self {
        Self {
            word: AtomicU64::new(seen.0),
            outcome: Mutex::new(outcome),
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen(self.word.load(Ordering::Acquire))
    }

    /// How the child came to rest, unless it has been started since.
    pub(crate) fn outcome(&self) -> Option<ChildOutcome> {
        lock(&self.outcome).clone()
    }

    /// Leaves a waker for the next change; what it displaces is to be dropped by the caller.
    pub(crate) fn listen(&self, id: &mut u64, waker: Waker) -> Option<Waker> {
        let mut waiting = self.waiting();
        if *id == 0 {
            waiting.ids += 1;
            *id = waiting.ids;
        }
        waiting.wakers.insert(*id, waker)
    }

    pub(crate) fn forget(&self, id: u64) -> Option<Waker> {
        self.waiting().wakers.remove(&id)
    }

    /// Who is to be woken after a change; never under the tree's lock.
    pub(crate) fn take_waiting(&self) -> Vec<Waker> {
        let wakers = std::mem::take(&mut self.waiting().wakers);
        wakers.into_values().collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }

    /// Shows something else; true if that is a change, and who waits is to be woken.
    pub(crate) fn turn(&self, seen: Seen) -> bool {
        self.word.swap(seen.0, Ordering::AcqRel) != seen.0
    }

    /// Answers what was there before: it may own user values.
    fn set_outcome(&self, outcome: Option<ChildOutcome>) -> Option<ChildOutcome> {
        std::mem::replace(&mut *lock(&self.outcome), outcome)
    }
}

/// Mirrors of paths that have no child at present.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    orphans: HashMap<Arc<str>, Weak<Mirror>>,
    /// What has changed, and who waits for it has not been told.
    changed: Vec<Arc<Mirror>>,
}

impl Machine {
    /// The mirror of a child.
    pub(crate) fn mirror(&mut self, id: NodeId) -> Option<Arc<Mirror>> {
        let ix = self.nodes.find(id)?;
        if self.nodes[ix].mirror.is_none() {
            let mirror = Mirror::new(self.seen(ix), self.outcome_of(ix));
            self.nodes[ix].mirror = Some(Arc::new(mirror));
        }
        self.nodes[ix].mirror.clone()
    }

    /// What has changed, for those who wait.
    #[inline]
    pub(crate) fn take_changed_mirrors(&mut self, into: &mut Vec<Arc<Mirror>>) {
        if !self.mirrors.changed.is_empty() {
            into.append(&mut self.mirrors.changed);
        }
    }

    /// Whether a child that is down stays so: nobody above it is about to be started again.
    pub(crate) fn is_at_rest(&self, path: &str) -> bool {
        let Some(mut ix) = self.index.find(path, &self.nodes) else {
            return true;
        };
        while let Phase::Down(down) = self.nodes[ix].phase {
            let Some(parent) = self.nodes[ix]
                .parent
                .some()
                .filter(|_| down == Down::Failed)
            else {
                return true;
            };
            ix = parent;
        }
        // A supervisor that serves has decided.
        self.nodes[ix].phase == Phase::Running && !self.comes_down(ix)
    }

    /// Tells the mirror of a child, if it has one, what has become of it.
    #[inline]
    pub(super) fn publish(&mut self, ix: Ix) {
        if self.nodes[ix].mirror.is_some() {
            self.turn_mirror(ix);
        }
    }

    fn turn_mirror(&mut self, ix: Ix) {
        let seen = self.seen(ix);
        let at_rest = self.outcome_of(ix);
        let live = self.nodes[ix].phase.is_live();
        let Some(mirror) = &self.nodes[ix].mirror else {
            return;
        };
        let former = match at_rest {
            // How it ended says more than that it was removed then.
            Some(removed) if removed.state == ChildState::Removed => {
                let known = mirror.outcome().is_some();
                if known {
                    None
                } else {
                    mirror.set_outcome(Some(removed))
                }
            }
            Some(outcome) => mirror.set_outcome(Some(outcome)),
            None if live => mirror.set_outcome(None),
            None => None,
        };
        if mirror.turn(seen) {
            self.mirrors.changed.push(Arc::clone(mirror));
        }
        if let Some(former) = former {
            self.trash.records.extend(former.exit);
            self.trash.failures.extend(former.failure);
        }
        if self.nodes[ix].phase == Phase::Down(Down::Removed) {
            self.orphan_mirror(ix);
        }
    }

    /// A child has left its path; whoever mirrors that goes on watching.
    pub(super) fn orphan_mirror(&mut self, ix: Ix) {
        let node = &mut self.nodes[ix];
        let Some(mirror) = node.mirror.take() else {
            return;
        };
        let path = Arc::clone(&node.path);
        let orphans = &mut self.mirrors.orphans;
        if orphans.len() == orphans.capacity() {
            orphans.retain(|_, mirror| mirror.strong_count() > 0);
        }
        orphans.insert(path, Arc::downgrade(&mirror));
        // Not dropped here: what it holds may be the last of user values.
        self.mirrors.changed.push(mirror);
    }

    /// A child has come to its path.
    pub(super) fn adopt_mirror(&mut self, ix: Ix) {
        if self.mirrors.orphans.is_empty() || self.nodes[ix].mirror.is_some() {
            return;
        }
        let orphan = self.mirrors.orphans.remove(&*self.nodes[ix].path);
        if let Some(mirror) = orphan.and_then(|mirror| mirror.upgrade()) {
            self.nodes[ix].mirror = Some(mirror);
            self.publish(ix);
        }
    }

    /// After a panic of the machine: everything has been ended.
    pub(crate) fn mirrors_failed(&mut self) {
        for place in 0..self.nodes.len() {
            if let Some(mirror) = &self.nodes[super::index_of(place)].mirror {
                let seen = Seen::new(ChildState::Failed, false, mirror.seen().generation());
                mirror.word.store(seen.0, Ordering::Release);
                self.mirrors.changed.push(Arc::clone(mirror));
            }
        }
    }

    fn seen(&self, ix: Ix) -> Seen {
        let node = &self.nodes[ix];
        let state = node.phase.public();
        Seen::new(state, node.is_ready_as(state), node.generation())
    }

    /// How a child that is down came to rest; none where it may be started again without a word.
    fn outcome_of(&self, ix: Ix) -> Option<ChildOutcome> {
        let node = &self.nodes[ix];
        let Phase::Down(Down::Failed | Down::Finished | Down::Ignored | Down::Removed) = node.phase
        else {
            return None;
        };
        let failure = node.sup().and_then(|sup| sup.failure.clone());
        Some(ChildOutcome {
            state: node.phase.public(),
            exit: node.last.as_ref().map(KeptEnd::record),
            failure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::world::{Ask, Ends, World};
    use super::*;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;

    fn mirror(world: &mut World, path: &str) -> Arc<Mirror> {
        let id = world.machine.lookup(path).expect("it is there");
        world.machine.mirror(id).expect("it is there")
    }

    fn worker(id: &str) -> ChildSpec {
        ChildSpec::from_fn(id, |_| std::future::pending::<()>())
    }

    /// Adds a child, looks at it, and removes it.
    fn come_and_go(world: &mut World, id: &str) -> Arc<Mirror> {
        world.ask("", Ask::Add(worker(id)));
        let mirror = mirror(world, id);
        world.ask(id, Ask::Remove);
        world.exit(id, Ends::Cancelled);
        world.machine.take_changed_mirrors(&mut Vec::new());
        mirror
    }

    #[test]
    fn only_mirrors_that_somebody_holds_wait_for_the_next_of_their_name() {
        let mut world = World::new(SupervisorSpec::root(vec![])).expect("the tree is sound");
        world.start();
        let held = come_and_go(&mut world, "held");
        for n in 0..1_000 {
            drop(come_and_go(&mut world, &format!("n{n}")));
        }
        let kept = world.machine.mirrors.orphans.len();
        assert!(kept < 16, "{kept} are kept");
        world.ask("", Ask::Add(worker("held")));
        assert_eq!(held.seen().state(), ChildState::Running);
        assert!(Arc::ptr_eq(&held, &mirror(&mut world, "held")));
    }

    #[test]
    fn how_a_child_came_to_rest_is_known_until_it_is_started_again() {
        let spec = SupervisorSpec::root(vec![worker("a"), worker("b")]);
        let mut world = World::new(spec).expect("the tree is sound");
        world.start();
        let [a, b] = ["a", "b"].map(|path| mirror(&mut world, path));
        let state = |mirror: &Mirror| mirror.outcome().map(|outcome| outcome.state);
        world.exit("a", Ends::Succeeded);
        assert_eq!(state(&a), Some(ChildState::Finished));
        world.ask("a", Ask::Stop);
        assert_eq!(state(&a), Some(ChildState::Finished), "that says more");
        world.ask("a", Ask::Remove);
        assert_eq!(state(&a), Some(ChildState::Finished), "that says more");
        world.ask("", Ask::Add(worker("a")));
        assert_eq!(state(&a), None);
        world.ask("b", Ask::Remove);
        world.exit("b", Ends::Cancelled);
        assert_eq!(state(&b), Some(ChildState::Removed));
    }

    #[test]
    fn a_word_gives_back_what_was_put_into_it() {
        for (place, state) in ChildState::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(state as u8), place, "{state}");
            for generation in [None, Some(0), Some(1 << 40)] {
                for ready in [false, true] {
                    let seen = Seen::new(state, ready, generation);
                    assert_eq!(seen.state(), state);
                    assert_eq!((seen.is_ready(), seen.generation()), (ready, generation));
                }
            }
        }
    }
}

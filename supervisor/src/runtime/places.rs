//! What the runtime has of each node: its code until the first start, then the slot of its task.

use std::sync::Arc;

use super::slot::{Slot, Word};
use crate::machine::node::Ix;
use crate::task::launch::Launch;

/// Places that are looked at in one hold of the lock when a tree has ended.
const CHUNK: usize = 1_024;

// Not `Debug`: it would show the values of users under the lock.
#[derive(Default)]
pub(super) struct Places {
    all: Vec<Place>,
    /// The tree has ended, and those before this one have been looked at.
    swept: usize,
}

enum Place {
    Unborn(Launch),
    /// None before anything is known of it, and when its task has gone.
    Born(Option<Arc<Slot>>),
}

/// What was at a place of a tree that has ended.
pub(super) enum Left {
    Code(Launch),
    /// Released now, with what its word said before.
    Task(Arc<Slot>, Word),
}

impl Places {
    pub(super) fn reserve(&mut self, count: usize) {
        self.all.reserve_exact(count);
    }

    /// Takes in the code of a child.
    pub(super) fn admit(&mut self, ix: Ix, launch: Launch) {
        let place = ix.0 as usize;
        if self.all.len() <= place {
            self.all.resize_with(place + 1, || Place::Born(None));
        }
        self.all[place] = Place::Unborn(launch);
    }

    /// Gives the code of a child that has not been started yet, and the slot that takes its place.
    pub(super) fn give_birth(
        &mut self,
        ix: Ix,
        slot: impl FnOnce() -> Arc<Slot>,
    ) -> Option<(Launch, Arc<Slot>)> {
        let launch = self.take_unborn(ix)?;
        let slot = slot();
        self.all[ix.0 as usize] = Place::Born(Some(Arc::clone(&slot)));
        Some((launch, slot))
    }

    /// Takes the code of a child that will not be started any more.
    pub(super) fn take_unborn(&mut self, ix: Ix) -> Option<Launch> {
        let place = self.all.get_mut(ix.0 as usize)?;
        if matches!(place, Place::Born(_)) {
            return None;
        }
        match std::mem::replace(place, Place::Born(None)) {
            Place::Unborn(launch) => Some(launch),
            Place::Born(_) => None,
        }
    }

    pub(super) fn slot(&self, ix: Ix) -> Option<&Arc<Slot>> {
        match self.all.get(ix.0 as usize)? {
            Place::Born(slot) => slot.as_ref(),
            Place::Unborn(_) => None,
        }
    }

    /// Whether the child of this slot has another by now, with other code.
    pub(super) fn is_replaced(&self, former: &Slot) -> bool {
        let ix = former.id.ix;
        let present = self.slot(ix).filter(|present| present.id == former.id);
        present.is_some_and(|present| !std::ptr::eq(&raw const **present, former))
    }

    /// The slot of a task that has gone.
    pub(super) fn take_slot(&mut self, gone: &Slot) -> Option<Arc<Slot>> {
        match self.all.get_mut(gone.id.ix.0 as usize)? {
            Place::Born(slot) => slot.take_if(|slot| slot.id == gone.id),
            Place::Unborn(_) => None,
        }
    }

    /// Releases what is at the next places of a tree that has ended; true if there are more.
    pub(super) fn sweep(&mut self, mut left: impl FnMut(Left)) -> bool {
        let end = self.all.len().min(self.swept + CHUNK);
        for place in &mut self.all[self.swept..end] {
            match std::mem::replace(place, Place::Born(None)) {
                Place::Unborn(launch) => left(Left::Code(launch)),
                Place::Born(Some(slot)) => {
                    let former = slot.want_release();
                    left(Left::Task(slot, former));
                }
                Place::Born(None) => {}
            }
        }
        self.swept = end;
        end < self.all.len()
    }

    /// Whether nothing is left to be released.
    pub(super) fn are_swept(&self) -> bool {
        self.swept == self.all.len()
    }

    /// Everything that is left, when all of it has to end.
    pub(super) fn drain(&mut self, mut left: impl FnMut(Left)) {
        self.swept = 0;
        for place in self.all.drain(..) {
            match place {
                Place::Unborn(launch) => left(Left::Code(launch)),
                Place::Born(Some(slot)) => {
                    let former = slot.want_end();
                    left(Left::Task(slot, former));
                }
                Place::Born(None) => {}
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

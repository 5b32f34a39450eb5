//! What the runtime has of each node: its code until the first start, then the slot of its task.

use std::collections::HashMap;
use std::sync::Arc;

use super::slot::{Slot, Word};
use crate::machine::node::Ix;
use crate::task::launch::Launch;

/// Places that are looked at in one hold of the lock when a tree has ended.
const CHUNK: usize = 1_024;

// Not `Debug`: it would show the values of users under the lock.
#[derive(Default)]
pub(super) struct Places {
    /// None before the first start, and when the task has gone.
    slots: Vec<Option<Arc<Slot>>>,
    /// The code that a tree begins with, until all of it runs.
    first: Vec<Option<Launch>>,
    /// How much of it is left.
    first_left: usize,
    /// The code of what was added, until it is started.
    later: HashMap<Ix, Launch>,
    /// The tree has ended, and those before this one have been looked at.
    swept: usize,
}

/// What was at a place of a tree that has ended.
pub(super) enum Left {
    Code(Launch),
    /// Released now, with what its word said before.
    Task(Arc<Slot>, Word),
}

impl Places {
    /// The code that a tree begins with, at the places of its nodes.
    pub(super) fn begin(first: Vec<Option<Launch>>) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(first.len(), || None);
        let first_left = first.iter().flatten().count();
        Self {
            slots,
            first,
            first_left,
            ..Self::default()
        }
    }

    /// Takes in the code of a child that is added.
    pub(super) fn admit(&mut self, ix: Ix, launch: Launch) {
        let place = ix.0 as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        self.slots[place] = None;
        self.later.insert(ix, launch);
    }

    /// Gives the code of a child that has not been started yet, and the slot that takes its place.
    pub(super) fn give_birth(
        &mut self,
        ix: Ix,
        slot: impl FnOnce() -> Arc<Slot>,
    ) -> Option<(Launch, Arc<Slot>)> {
        let launch = self.take_unborn(ix)?;
        let slot = slot();
        self.slots[ix.0 as usize] = Some(Arc::clone(&slot));
        Some((launch, slot))
    }

    /// Takes the code of a child that has not been started.
    pub(super) fn take_unborn(&mut self, ix: Ix) -> Option<Launch> {
        let first = self.first.get_mut(ix.0 as usize).and_then(Option::take);
        if first.is_none() && self.later.is_empty() {
            return None;
        }
        self.first_left -= usize::from(first.is_some());
        first.or_else(|| self.later.remove(&ix))
    }

    /// The list of the code that the tree began with, when none of it is left: to give back the
    /// memory of a large one takes longer than the lock is to be held.
    pub(super) fn take_emptied(&mut self) -> Option<Vec<Option<Launch>>> {
        let is_emptied = self.first_left == 0 && !self.first.is_empty();
        is_emptied.then(|| std::mem::take(&mut self.first))
    }

    pub(super) fn slot(&self, ix: Ix) -> Option<&Arc<Slot>> {
        self.slots.get(ix.0 as usize)?.as_ref()
    }

    /// Whether the child of this slot has another by now, with other code.
    pub(super) fn is_replaced(&self, former: &Slot) -> bool {
        let ix = former.id.ix;
        let present = self.slot(ix).filter(|present| present.id == former.id);
        present.is_some_and(|present| !std::ptr::eq(&raw const **present, former))
    }

    /// The slot of a task that has gone.
    pub(super) fn take_slot(&mut self, gone: &Slot) -> Option<Arc<Slot>> {
        let slot = self.slots.get_mut(gone.id.ix.0 as usize)?;
        slot.take_if(|slot| slot.id == gone.id)
    }

    /// Releases what is at the next places of a tree that has ended; true if there are more.
    pub(super) fn sweep(&mut self, mut left: impl FnMut(Left)) -> bool {
        let end = self.slots.len().min(self.swept + CHUNK);
        for place in self.swept..end {
            let ix = Ix(u32::try_from(place).expect("fewer nodes than u32::MAX"));
            if let Some(launch) = self.take_unborn(ix) {
                left(Left::Code(launch));
            }
            if let Some(slot) = self.slots[place].take() {
                let former = slot.want_release();
                left(Left::Task(slot, former));
            }
        }
        self.swept = end;
        end < self.slots.len()
    }

    /// Whether nothing is left to be released.
    pub(super) fn are_swept(&self) -> bool {
        self.swept == self.slots.len()
    }

    /// Everything that is left, when all of it has to end.
    pub(super) fn drain(&mut self, mut left: impl FnMut(Left)) {
        (self.swept, self.first_left) = (0, 0);
        let first = std::mem::take(&mut self.first);
        let later = std::mem::take(&mut self.later);
        for launch in first.into_iter().flatten().chain(later.into_values()) {
            left(Left::Code(launch));
        }
        for slot in self.slots.drain(..).flatten() {
            let former = slot.want_end();
            left(Left::Task(slot, former));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

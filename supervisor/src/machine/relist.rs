//! Exchanging the list of declared children of a supervisor that has stopped what has to stop.

use std::collections::HashMap;
use std::sync::Arc;

use super::Machine;
use super::node::{Down, Ending, FirstStartState, Ix, Mail, NodeId, Phase, Wish};
use super::plant::Comes;
use super::reload::{List, Part};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;
use crate::id::path;
use crate::id::types::ChildId;
use crate::spec::plan::Planned;
use crate::task::start_reason::StartReason;

impl Machine {
    pub(super) fn exchange_list(&mut self, sup: Ix, list: List) {
        let List { added, order, .. } = list;
        for planned in added {
            self.put_in(sup, planned);
        }
        let places: HashMap<Arc<str>, Ix> = {
            let statics = self.nodes.sup(sup).statics.iter();
            statics
                .map(|&ix| (Arc::clone(&self.nodes[ix].path), ix))
                .collect()
        };
        let statics: Vec<Ix> = order
            .iter()
            .filter_map(|(path, _)| places.get(path).copied())
            .collect();
        for (path, after) in &order {
            if let Some(&ix) = places.get(path) {
                self.relink(sup, ix, after, &places);
            }
        }
        self.reorder(sup, &statics);
        let linked = |&ix: &Ix| self.nodes[ix].flags.linked;
        let incomplete = !statics.iter().all(linked);
        let state = self.nodes.sup_mut(sup);
        state.statics = statics;
        state.incomplete = incomplete;
    }

    /// Children are not declared any more: those that run are marked, and answered; the others go at
    /// once.
    pub(super) fn take_out(&mut self, sup: Ix, part: &mut Part) -> Vec<NodeId> {
        let list = part.list.as_mut();
        let removed = list.map_or_else(Vec::new, |list| std::mem::take(&mut list.removed));
        let found = removed.iter().filter_map(|path| self.declared(path));
        let found: Vec<Ix> = found.collect();
        for &ix in &found {
            self.nodes[ix].flags.is_static = false;
            self.nodes[ix].flags.leaving = false;
        }
        let mut statics = std::mem::take(&mut self.nodes.sup_mut(sup).statics);
        statics.retain(|&ix| self.nodes[ix].flags.is_static);
        self.nodes.sup_mut(sup).statics = statics;
        let mut leaving = Vec::new();
        for ix in found {
            if !self.nodes[ix].flags.linked {
                self.unlink_dependencies(ix);
                self.dispose(ix);
                continue;
            }
            leaving.push(self.nodes.id(ix));
            self.is_to_leave(ix);
        }
        leaving
    }

    pub(super) fn is_to_leave(&mut self, ix: Ix) {
        match self.nodes[ix].phase {
            Phase::Down(Down::Removed) => {}
            Phase::Down(_) => self.forget(ix),
            Phase::Stuck(_) => {
                // Whatever it was to end for before, nobody waits for that.
                self.set_phase(ix, Phase::Stuck(Ending::Asked));
                self.nodes[ix].wish = Wish::Remove;
            }
            _ => {
                self.nodes[ix].wish = Wish::Remove;
                self.nodes[ix].flags.marked = true;
            }
        }
    }

    /// Another child is declared.
    fn put_in(&mut self, sup: Ix, planned: Planned) {
        let places = self.plant(sup, planned.nodes, Comes::Declared);
        // Below a supervisor that has left, they are told of when it comes back.
        let told = self.is_in_the_tree(sup);
        // Of those that come to a tree that comes down, its report tells of who has run.
        let closes = self.is_closing();
        for &ix in &places {
            self.nodes[ix].flags.reported = closes;
            if told {
                self.emit(ix, EventKind::Added);
            }
            self.apply_intent(ix);
        }
        let ix = places[0];
        if told && self.nodes[ix].policy.critical {
            self.misses_one_more(sup);
        }
        // Before its turn in the first start, none starts.
        let begun = self.nodes.sup(sup).first_start == FirstStartState::Done;
        let node = &mut self.nodes[ix];
        node.next_reason = Some(StartReason::Added);
        node.flags.marked = begun && node.operation == Operation::Active;
    }

    /// With the one that stood at its path, whatever is below a supervisor was told to have gone.
    pub(super) fn tell_below(&mut self, sup: Ix) {
        let statics = self.nodes[sup].sup().map(|sup| sup.statics.clone());
        for ix in statics.unwrap_or_default() {
            let known = self.index.find(&self.nodes[ix].path, &self.nodes) == Some(ix);
            if known && self.nodes[ix].flags.linked {
                self.adopt_mirror(ix);
                self.emit(ix, EventKind::Added);
                self.tell_below(ix);
            }
        }
    }

    /// Exchanges the siblings that a child is after.
    fn relink(&mut self, sup: Ix, ix: Ix, after: &[ChildId], places: &HashMap<Arc<str>, Ix>) {
        let above = Arc::clone(&self.nodes[sup].path);
        let path = |name: &ChildId| path::join(&above, &name.value);
        let wanted: Vec<Ix> = after
            .iter()
            .filter_map(|name| places.get(&path(name)).copied())
            .collect();
        let links = self.nodes[ix].links.as_ref();
        let before = links.map_or_else(Vec::new, |links| links.after.clone());
        if before == wanted {
            return;
        }
        for on in before {
            if let Some(links) = &mut self.nodes[on].links {
                links.before.retain(|&dependent| dependent != ix);
            }
        }
        if let Some(links) = &mut self.nodes[ix].links {
            links.after.clear();
        }
        self.link_dependencies(ix, wanted);
        if matches!(self.nodes[ix].phase, Phase::Waiting(_)) {
            self.mail(sup, Mail::Start(self.nodes.id(ix)));
        }
    }

    /// Puts the declared children into their order; those that were added at run time stand at the
    /// end.
    fn reorder(&mut self, sup: Ix, statics: &[Ix]) {
        let mut present = Vec::with_capacity(self.nodes.sup(sup).count);
        let mut next = self.nodes.sup(sup).first;
        while let Some(ix) = next.some() {
            present.push(ix);
            next = self.nodes[ix].next;
        }
        let mut wanted: Vec<Ix> = statics.to_vec();
        wanted.retain(|&ix| self.nodes[ix].flags.linked);
        let added = present
            .iter()
            .filter(|&&ix| !self.nodes[ix].flags.is_static);
        wanted.extend(added);
        if wanted == present {
            return;
        }
        for &ix in &present {
            self.nodes.unlink(ix);
        }
        for ix in wanted {
            self.nodes.link(ix);
        }
    }
}

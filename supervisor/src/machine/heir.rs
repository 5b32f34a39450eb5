//! Who stands, or is to stand, at a path that another still holds, or has just left (I1).

use super::Machine;
use super::node::{Body, Cause, Down, Ix, Mail, Phase, Wish};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;
use crate::id::path;

impl Machine {
    /// A stuck child that had taken the path of this one leaves the list; its fence stays.
    pub(super) fn orphan_holder(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent;
        let holder = self.index.find(&self.nodes[ix].path, &self.nodes);
        let Some(holder) =
            holder.filter(|&holder| holder != ix && self.nodes[holder].parent == sup)
        else {
            return;
        };
        self.unlink_dependencies(holder);
        self.nodes.unlink(holder);
        let significant = self.nodes[holder].policy.significant;
        let state = self.nodes.sup_mut(sup);
        state.busy -= 1;
        state.busy_significant -= u32::from(significant);
        self.nodes[holder].parent = Ix::NONE;
    }

    /// The declared child that stands, or is to stand, at a path that another still holds.
    pub(super) fn heir_of(&self, path: &str) -> Option<Ix> {
        let above = path::above(path);
        // Its supervisor may itself stand where another still is.
        let found = [self.index.find(above, &self.nodes), self.declared(above)];
        let mut statics = found
            .into_iter()
            .flatten()
            .filter_map(|sup| self.nodes[sup].sup())
            .flat_map(|sup| sup.statics.iter().copied());
        // One whose supervisor has left the tree would hold the path against whoever stands there.
        statics.find(|&ix| *self.nodes[ix].path == *path && self.is_in_the_tree(ix))
    }

    /// A path is free again: a static child that has waited for that takes it, and starts.
    pub(super) fn hand_over_path(&mut self, former: Ix) {
        let former = &self.nodes[former];
        let (path, starts, reported) = (&former.path, former.starts, former.flags.reported);
        let Some(heir) = self.heir_of(path) else {
            return;
        };
        self.index.insert(heir, &self.nodes);
        let node = &mut self.nodes[heir];
        node.starts = node.starts.max(starts);
        // A report tells of a path once, and of what ran there.
        node.flags.reported |= reported;
        self.adopt_mirror(heir);
        self.publish(heir);
        let node = &self.nodes[heir];
        let (sup, fresh) = (node.parent, node.phase == Phase::Down(Down::Fresh));
        let starts = fresh || matches!(node.wish, Wish::Start(_));
        self.emit(heir, EventKind::Added);
        self.tell_below(heir);
        let node = &self.nodes[heir];
        if starts && node.operation == Operation::Active && !self.comes_down(sup) {
            self.nodes[heir].wish = Wish::Start(Cause::Alone);
            self.mail(sup, Mail::Start(self.nodes.id(heir)));
        }
    }

    /// A child that had been removed takes its path back, and everything below it with it (I2).
    pub(super) fn reclaim(&mut self, ix: Ix) -> Vec<Ix> {
        let (mut coming, mut returned) = (vec![ix], Vec::new());
        while let Some(ix) = coming.pop() {
            returned.push(ix);
            let seen = self.fences.recall(&self.nodes[ix].path);
            let node = &mut self.nodes[ix];
            node.flags.ready = false;
            node.starts = node.starts.max(seen);
            let down = match &self.nodes[ix].body {
                Body::Declared => Down::Declared,
                Body::Worker => Down::Fresh,
                Body::Supervisor(sup) => {
                    // Those that have left come back when this one starts.
                    let statics = sup.statics.iter();
                    coming.extend(statics.filter(|&&ix| self.nodes[ix].flags.linked));
                    Down::Fresh
                }
            };
            if self.nodes[ix].phase == Phase::Down(Down::Removed) {
                self.nodes[ix].phase = Phase::Down(down);
            }
            self.take_path(ix);
            self.publish(ix);
        }
        returned
    }

    /// Whether a removed child of the same path still occupies it (I1).
    #[inline]
    pub(super) fn is_fenced_by_another(&self, ix: Ix) -> bool {
        // Only what could not be ended is left behind alive, and most trees never see that.
        self.stuck > 0 && self.is_path_of_another(ix)
    }

    pub(super) fn is_path_of_another(&self, ix: Ix) -> bool {
        let holder = self.index.find(&self.nodes[ix].path, &self.nodes);
        holder.is_some_and(|holder| holder != ix && self.nodes[holder].phase.is_live())
    }
}

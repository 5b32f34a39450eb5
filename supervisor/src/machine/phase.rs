//! What changes with the phase of a child: counts, deadlines, and what others see of it.

use super::Machine;
use super::missing::Missing;
use super::node::{Down, Ix, Phase};

impl Machine {
    /// Changes the phase of a child, and the counts of its supervisor with it.
    pub(super) fn set_phase(&mut self, ix: Ix, phase: Phase) {
        let ready = self.nodes[ix].flags.ready;
        self.set_phase_and_ready(ix, phase, ready);
    }

    /// The same, and whether the child counts as ready: whom that concerns is not told.
    #[allow(
        clippy::inline_always,
        reason = "where the phase is known, most of it is known not to be needed"
    )]
    #[inline(always)]
    pub(super) fn set_phase_and_ready(&mut self, ix: Ix, phase: Phase, ready: bool) {
        let node = &mut self.nodes[ix];
        let missing = node.missing(node.phase);
        let (before, parent) = (std::mem::replace(&mut node.phase, phase), node.parent);
        let was_ready = std::mem::replace(&mut node.flags.ready, ready);
        node.correlation = self.context;
        let (was_live, is_live) = (before.is_live(), phase.is_live());
        if !(was_live && is_live) {
            node.since = self.now;
        }
        match (was_live, is_live) {
            (false, true) => self.live += 1,
            (true, false) => self.live -= 1,
            _ => {}
        }
        match (
            matches!(before, Phase::Stuck(_)),
            matches!(phase, Phase::Stuck(_)),
        ) {
            (false, true) => self.stuck += 1,
            (true, false) => self.stuck -= 1,
            _ => {}
        }
        // Only a group that stops before it starts keeps what was decided on its culprit.
        if matches!(phase, Phase::Down(down) if down != Down::Group) {
            node.next_reason = None;
        }
        if node.heap_place != Ix::NONE.0 {
            self.deadlines.clear(&mut self.nodes, ix);
        }
        let node = &self.nodes[ix];
        if parent == Ix::NONE {
            return;
        }
        if !(was_ready && ready) && node.flags.linked {
            self.misses(parent, missing, node.missing(phase));
        }
        if before.is_down() != phase.is_down() {
            let significant = u32::from(self.nodes[ix].policy.significant);
            let sup = self.nodes.sup_mut(parent);
            if phase.is_down() {
                sup.busy -= 1;
                sup.busy_significant -= significant;
            } else {
                sup.busy += 1;
                sup.busy_significant += significant;
            }
        }
        self.publish(ix);
    }

    /// A child that is not ready counts otherwise from now on.
    #[inline]
    pub(super) fn misses(&mut self, sup: Ix, before: Missing, now: Missing) {
        let state = self.nodes.sup_mut(sup);
        state.missing.add(now);
        state.missing.sub(before);
        if now.settled > before.settled || now.optional < before.optional {
            // It may be the last one that its supervisor waits for.
            self.schedule(sup);
        }
    }
}

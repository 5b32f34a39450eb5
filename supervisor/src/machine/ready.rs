//! Who is ready: a child, its supervisor, the tree.

use std::sync::Arc;

use super::Machine;
use super::node::{Down, FirstStartState, Ix, Mail, NodeId, Phase};
use crate::event::kind::EventKind;
use crate::spec::policy::Readiness;

/// A child that is not ready.
#[derive(Debug)]
pub(crate) struct Unready {
    ix: Ix,
    parent: Ix,
    order: u64,
    path: Arc<str>,
    critical: bool,
}

impl Unready {
    /// Those that keep the tree from being ready, in the order of the tree; of a supervisor, what
    /// keeps it.
    pub(crate) fn missing(mut all: Vec<Self>) -> Vec<Arc<str>> {
        all.retain(|unready| unready.critical);
        all.sort_by_key(|unready| (unready.parent.0, unready.order));
        let family = |sup: Ix| {
            let begin = all.partition_point(|unready| unready.parent.0 < sup.0);
            let end = all.partition_point(|unready| unready.parent.0 <= sup.0);
            all[begin..end].iter()
        };
        let (mut missing, mut open) = (Vec::new(), vec![family(Ix::ROOT)]);
        while let Some(children) = open.last_mut() {
            match children.next() {
                None => drop(open.pop()),
                Some(unready) if family(unready.ix).len() > 0 => {
                    open.push(family(unready.ix));
                }
                Some(unready) => missing.push(Arc::clone(&unready.path)),
            }
        }
        missing
    }
}

impl Machine {
    /// Copies who is not ready at some places of the arena; answers where to go on.
    pub(crate) fn copy_unready(
        &self,
        from: usize,
        max: usize,
        into: &mut Vec<Unready>,
    ) -> Option<usize> {
        let (places, next) = self.chunk(from, max);
        for ix in places {
            let node = &self.nodes[ix];
            if node.flags.linked && !node.flags.ready {
                into.push(Unready {
                    ix,
                    parent: node.parent,
                    order: node.order,
                    path: Arc::clone(&node.path),
                    critical: node.policy.critical,
                });
            }
        }
        next
    }

    /// Critical children that keep the tree from being ready, in one go.
    pub(super) fn not_ready(&self) -> Vec<Arc<str>> {
        let mut unready = Vec::new();
        self.copy_unready(0, usize::MAX, &mut unready);
        Unready::missing(unready)
    }

    /// An attempt says that it is ready (I2).
    pub(super) fn reported_ready(&mut self, id: NodeId, generation: u64) {
        let Some(ix) = self.nodes.find(id) else {
            return self.stale(None);
        };
        let node = &self.nodes[ix];
        if node.generation() != Some(generation) {
            return self.stale(Some(ix));
        }
        // Said twice, or while it is being stopped: nothing follows.
        if matches!(node.phase, Phase::Starting(_)) && node.policy.readiness == Readiness::Explicit
        {
            self.resume_context(ix);
            self.start_completed(ix);
        }
    }

    /// The child counts as ready from now on, which an event says.
    pub(super) fn becomes_ready(&mut self, ix: Ix, told: Option<EventKind>) {
        let node = &mut self.nodes[ix];
        let missing = node.missing(node.phase);
        let was_ready = std::mem::replace(&mut node.flags.ready, true);
        let (sup, linked) = (node.parent, node.flags.linked);
        if let Some(kind) = told {
            self.emit(ix, kind);
        }
        if was_ready {
            return;
        }
        self.publish(ix);
        if linked {
            self.nodes.sup_mut(sup).missing.sub(missing);
        }
        self.spread_ready(ix);
    }

    /// What follows for others when a child has become ready.
    pub(super) fn spread_ready(&mut self, ix: Ix) {
        let Some(sup) = self.nodes[ix].parent.some() else {
            return;
        };
        if let Some(links) = &self.nodes[ix].links {
            let waits = |&&on: &&Ix| matches!(self.nodes[on].phase, Phase::Waiting(_));
            let waiting: Vec<Ix> = links.before.iter().filter(waits).copied().collect();
            for dependent in waiting {
                let start = Mail::Start(self.nodes.id(dependent));
                self.mail(sup, start);
            }
        }
        if self.nodes[ix].flags.linked {
            self.check_ready(sup);
        }
    }

    /// The child does not count as ready any more; nor does a supervisor that needs it. The event
    /// of the child itself is what has brought that about.
    #[inline]
    pub(super) fn becomes_unready(&mut self, ix: Ix) {
        if !self.nodes[ix].flags.ready {
            return;
        }
        if let Some(sup) = self.stops_being_ready(ix) {
            self.spread_unready(sup);
        }
    }

    /// The child is down, and does not count as ready any more; nor does a supervisor that needs it.
    pub(super) fn goes_down(&mut self, ix: Ix, down: Down) {
        let node = &self.nodes[ix];
        let was_needed = node.flags.ready && node.flags.linked && node.policy.critical;
        let sup = node.parent;
        self.set_phase_and_ready(ix, Phase::Down(down), false);
        if was_needed && sup != Ix::NONE {
            self.spread_unready(sup);
        }
    }

    /// A supervisor does not count as ready any more; nor does one that needs it.
    pub(super) fn spread_unready(&mut self, sup: Ix) {
        let mut next = Some(sup);
        while let Some(sup) = next {
            if !self.nodes[sup].flags.ready {
                return;
            }
            next = self.stops_being_ready(sup);
            self.emit(sup, EventKind::Unready);
        }
    }

    /// Answers the supervisor that needs the child, if it was ready.
    fn stops_being_ready(&mut self, ix: Ix) -> Option<Ix> {
        {
            let node = &mut self.nodes[ix];
            if !std::mem::replace(&mut node.flags.ready, false) {
                return None;
            }
            let (sup, linked) = (node.parent, node.flags.linked);
            let missing = node.missing(node.phase);
            self.publish(ix);
            if !linked {
                return None;
            }
            self.nodes.sup_mut(sup).missing.add(missing);
            (missing.unready > 0).then_some(sup)
        }
    }

    /// A supervisor is up when its first start is through and no critical child is on its way; it
    /// is ready when all of them are.
    pub(super) fn check_ready(&mut self, sup: Ix) {
        let state = self.nodes.sup(sup);
        if state.first_start != FirstStartState::Done || self.comes_down(sup) {
            return;
        }
        match self.nodes[sup].phase {
            // Where a start runs its course, as in OTP, that is all.
            Phase::Starting(_)
                if self.waits(sup)
                    || state.missing.is_settled(self.is_serial(sup))
                        && !self.is_to_start_more(sup) =>
            {
                self.start_completed(sup);
            }
            Phase::Running if state.missing.unready == 0 && !self.nodes[sup].flags.ready => {
                self.becomes_ready(sup, Some(EventKind::Ready));
            }
            _ => {}
        }
    }

    /// Whether critical children that are down are about to start: with their group, or alone.
    pub(super) fn is_to_start_more(&self, sup: Ix) -> bool {
        let state = self.nodes.sup(sup);
        let alone = |mail: &Mail| match mail {
            Mail::Start(id) => {
                let ix = self.nodes.find(*id);
                // A critical one may be waiting for another.
                let counts = |ix| state.missing.waiting > 0 || self.nodes[ix].policy.critical;
                ix.is_some_and(counts)
            }
            Mail::Rest(_) => true,
            _ => false,
        };
        state.op.is_about_a_group() || state.missing.delayed > 0 || state.mails().any(alone)
    }
}

//! Who may be added to a running supervisor, and how it comes to be there.

use std::sync::Arc;

use super::answer::{Refusal, Start};
use super::input::Token;
use super::node::{Body, Cause, Down, Ix, Phase};
use super::plant::Comes;
use super::{Machine, mirror};
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::kind::EventKind;
use crate::id::path;
use crate::spec::error::SpecProblem;
use crate::spec::plan::{Deadline, Planned, PlannedBody, significance};
use crate::spec::policy::{AddPolicy, FirstStart, Pool, WhileStarting};

impl Machine {
    /// Adds a child and starts it (R33).
    pub(super) fn add(
        &mut self,
        sup: Ix,
        token: Token,
        planned: Planned,
        mirror: Option<&mirror::Place>,
    ) {
        if let Err(refusal) = self.may_add(sup, &planned) {
            self.discard(planned);
            return self.answer(token, Err(refusal));
        }
        let after = match self.resolve_siblings(sup, &planned) {
            Ok(after) => after,
            Err(refusal) => {
                self.discard(planned);
                return self.answer(token, Err(refusal));
            }
        };
        let places = self.plant(sup, planned.nodes, Comes::Added);
        let ix = places[0];
        self.link_dependencies(ix, after);
        for &ix in &places {
            self.emit(ix, EventKind::Added);
            self.apply_intent(ix);
        }
        // A critical child that is not ready yet makes its supervisor unready.
        if self.nodes[ix].policy.critical {
            self.spread_unready(sup);
        }
        if let (Some(place), Some(mirror)) = (mirror, self.mirror(self.nodes.id(ix))) {
            // Asked for once; it stands there already if not.
            let _ = place.set(mirror);
        }
        let declared = matches!(self.nodes[ix].body, Body::Declared);
        if declared || self.nodes[ix].operation != Operation::Active {
            let answer = self.answer_of_start(ix, Start::Completed, Operation::Active);
            return self.answer(token, Ok(answer));
        }
        self.answer_when_settled(token, ix);
        self.start_one(sup, ix, Cause::Add);
    }

    fn may_add(&self, sup: Ix, planned: &Planned) -> Result<(), Refusal> {
        // A stop that waits for its turn does not wait for a start without a bound (I8).
        let asked = matches!(self.nodes[sup].phase, Phase::Stopping(_));
        if !self.may_start_children(sup) || (asked && planned.may_be_held_up()) {
            return Err(Refusal::ShuttingDown);
        }
        let state = self.nodes.sup(sup);
        let child = &planned.nodes[0];
        if self.is_reserved(&child.path) {
            return Err(Refusal::AlreadyPresent(Phase::Down(Down::Declared)));
        }
        significance(&child.policy, state.policy.auto_shutdown, &child.path)
            .map_err(Refusal::Invalid)?;
        if let (Some(longest), Some(deadline)) = (&planned.longest, self.deadline_of(sup)) {
            longest.fits(&deadline).map_err(Refusal::Invalid)?;
        }
        if let Some(taken) = self.standing_at(&child.path) {
            match self.nodes[taken].phase {
                phase if !self.is_in_the_tree(taken) => {
                    // It has left, or what it stands below has.
                    if phase.is_live() {
                        return Err(Refusal::Fenced);
                    }
                }
                phase @ (Phase::Starting(_) | Phase::Running) => {
                    return Err(Refusal::AlreadyStarted(phase));
                }
                phase => return Err(Refusal::AlreadyPresent(phase)),
            }
        }
        self.may_take_paths(sup, planned)
    }

    /// The shortest of the deadlines that hold for a child of `sup`.
    fn deadline_of(&self, sup: Ix) -> Option<Deadline> {
        let mut shortest: Option<Deadline> = None;
        let mut above = Some(sup);
        while let Some(ix) = above {
            if let Some(within) = self.nodes.sup(ix).policy.shutdown_within {
                if shortest
                    .as_ref()
                    .is_none_or(|shortest| within < shortest.within)
                {
                    let supervisor = Arc::clone(&self.nodes[ix].path);
                    shortest = Some(Deadline { supervisor, within });
                }
            }
            above = self.nodes[ix].parent.some();
        }
        shortest
    }

    /// Whatever is stuck below a supervisor that has been removed keeps its path (I1).
    fn may_take_paths(&self, sup: Ix, planned: &Planned) -> Result<(), Refusal> {
        for below in &planned.nodes[1..] {
            let holder = self.index.find(&below.path, &self.nodes);
            if holder.is_some_and(|holder| self.nodes[holder].phase.is_live()) {
                return Err(Refusal::Fenced);
            }
        }
        self.has_room(sup)
    }

    fn has_room(&self, sup: Ix) -> Result<(), Refusal> {
        let state = self.nodes.sup(sup);
        let limit = match state.policy.pool {
            Pool::Limited(limit) => Some(limit),
            Pool::Unlimited => None,
            Pool::Off if state.policy.add == AddPolicy::No => {
                return Err(Refusal::AddingNotAllowed);
            }
            Pool::Off => state.policy.max_children,
        };
        match limit {
            Some(limit) if state.count >= limit => Err(Refusal::LimitReached(limit)),
            _ => Ok(()),
        }
    }

    fn resolve_siblings(&self, sup: Ix, planned: &Planned) -> Result<Vec<Ix>, Refusal> {
        let parent = &self.nodes[sup].path;
        let mut after = Vec::with_capacity(planned.after.len());
        for name in &planned.after {
            let path = path::join(parent, &name.value);
            let found = self.standing_at(&path);
            match found.filter(|&ix| self.nodes[ix].flags.linked) {
                Some(ix) => after.push(ix),
                None => {
                    return Err(Refusal::Invalid(SpecProblem::UnknownSibling {
                        child: planned.nodes[0].path.to_string(),
                        after: name.to_string(),
                        did_you_mean: None,
                    }));
                }
            }
        }
        Ok(after)
    }
}

impl Planned {
    /// Whether its start has no bound, as in [`Machine::may_be_held_up`].
    fn may_be_held_up(&self) -> bool {
        self.nodes.iter().any(|node| match &node.body {
            PlannedBody::Supervisor(policy) => {
                policy.first_start == FirstStart::Retry
                    || policy.while_starting != WhileStarting::Wait
            }
            PlannedBody::Declared | PlannedBody::Worker(_) => false,
        })
    }
}

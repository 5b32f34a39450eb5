//! What would follow from a failure, tried on a copy of the tree where everybody else behaves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Machine;
use super::input::{Action, Exit, Input};
use super::node::{Ix, NodeId, Phase};
use super::walk::End;
use crate::event::end::KeptEnd;
use crate::event::exit::ExitKind;
use crate::event::explanation::{Explanation, Limit, SpentAlone, Step, StepKind};
use crate::event::failure::{Failure, Why};
use crate::event::kind::{Budget, Event, EventKind};
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::policy::Readiness;

/// Actions that are carried out before a story is cut off: it would go on for ever where a child
/// that is started again lets another one fail.
const ENOUGH: usize = 1_000_000;
/// Restarts that are counted to find out whether a child spends its budget alone.
const LONGEST: u32 = 1_000_000;

/// A copy of a tree, and the child that is to fail in it.
pub(crate) struct Rehearsal {
    machine: Machine,
    child: NodeId,
}

impl Rehearsal {
    pub(crate) const fn new(copy: Machine, child: NodeId) -> Self {
        Self {
            machine: copy,
            child,
        }
    }

    /// What would follow; none if the child has gone.
    pub(crate) fn explain(self) -> Option<Explanation> {
        let Self { machine, child } = self;
        let ix = machine.nodes.find(child)?;
        let mut explanation = Explanation {
            path: Arc::clone(&machine.nodes[ix].path),
            as_of_seq: machine.journal.seq(),
            state: machine.nodes[ix].phase.public(),
            budgets: machine.limits(ix),
            steps: Vec::new(),
            when_spent: Vec::new(),
            spends_alone: machine.spends_alone(ix),
        };
        let mut spent = machine.copy();
        explanation.steps = play(machine, ix);
        let over = |step: &Step| {
            matches!(
                step.what,
                StepKind::GivesUp | StepKind::IsQuarantined(_) | StepKind::Finishes
            )
        };
        let goes_on = !explanation.steps.is_empty() && !explanation.steps.iter().any(over);
        if goes_on && spent.spend(ix) {
            explanation.when_spent = play(spent, ix);
        }
        Some(explanation)
    }
}

/// Lets the child fail, and everybody else behave.
fn play(mut machine: Machine, ix: Ix) -> Vec<Step> {
    let story = machine.journal.seq() + 1;
    let on_the_way = machine.on_the_way();
    if !machine.fail(ix) {
        return Vec::new();
    }
    machine.settle();
    for id in on_the_way {
        machine.go_on(id);
    }
    let mut carried_out = 0;
    loop {
        machine.settle();
        if let Some(action) = machine.poll_action() {
            machine.carry_out(&action);
            carried_out += 1;
        } else if !machine.jump_for(story) {
            break;
        }
        if carried_out > ENOUGH {
            break;
        }
    }
    let mut events = Vec::new();
    machine.journal.read(story - 1, usize::MAX, &mut events);
    let of_story = events.iter().filter(|event| event.correlation == story);
    of_story
        .filter_map(|event| machine.step_of(event))
        .collect()
}

impl Machine {
    pub(super) fn copy(&self) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len());
        self.copy_nodes(0, usize::MAX, &mut nodes);
        self.copy_with(nodes)
    }

    /// The child fails; false if it does not run.
    fn fail(&mut self, ix: Ix) -> bool {
        let node = &self.nodes[ix];
        let starting = matches!(node.phase, Phase::Starting(_));
        if !starting && node.phase != Phase::Running {
            return false;
        }
        if node.sup().is_some() {
            if self.comes_down(ix) {
                return false;
            }
            let failure = Failure::of_rehearsal(&node.path, Why::Intensity(self.limit(ix)));
            self.begin_context();
            self.stop_children(ix, End::GaveUp(Arc::new(failure)));
            return true;
        }
        let kind = ExitKind::Failed("it fails".into());
        self.end(ix, kind);
        true
    }

    /// The attempt of a worker ends.
    fn end(&mut self, ix: Ix, kind: ExitKind) {
        let node = &self.nodes[ix];
        let Some(generation) = node.generation() else {
            return;
        };
        let exit = Exit {
            class: kind.class(),
            end: KeptEnd::of(kind, generation, node.attempt),
        };
        let id = self.nodes.id(ix);
        self.handle(self.now, Input::Exited(id, generation, exit));
    }

    fn settle(&mut self) {
        while self.has_more() {
            self.resume();
        }
        // What this owns of users is dropped without the lock, as the whole copy is.
        self.swap_trash(&mut super::Trash::default());
    }

    /// Whoever starts or stops now.
    fn on_the_way(&self) -> Vec<NodeId> {
        let places = (0..self.nodes.len()).map(super::index_of);
        let moves = |ix: &Ix| {
            let node = &self.nodes[*ix];
            let moves = matches!(
                node.phase,
                Phase::Starting(_) | Phase::Stopping(_) | Phase::Aborting(_)
            );
            moves && node.sup().is_none()
        };
        places.filter(moves).map(|ix| self.nodes.id(ix)).collect()
    }

    /// Whoever is on the way gets there.
    fn go_on(&mut self, id: NodeId) {
        let Some(ix) = self.nodes.find(id) else {
            return;
        };
        match self.nodes[ix].phase {
            Phase::Starting(_) => self.carry_out(&Action::Start(ix)),
            Phase::Stopping(_) => self.carry_out(&Action::Stop(ix)),
            Phase::Aborting(_) => self.carry_out(&Action::Abort(ix)),
            _ => {}
        }
    }

    /// What the shell, and a child that behaves, would do.
    fn carry_out(&mut self, action: &Action) {
        match *action {
            Action::Start(ix) => {
                let (node, id) = (&self.nodes[ix], self.nodes.id(ix));
                match node.policy.readiness {
                    Readiness::Completed => self.end(ix, ExitKind::Succeeded),
                    Readiness::Explicit => {
                        let generation = node.generation().unwrap_or(0);
                        self.handle(self.now, Input::Ready(id, generation));
                    }
                    Readiness::Immediate => {}
                }
            }
            Action::Stop(ix) => self.end(ix, ExitKind::Cancelled),
            Action::Abort(ix) => self.end(ix, ExitKind::Aborted),
            Action::Overdue(ix) => self.overdue(ix),
            Action::Release(ix) => {
                let id = self.nodes.id(ix);
                self.handle(self.now, Input::Released(id));
            }
            Action::Admit(..) | Action::Answer(..) | Action::Sample(_) | Action::Watch(_) => {}
        }
    }

    /// Lets time pass until something of the story is due; false if nothing is.
    fn jump_for(&mut self, story: u64) -> bool {
        if !self.is_delayed(story) {
            return false;
        }
        let Some(next) = self.next_deadline() else {
            return false;
        };
        self.handle(self.now.max(next), Input::Tick);
        true
    }

    /// Whether a back-off of the story is not over.
    pub(super) fn is_delayed(&self, story: u64) -> bool {
        self.deadlines.all().any(|ix| {
            let node = &self.nodes[ix];
            node.correlation == story && matches!(node.phase, Phase::Backoff(_))
        })
    }

    pub(super) fn step_of(&self, event: &Event) -> Option<Step> {
        let what = match &event.kind {
            EventKind::Aborting => StepKind::Drops,
            EventKind::Finished => StepKind::Finishes,
            EventKind::GaveUp(_) => StepKind::GivesUp,
            EventKind::Quarantined(why) => StepKind::IsQuarantined(*why),
            EventKind::Removed => StepKind::IsRemoved,
            EventKind::Restarting { .. } => {
                let to = self.ceiling_of(event);
                StepKind::Restarts { from: to / 2, to }
            }
            EventKind::Shutdown(ShutdownPhase::RequestStop) => StepKind::ShutsDown,
            EventKind::Started => StepKind::Starts,
            EventKind::Stopping => StepKind::Stops,
            EventKind::SupervisorEnded(_) => StepKind::Ends,
            EventKind::Waiting => StepKind::Waits,
            _ => return None,
        };
        Some(Step {
            path: Arc::clone(&event.path),
            what,
        })
    }

    fn ceiling_of(&self, event: &Event) -> Duration {
        let ix = self.index.find(&event.path, &self.nodes);
        ix.map_or(Duration::ZERO, |ix| {
            self.nodes[ix].policy.backoff.ceiling(event.attempt)
        })
    }

    /// What limits the restarts of a child, and of the supervisors above it.
    fn limits(&self, ix: Ix) -> Vec<Limit> {
        let (mut limits, mut at) = (Vec::new(), ix);
        while let Some(sup) = self.nodes[at].parent.some() {
            let (budget, _) = self.budget(at);
            let whose = match budget {
                Budget::Fuse => at,
                Budget::Intensity => sup,
            };
            limits.push(Limit {
                path: Arc::clone(&self.nodes[whose].path),
                budget,
                left: self.budget_snapshot(at),
            });
            at = sup;
        }
        limits
    }

    /// Uses the child's budget up, so that its next restart is one too many; false where that
    /// cannot be.
    pub(super) fn spend(&mut self, ix: Ix) -> bool {
        let (budget, limit) = self.budget(ix);
        if limit.restarts == u32::MAX {
            return false;
        }
        let (now, counted) = (self.now, self.counted(ix));
        let sup = self.nodes[ix].parent;
        let window = match budget {
            Budget::Fuse => self.nodes[ix].fuse.get_or_insert_default(),
            Budget::Intensity => &mut self.nodes.sup_mut(sup).window,
        };
        window.spend(now, limit, counted);
        true
    }

    /// When the child spends its budget alone, if its back-off lets it.
    fn spends_alone(&self, ix: Ix) -> Option<SpentAlone> {
        self.nodes[ix].parent.some()?;
        let (_, limit) = self.budget(ix);
        let node = &self.nodes[ix];
        let healthy = self.now.since(node.ready_since) >= node.policy.backoff_reset;
        let mut attempt = if healthy { 1 } else { node.attempt.max(1) };
        // Restarts within the window, when each is decided.
        let (mut at, mut recent) = (Duration::ZERO, VecDeque::new());
        // After as many, back-off is at its longest, and the window as full as it becomes.
        let enough = limit.restarts.saturating_add(64).min(LONGEST);
        for restarts in 1..=enough {
            while recent
                .front()
                .is_some_and(|first| at.saturating_sub(*first) >= limit.window)
            {
                recent.pop_front();
            }
            recent.push_back(at);
            if recent.len() > limit.restarts as usize {
                return Some(SpentAlone {
                    restarts,
                    after: at,
                });
            }
            at = at.saturating_add(node.policy.backoff.ceiling(attempt) / 2);
            attempt = attempt.saturating_add(1);
        }
        None
    }
}

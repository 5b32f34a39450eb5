//! What must hold whenever the machine rests: whatever is stored is computed anew and compared, and
//! whoever waits must have something to wait for. For tests only.

use super::Machine;
use super::missing::Missing;
use super::node::{
    Down, Ending, FirstStartState, Ix, Mail, Node, OfAttempt, Phase, Retry, Sup, Wish,
};
use super::time::Nanos;
use super::walk::{Manner, Op, Scope, Then};
use super::{TreePhase, index_of};
use crate::spec::plan::StopPolicy;
use crate::spec::policy::Shutdown;

impl Machine {
    /// Panics when something does not hold.
    pub(crate) fn check(&self) {
        assert!(
            !self.has_more() && self.actions.is_empty(),
            "it does not rest"
        );
        let places = || (0..self.nodes.len()).map(index_of);
        let live = places().filter(|&ix| self.nodes[ix].phase.is_live());
        assert_eq!(live.count(), self.live, "live attempts");
        let stuck = places().filter(|&ix| matches!(self.nodes[ix].phase, Phase::Stuck(_)));
        assert_eq!(stuck.count(), self.stuck, "stuck attempts");
        let driven = places().filter(|&ix| self.nodes[ix].flags.driven);
        assert_eq!(driven.count(), self.driven, "nodes with a task");
        assert!(self.trash.is_empty(), "what is put away has been taken");
        self.deadlines.check(&self.nodes);
        for ix in self.index.places() {
            assert!(!self.nodes.is_free(ix), "a path leads nowhere");
            let found = self.index.find(&self.nodes[ix].path, &self.nodes);
            assert_eq!(found, Some(ix), "`{}` is there twice", self.nodes[ix].path);
        }
        for ix in self.answers.waiting() {
            self.check_answer(ix);
        }
        for ix in places().filter(|&ix| !self.nodes.is_free(ix)) {
            self.check_node(ix);
            self.check_links(ix);
            if let Some(sup) = self.nodes[ix].sup() {
                self.check_list(ix, sup);
                self.check_counts(ix, sup);
                self.check_operation(ix, sup);
            }
        }
        self.check_tree();
    }

    /// Workers with an attempt that has not ended.
    pub(super) fn live_workers(&self) -> usize {
        let nodes = (0..self.nodes.len()).map(|place| &self.nodes[index_of(place)]);
        nodes
            .filter(|node| node.sup().is_none() && node.phase.is_live())
            .count()
    }

    pub(super) fn children_of(&self, sup: &Sup) -> impl Iterator<Item = (Ix, &Node)> {
        let node = |ix: Ix| ix.some().map(|ix| (ix, &self.nodes[ix]));
        std::iter::successors(node(sup.first), move |(_, child)| node(child.next))
    }

    fn check_tree(&self) {
        let root = &self.nodes[Ix::ROOT];
        let down = matches!(self.nodes.sup(Ix::ROOT).op, Op::Down);
        match self.phase {
            TreePhase::Idle => assert!(down),
            TreePhase::Ended(_) => assert!(down && root.phase.is_down(), "{:?}", root.phase),
            TreePhase::Closing => assert!(self.comes_down(Ix::ROOT), "it closes and stays up"),
            TreePhase::Starting | TreePhase::Up => assert!(!self.comes_down(Ix::ROOT)),
        }
    }

    fn check_list(&self, ix: Ix, sup: &Sup) {
        let path = &self.nodes[ix].path;
        let (mut before, mut count) = (Ix::NONE, 0);
        for (child, node) in self.children_of(sup) {
            assert!(node.flags.linked && !self.nodes.is_free(child), "`{path}`");
            assert_eq!(node.parent, ix, "the parent of `{}`", node.path);
            assert_eq!(node.prev, before, "who is before `{}`", node.path);
            let order = before.some().map(|before| self.nodes[before].order);
            assert!(order < Some(node.order), "the order of `{}`", node.path);
            (before, count) = (child, count + 1);
        }
        assert_eq!(sup.last, before, "the last of `{path}`");
        assert_eq!(sup.count, count, "how many children `{path}` has");
        if !sup.incomplete {
            let linked = |&ix: &Ix| self.nodes[ix].flags.linked;
            assert!(sup.statics.iter().all(linked), "`{path}` misses one");
        }
    }

    fn check_counts(&self, ix: Ix, sup: &Sup) {
        let path = &self.nodes[ix].path;
        let count = |of: &dyn Fn(&Node) -> bool| {
            let children = self.children_of(sup).filter(|(_, node)| of(node));
            u32::try_from(children.count()).expect("few")
        };
        let busy = |node: &Node| !node.phase.is_down();
        assert_eq!(sup.busy, count(&busy), "busy below `{path}`");
        assert_eq!(
            sup.busy_significant,
            count(&|node| busy(node) && node.policy.significant),
            "busy and significant below `{path}`"
        );
        let mut missing = Missing::default();
        for (_, node) in self.children_of(sup) {
            missing.add(node.missing(node.phase));
        }
        assert_eq!(sup.missing, missing, "not ready below `{path}`");
        assert_eq!(
            sup.awaited,
            count(&|node| node.flags.awaited),
            "awaited by `{path}`"
        );
    }

    /// Everything in the arena belongs somewhere (I11), and what is linked is found by its path.
    fn check_node(&self, ix: Ix) {
        let node = &self.nodes[ix];
        let path = &node.path;
        let has_parent = || {
            let parent = node.parent.some().filter(|&sup| !self.nodes.is_free(sup));
            parent.and_then(|sup| self.nodes[sup].sup())
        };
        if node.flags.linked {
            let sup = has_parent().expect("a supervisor has it in its list");
            // Below a supervisor that has left, a path waits until that comes back.
            if self.is_in_the_tree(ix) {
                let found = self.index.find(path, &self.nodes);
                let fenced = self.is_path_of_another(ix);
                assert_eq!(fenced, self.is_fenced_by_another(ix), "`{path}`");
                assert!(found == Some(ix) || fenced, "`{path}` is not found");
            }
            let listed = self.children_of(sup).any(|(child, _)| child == ix);
            assert!(listed, "`{path}` is not in the list");
            self.check_progress(ix, node, sup);
            self.check_ready_flag(ix, node);
            return;
        }
        assert!(!node.flags.awaited, "`{path}` has left and is awaited");
        let kept = has_parent().is_some_and(|sup| sup.statics.contains(&ix));
        assert!(
            ix == Ix::ROOT || kept || node.flags.driven || node.phase.is_live(),
            "`{path}` is left over: {:?}",
            node.phase
        );
        assert!(
            ix == Ix::ROOT || matches!(node.phase, Phase::Down(Down::Removed) | Phase::Stuck(_)),
            "`{path}` has left and is {:?}",
            node.phase
        );
    }

    /// Whoever is after another is known to it, and nobody else is.
    fn check_links(&self, ix: Ix) {
        let node = &self.nodes[ix];
        let links = |ix: Ix| self.nodes[ix].links.as_deref();
        let Some(own) = links(ix) else {
            return;
        };
        for &on in &own.after {
            let known = links(on).is_some_and(|links| links.before.contains(&ix));
            assert!(known, "`{}` is after one that has gone", node.path);
        }
        for &dependent in &own.before {
            let known = links(dependent).is_some_and(|links| links.after.contains(&ix));
            assert!(known, "one that has gone is after `{}`", node.path);
        }
    }

    /// Readiness, where the phase alone says what it must be.
    fn check_ready_flag(&self, ix: Ix, node: &Node) {
        // One that comes down is not ready again, whoever leaves it.
        if node.sup().is_some() && self.comes_down(ix) && !node.flags.ready {
            return;
        }
        let expected = match node.phase {
            Phase::Running => node.sup().is_none_or(|sup| sup.missing.unready == 0),
            // Ready, unless it is to be started again with its group.
            Phase::Down(Down::Finished | Down::Ignored)
            | Phase::Exited(_)
            | Phase::Stopping(_)
            | Phase::Aborting(_) => return,
            Phase::Down(_)
            | Phase::Waiting(_)
            | Phase::Backoff(_)
            | Phase::Failed(_)
            | Phase::Starting(_)
            | Phase::Stuck(_) => false,
        };
        assert_eq!(
            node.flags.ready, expected,
            "readiness of `{}`, {:?}",
            node.path, node.phase
        );
    }

    /// Work is not lost: who is neither down nor simply runs has something to wait for.
    fn check_progress(&self, ix: Ix, node: &Node, sup: &Sup) {
        let path = &node.path;
        let up = matches!(sup.op, Op::Up);
        // Mail is only worth something while an operation holds it up.
        let has_mail = |of: &dyn Fn(&Mail) -> bool| !up && sup.mails().any(of);
        let is_this = |id: &super::NodeId| self.nodes.find(*id) == Some(ix);
        let last = self.nodes.attempt(ix);
        let goes_down = self.comes_down(node.parent);
        let stops = matches!(sup.op, Op::Stopping { .. });
        let follows = match node.phase {
            Phase::Down(_) => {
                !matches!(node.wish, Wish::Start(_))
                    || goes_down
                    || sup.op.starts(ix, node)
                    || sup.missing.delayed > 0
                    || self.is_fenced_by_another(ix)
                    || has_mail(&|mail| matches!(mail, Mail::Start(id) if is_this(id)))
            }
            Phase::Waiting(_) => {
                let links = node.links.as_deref();
                let ready = |&on: &Ix| self.nodes[on].flags.ready;
                !links.is_none_or(|links| links.after.iter().all(ready))
                    || goes_down
                    || has_mail(&|mail| matches!(mail, Mail::Start(id) if is_this(id)))
                    || !up
            }
            Phase::Backoff(_) => self.deadlines.of(node) != Nanos::NEVER,
            Phase::Failed(retry) => {
                let culprit = matches!(
                    sup.op,
                    Op::Stopping { then: Then::Start { culprit, .. }, .. } if culprit == ix
                );
                let held =
                    retry == Retry::First && (!up || sup.first_start == FirstStartState::Held);
                goes_down || culprit || held || has_mail(&|mail| mail.is_about_start(last))
            }
            Phase::Exited(_) => {
                goes_down || has_mail(&|mail| matches!(mail, Mail::Ended(of, _) if *of == last))
            }
            Phase::Starting(_) if node.sup().is_none() => {
                self.deadlines.of(node) != Nanos::NEVER || node.policy.ready_within.is_zero()
            }
            Phase::Stopping(_) if node.sup().is_none() => {
                self.deadlines.of(node) != Nanos::NEVER
                    || node.policy.stop == StopPolicy::Shutdown(Shutdown::Infinity)
            }
            Phase::Aborting(_) if node.sup().is_none() => self.deadlines.of(node) != Nanos::NEVER,
            Phase::Running => {
                assert!(
                    stops || node.wish == Wish::None,
                    "`{path}` runs although {:?}",
                    node.wish
                );
                let limited = node.policy.timeout.is_some() || node.policy.heartbeat.is_some();
                node.sup().is_some() || limited == (self.deadlines.of(node) != Nanos::NEVER)
            }
            Phase::Stuck(_) => node.sup().is_none(),
            Phase::Starting(_) | Phase::Stopping(_) | Phase::Aborting(_) => true,
        };
        assert!(
            follows,
            "`{path}` is forgotten: {:?}, {:?}",
            node.phase, node.wish
        );
        let group_starts = || {
            let of_group = |phase| {
                let group = Phase::Backoff(Retry::Group);
                phase == group || phase == Phase::Failed(Retry::Group)
            };
            goes_down
                || sup.op.is_about_a_group()
                || has_mail(&|mail| matches!(mail, Mail::Rest(_)))
                || self
                    .children_of(sup)
                    .any(|(_, child)| of_group(child.phase))
        };
        assert!(
            !node.flags.marked || group_starts(),
            "`{path}` keeps a mark"
        );
        assert!(
            !node.is_passed_by() || group_starts(),
            "`{path}` is to stay down, and no group starts"
        );
    }

    /// The supervisor of this child does what its phase says, and waits for somebody.
    fn check_operation(&self, ix: Ix, sup: &Sup) {
        let node = &self.nodes[ix];
        let path = &node.path;
        if sup.first_start == FirstStartState::Held && matches!(sup.op, Op::Up) {
            let mut children = self.children_of(sup);
            let tried = children.any(|(_, child)| child.phase == Phase::Backoff(Retry::First));
            assert!(
                tried || self.is_to_start_more(ix),
                "the first start of `{path}` is held up by nobody"
            );
        }
        let unsettled = || !sup.missing.is_settled(self.is_serial(ix));
        let waits_for_stop = sup.mails().any(|mail| matches!(mail, Mail::Stop));
        let fits = match (node.phase, &sup.op) {
            (Phase::Starting(_), Op::Up) if !self.waits(ix) => {
                sup.first_start == FirstStartState::Held || unsettled() || self.is_to_start_more(ix)
            }
            (Phase::Starting(_) | Phase::Running, op) => !matches!(op, Op::Down),
            // What it had under way comes first, where that is asked for.
            (Phase::Stopping(_), op) if waits_for_stop => !matches!(op, Op::Up | Op::Down),
            (Phase::Stopping(_) | Phase::Aborting(_), op) => {
                self.comes_down(ix) && !matches!(op, Op::Down)
            }
            (Phase::Stuck(_), _) => false,
            (_, op) => matches!(op, Op::Down),
        };
        assert!(fits, "`{path}` is {:?} and has {:?}", node.phase, sup.op);
        match &sup.op {
            Op::Up => assert!(sup.inbox.is_empty(), "`{path}` leaves its inbox"),
            Op::Down => {
                assert!(sup.inbox.is_empty(), "`{path}` is down and has mail");
                for (_, child) in self.children_of(sup) {
                    let over = matches!(child.phase, Phase::Down(_) | Phase::Stuck(_));
                    assert!(over, "`{}` outlives its supervisor", child.path);
                }
            }
            Op::Starting { next, .. } => self.check_start(ix, *next),
            Op::Stopping {
                next,
                scope,
                manner,
                ..
            } => self.check_stop(ix, sup, *next, *scope, *manner),
        }
    }

    /// A walk that starts waits for the one child that is starting (I3).
    fn check_start(&self, sup: Ix, next: Ix) {
        let phase = next.some().map(|ix| self.nodes[ix].phase);
        let starts = match phase {
            Some(Phase::Starting(_)) => true,
            Some(Phase::Stopping(ending) | Phase::Aborting(ending)) => ending.start().is_some(),
            _ => false,
        };
        let path = &self.nodes[sup].path;
        assert!(
            starts && self.is_serial(sup),
            "the start of `{path}` waits for {phase:?}"
        );
    }

    /// A walk that stops has left nothing behind, and waits for somebody (I3).
    fn check_stop(&self, ix: Ix, sup: &Sup, next: Ix, scope: Scope, manner: Manner) {
        let path = &self.nodes[ix].path;
        let phase = next.some().map(|ix| self.nodes[ix].phase);
        if manner == Manner::OneByOne {
            assert!(
                matches!(
                    phase,
                    Some(Phase::Stopping(Ending::Asked) | Phase::Aborting(Ending::Asked))
                ),
                "the stop of `{path}` waits for {phase:?}"
            );
            let order = self.nodes[next].order;
            for (ix, child) in self.children_of(sup) {
                let live = child.phase.is_live() && !matches!(child.phase, Phase::Stuck(_));
                assert!(
                    !live || child.order <= order || !scope.contains(ix, child),
                    "`{}` has not ended and the next is asked",
                    child.path
                );
            }
            return;
        }
        assert!(
            next == Ix::NONE && sup.awaited > 0,
            "the stop of `{path}` waits for {phase:?}"
        );
        for (_, child) in self
            .children_of(sup)
            .filter(|(_, child)| child.flags.awaited)
        {
            let awaited = |&on: &Ix| self.nodes[on].flags.awaited;
            let links = child.links.as_deref();
            let left = links.map_or(0, |links| {
                links.before.iter().filter(|&on| awaited(on)).count()
            });
            let asked = matches!(child.phase, Phase::Stopping(_) | Phase::Aborting(_));
            assert!(
                asked || left > 0,
                "`{}` is awaited and not asked: {:?}",
                child.path,
                child.phase
            );
            let by_walk = manner == Manner::Graph && !asked;
            assert!(
                !by_walk
                    || links.is_none_or(|links| {
                        links
                            .dependents_left
                            .is_some_and(|counted| counted as usize == left)
                    }),
                "`{}` counts its dependents wrongly",
                child.path
            );
        }
    }

    /// Whoever waits for an answer waits for a start that is still to come or under way (I7).
    fn check_answer(&self, ix: Ix) {
        let node = &self.nodes[ix];
        let settled = match node.phase {
            Phase::Running | Phase::Exited(_) => true,
            // A stop that is under way answers when it comes to it.
            Phase::Down(_) => {
                let stops = matches!(self.nodes.sup(node.parent).op, Op::Stopping { .. });
                !stops && !matches!(node.wish, Wish::Start(_))
            }
            _ => false,
        };
        assert!(
            !settled && node.flags.linked && !self.nodes.is_free(ix),
            "whoever asked for `{}` is not answered: {:?}",
            node.path,
            node.phase
        );
    }
}

impl Op {
    /// Whether it will come to starting this child.
    fn starts(&self, ix: Ix, node: &Node) -> bool {
        let (Self::Starting { scope, .. } | Self::Stopping { scope, .. }) = self else {
            return false;
        };
        self.is_about_a_group() && scope.contains(ix, node)
    }
}

impl Mail {
    /// Whether it starts the child of this attempt again.
    fn is_about_start(&self, last: OfAttempt) -> bool {
        matches!(self, Self::Due(of) | Self::Failed(of, _) if *of == last)
    }
}

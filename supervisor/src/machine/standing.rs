//! What a command tells of the child that it was for, besides what it did.

use super::Machine;
use super::answer::Standing;
use super::node::{Body, Down, Ix, Phase};
use super::time::Nanos;
use crate::spec::policy::Readiness;

impl Machine {
    pub(crate) fn standing(&self, ix: Ix) -> Standing {
        let node = &self.nodes[ix];
        // The child's own limit, or else that of its supervisor.
        // Of one that was removed, the supervisor may have gone, too.
        let known = node.phase != Phase::Down(Down::Removed);
        let (limit, used) = match node.parent.some().filter(|_| known) {
            Some(_) => {
                let budget = self.budget_snapshot(ix);
                (self.budget(ix).1, budget.of - budget.left)
            }
            // The root, and what is left of a supervisor that was removed, has no limit above it.
            None => (
                crate::spec::policy::Intensity::new(0, std::time::Duration::ZERO),
                0,
            ),
        };
        let says_ready = match &node.body {
            Body::Supervisor(_) => true,
            Body::Declared => false,
            Body::Worker => node.policy.readiness != Readiness::Immediate,
        };
        let watch = node.watch.as_deref().filter(|_| node.phase.is_live());
        let beaten = watch.map(|watch| watch.beaten_at);
        let beaten = beaten.filter(|&at| at != Nanos::NEVER);
        Standing {
            beaten: beaten.map(|at| self.now.since(at)),
            silent: watch.is_some_and(|watch| watch.silent > 0),
            generation: node.generation(),
            limit,
            used,
            ready: says_ready.then_some(node.flags.ready),
        }
    }
}

//! What keeps a supervisor from being ready, and whether it is still on its way.

use super::node::{Cause, Node, Phase, Retry};

/// Counts of children that are not ready. One child adds 0 or 1 to each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// Critical children.
    pub(super) unready: u32,
    /// Those among them that are not on their way to it by themselves.
    pub(super) settled: u32,
    /// Those among these that wait for siblings.
    pub(super) waiting: u32,
    /// Others, whose turn to start is not over: critical ones may be waiting for them.
    pub(super) optional: u32,
    /// Children, critical or not, whose back-off a group waits for.
    pub(super) delayed: u32,
}

impl Missing {
    /// What a child that is ready counts for.
    const NONE: Self = Self {
        unready: 0,
        settled: 0,
        waiting: 0,
        optional: 0,
        delayed: 0,
    };

    /// What a child that is not ready counts for.
    pub(super) const fn of(phase: Phase, critical: bool) -> Self {
        let (settled, waiting, optional, delayed) = match phase {
            // Nobody waits for one that is stuck (I8).
            Phase::Down(_) | Phase::Running | Phase::Stuck(_) => (1, 0, 0, 0),
            Phase::Waiting(_) => (1, 1, 0, 0),
            Phase::Backoff(Retry::Group) => (0, 0, 0, 1),
            // One that is tried again has had its turn.
            Phase::Backoff(_) | Phase::Failed(_) | Phase::Starting(Cause::Alone) => (0, 0, 0, 0),
            Phase::Starting(_) | Phase::Stopping(_) | Phase::Aborting(_) | Phase::Exited(_) => {
                (0, 0, 1, 0)
            }
        };
        if critical {
            Self {
                unready: 1,
                settled,
                waiting,
                optional: 0,
                delayed,
            }
        } else {
            Self {
                optional,
                delayed,
                ..Self::NONE
            }
        }
    }

    /// Whether no critical child is on its way. In order, whom one waits for has had its turn.
    pub(super) const fn is_settled(self, in_order: bool) -> bool {
        let nobody_waits = in_order || self.waiting == 0 || self.optional == 0;
        self.unready == self.settled && nobody_waits
    }

    pub(super) const fn add(&mut self, child: Self) {
        self.unready += child.unready;
        self.settled += child.settled;
        self.waiting += child.waiting;
        self.optional += child.optional;
        self.delayed += child.delayed;
    }

    pub(super) const fn sub(&mut self, child: Self) {
        self.unready -= child.unready;
        self.settled -= child.settled;
        self.waiting -= child.waiting;
        self.optional -= child.optional;
        self.delayed -= child.delayed;
    }
}

impl Node {
    /// What the child adds to its supervisor's counts in a phase, as long as it is linked.
    #[inline]
    pub(super) fn missing(&self, phase: Phase) -> Missing {
        if self.flags.ready {
            return Missing::NONE;
        }
        Missing::of(phase, self.policy.critical)
    }
}

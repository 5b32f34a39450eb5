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
    /// What a child that is not ready counts for.
    pub(super) fn of(phase: Phase, critical: bool) -> Self {
        let waits = matches!(phase, Phase::Waiting(_));
        // Nobody waits for one that is stuck (I8).
        let stays = matches!(phase, Phase::Down(_) | Phase::Running | Phase::Stuck(_));
        // One that is tried again has had its turn.
        let fails = matches!(
            phase,
            Phase::Backoff(_) | Phase::Failed(_) | Phase::Starting(Cause::Alone)
        );
        Self {
            unready: u32::from(critical),
            settled: u32::from(critical && (stays || waits)),
            waiting: u32::from(critical && waits),
            optional: u32::from(!critical && !stays && !waits && !fails),
            delayed: u32::from(phase == Phase::Backoff(Retry::Group)),
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
    pub(super) fn missing(&self, phase: Phase) -> Missing {
        if self.flags.ready {
            return Missing::default();
        }
        Missing::of(phase, self.policy.critical)
    }
}

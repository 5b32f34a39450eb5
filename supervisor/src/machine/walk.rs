//! What a supervisor has under way: a walk over its children, one at a time, that can be left and
//! taken up again.

use std::sync::Arc;

use super::node::{Cause, Ix, Node};
use super::time::Nanos;
use crate::event::failure::Failure;

/// The operation under way. While it is not [`Op::Up`], the inbox waits.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Down,
    Up,
    /// Starting the scope in order; `next` is the child that is starting or comes next.
    Starting {
        next: Ix,
        scope: Scope,
        cause: Cause,
    },
    /// Ending the scope in reverse; `next` is the child that is stopping or comes next.
    Stopping {
        next: Ix,
        scope: Scope,
        manner: Manner,
        then: Then,
    },
}

/// Which children an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    /// Those at and behind a place in the order.
    From(u64),
    /// Those that carry the mark.
    Marked,
    One(Ix),
}

impl Scope {
    pub(super) const fn contains(self, ix: Ix, node: &Node) -> bool {
        match self {
            Self::All => true,
            Self::From(order) => node.order >= order,
            Self::Marked => node.flags.marked,
            Self::One(one) => one.0 == ix.0,
        }
    }

    /// Whether all that the other contains is in this one, too.
    pub(super) const fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::All, _) | (Self::Marked, Self::Marked) => true,
            (Self::From(order), Self::From(later)) => order <= later,
            (Self::One(one), Self::One(other)) => one.0 == other.0,
            _ => false,
        }
    }
}

/// How the members of a scope are ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// All at once, by force.
    Kill,
    /// One after the other, each gone before the next is asked.
    OneByOne,
    /// Each when those that are after it have gone.
    Graph,
}

/// What follows when the scope has ended.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// The supervisor ends.
    Down(End),
    /// The inbox is served again.
    Serve,
    /// The scope starts, when the back-off of the child that failed is over.
    Start { culprit: Ix, due: Nanos },
}

/// Why a supervisor ends.
#[derive(Clone, Debug)]
pub(crate) enum End {
    AutoShutdown,
    /// Its `init` declined to run.
    Declined,
    /// More restarts than allowed, or an end that must not be restarted.
    GaveUp(Arc<Failure>),
    Killed,
    Requested,
    /// A child could not be started.
    StartFailed(Arc<Failure>),
}

impl Op {
    /// Whether it restarts a group.
    pub(super) const fn is_about_a_group(&self) -> bool {
        match self {
            Self::Starting { cause, .. } => matches!(cause, Cause::Group | Cause::Reload),
            Self::Stopping { then, .. } => matches!(then, Then::Start { .. }),
            Self::Down | Self::Up => false,
        }
    }

    /// Moves the walk off a child that leaves the list.
    pub(super) fn pass_by(&mut self, ix: Ix, prev: Ix, next: Ix) {
        match self {
            Self::Starting { next: at, .. } if *at == ix => *at = next,
            Self::Stopping { next: at, .. } if *at == ix => *at = prev,
            Self::Down | Self::Up | Self::Starting { .. } | Self::Stopping { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_what_it_is_sure_to_contain() {
        let (one, other) = (Scope::One(Ix(1)), Scope::One(Ix(2)));
        let (early, late) = (Scope::From(1), Scope::From(2));
        for (scope, covered) in [
            (
                Scope::All,
                vec![Scope::All, early, late, Scope::Marked, one, other],
            ),
            (early, vec![early, late]),
            (late, vec![late]),
            (Scope::Marked, vec![Scope::Marked]),
            (one, vec![one]),
            (other, vec![other]),
        ] {
            for what in [Scope::All, early, late, Scope::Marked, one, other] {
                let expected = covered.contains(&what);
                assert_eq!(scope.covers(what), expected, "{scope:?}, {what:?}");
            }
        }
    }
}

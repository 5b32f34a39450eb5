//! What would follow if a child failed now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kind::{Budget, Quarantine};
use super::snapshot::{BudgetSnapshot, ChildState};
use crate::id::path;

/// What would follow if a child failed now: who stops, who starts, in which order, and who gives
/// up.
///
/// It is what the tree's own rules say, tried on a copy of it, where everybody else behaves: who is
/// asked to stop does so, and who starts becomes ready. A worker fails with an error; a supervisor
/// fails by giving up. Displays as text, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The child.
    pub path: Arc<str>,
    /// It holds after the event of this number.
    pub as_of_seq: u64,
    /// What the child is doing. One that does not run cannot fail: then there are no steps.
    pub state: ChildState,
    /// What limits its restarts, and those of the supervisors above it: the nearest first.
    pub budgets: Vec<Limit>,
    /// What would happen, in order.
    pub steps: Vec<Step>,
    /// What would happen if the nearest budget were spent before; empty where that is never.
    pub when_spent: Vec<Step>,
    /// The nearest budget, spent by this child alone: it fails at once each time, and its back-off
    /// is as short as it may be. `None` where its back-off keeps it from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spends_alone: Option<SpentAlone>,
}

/// A limit of restarts, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limit {
    /// A child for its fuse; a supervisor for its intensity.
    pub path: Arc<str>,
    /// Which one.
    pub budget: Budget,
    /// What is left of it.
    pub left: BudgetSnapshot,
}

/// A budget that one child spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpentAlone {
    /// With this restart.
    pub restarts: u32,
    /// After this time.
    #[serde(with = "super::nanos")]
    pub after: Duration,
}

/// One thing that would happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// To whom; the root is the empty path.
    pub path: Arc<str>,
    /// What.
    pub what: StepKind,
}

/// What would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind {
    /// Its future is dropped without being asked.
    Drops,
    /// A supervisor has ended.
    Ends,
    /// It is not started again.
    Finishes,
    /// A supervisor gives up.
    GivesUp,
    /// It is kept down until it is resumed.
    IsQuarantined(Quarantine),
    /// It leaves the tree.
    IsRemoved,
    /// It is to be started again, after a delay between these.
    Restarts {
        /// At least.
        #[serde(with = "super::nanos")]
        from: Duration,
        /// At most.
        #[serde(with = "super::nanos")]
        to: Duration,
    },
    /// The tree begins to shut down.
    ShutsDown,
    /// It is started.
    Starts,
    /// It is asked to stop.
    Stops,
    /// It would start, but waits for a sibling.
    Waits,
}

impl Explanation {
    /// Who would be stopped, in order.
    pub fn stops(&self) -> impl Iterator<Item = &str> {
        self.who(|what| matches!(what, StepKind::Stops | StepKind::Drops))
    }

    /// Who would be started, in order.
    pub fn starts(&self) -> impl Iterator<Item = &str> {
        self.who(|what| what == StepKind::Starts)
    }

    /// Which supervisors would give up, the nearest first.
    pub fn gives_up(&self) -> impl Iterator<Item = &str> {
        self.who(|what| what == StepKind::GivesUp)
    }

    fn who(&self, of: impl Fn(StepKind) -> bool) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().filter(move |step| of(step.what));
        steps.map(|step| &*step.path)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path::shown(&self.path);
        if self.steps.is_empty() {
            write!(f, "`{path}` is {}; it cannot fail now", self.state)?;
        } else {
            write!(f, "if `{path}` fails now:")?;
            write_steps(f, &self.steps)?;
        }
        for limit in &self.budgets {
            write!(f, "\n{limit}")?;
        }
        if !self.when_spent.is_empty() {
            write!(
                f,
                "\nonce that of `{}` is spent:",
                path::shown(&self.budgets[0].path)
            )?;
            write_steps(f, &self.when_spent)?;
        }
        if let Some(alone) = &self.spends_alone {
            write!(
                f,
                "\nif it fails at once each time, it spends that alone: with restart {}, after \
                 {:.1?}",
                alone.restarts, alone.after
            )?;
        }
        Ok(())
    }
}

fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    // Neighbours to whom the same happens stand on one line.
    for same in steps.chunk_by(|one, next| one.what == next.what) {
        let paths: Vec<&str> = same.iter().map(|step| path::shown(&step.path)).collect();
        write!(
            f,
            "\n  {} {}",
            paths.join(", "),
            same[0].what.text(same.len() > 1)
        )?;
    }
    Ok(())
}

impl StepKind {
    fn text(self, several: bool) -> String {
        let (one, many) = match self {
            Self::Drops => ("is dropped", "are dropped"),
            Self::Ends => ("has ended", "have ended"),
            Self::Finishes => ("is not restarted", "are not restarted"),
            Self::GivesUp => ("gives up", "give up"),
            Self::IsRemoved => ("is forgotten", "are forgotten"),
            Self::ShutsDown => ("shuts the tree down", "shut the tree down"),
            Self::Starts => ("starts", "start"),
            Self::Stops => ("stops", "stop"),
            Self::Waits => ("waits for a sibling", "wait for siblings"),
            Self::IsQuarantined(why) => return format!("is quarantined: {why}"),
            Self::Restarts { to, .. } if to.is_zero() => ("is restarted at once", "are restarted"),
            Self::Restarts { from, to } if from == to => {
                return format!("is restarted after {to:?}");
            }
            Self::Restarts { from, to } => {
                return format!("is restarted after {from:?} to {to:?}");
            }
        };
        if several { many } else { one }.to_owned()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.budget {
            Budget::Fuse => "the fuse",
            Budget::Intensity => "the intensity",
        };
        let BudgetSnapshot { left, of, window } = self.left;
        let path = path::shown(&self.path);
        write!(
            f,
            "{which} of `{path}` has {left} of {of} restarts in {window:?} left"
        )
    }
}

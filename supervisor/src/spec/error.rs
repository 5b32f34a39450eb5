//! What can be wrong with a specification.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::backoff::Backoff;
use super::policy::Shutdown;

/// A tree that cannot be run, with all of its mistakes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvalidSpec {
    /// The mistakes, in the order of the tree.
    pub problems: Vec<SpecProblem>,
}

impl fmt::Display for InvalidSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, &self.problems)
    }
}

impl std::error::Error for InvalidSpec {}

/// Each on a line of its own.
pub(crate) fn write_lines(f: &mut fmt::Formatter<'_>, lines: &[impl fmt::Display]) -> fmt::Result {
    for (place, line) in lines.iter().enumerate() {
        if place > 0 {
            f.write_str("\n")?;
        }
        line.fmt(f)?;
    }
    Ok(())
}

/// One mistake: who, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpecProblem {
    /// The shortest delay is longer than the longest.
    #[error(
        "`{child}`: its back-off begins at {:?}, above its upper bound {:?}; write the smaller first",
        .backoff.min(), .backoff.max()
    )]
    BackoffReversed {
        /// Path of the child.
        child: String,
        /// What was written.
        backoff: Backoff,
    },
    /// A child may take longer to stop than all of its supervisor.
    #[error(
        "`{child}` may take {} to stop, but everything below `{supervisor}` has {deadline:?}; \
         write less there, or a longer `shutdown_within`", length(*.budget)
    )]
    BudgetAboveDeadline {
        /// Path of the child.
        child: String,
        /// Its budget, as it was set.
        budget: Shutdown,
        /// Path of the supervisor above it with the shorter deadline.
        supervisor: String,
        /// That deadline.
        deadline: Duration,
    },
    /// A child that is complete when it has ended would be started again for ever.
    #[error("`{child}`: its readiness is `completed` and it is `permanent`; make it `transient`")]
    CompletedPermanent {
        /// Path of the child.
        child: String,
    },
    /// A child that is ready when it has ended would never be looked at whether it beats.
    #[error(
        "`{child}`: it has to beat once it is ready, which with readiness `completed` is when it has ended; limit it with `timeout` instead of `heartbeat`"
    )]
    CompletedHeartbeat {
        /// Path of the child.
        child: String,
    },
    /// Children wait for each other.
    #[error("`{supervisor}`: these children wait for each other: {}; take one `after` away", chain(.children))]
    Cycle {
        /// Path of the supervisor.
        supervisor: String,
        /// Each is after the next one; the last one is the first again.
        children: Vec<String>,
    },
    /// Two children of one supervisor have the same name.
    #[error("`{child}` is declared twice; give one of them another name with `.named(..)`")]
    DuplicateName {
        /// Path of the child.
        child: String,
    },
    /// A name that cannot stand in a path.
    #[error("a child of `{supervisor}` is called `{name}`: {why}")]
    IllFormedName {
        /// Path of the supervisor.
        supervisor: String,
        /// The name.
        name: String,
        /// The rule that it breaks.
        why: String,
    },
    /// A tag that no filter could name.
    #[error("`{child}`: {why}")]
    IllFormedTag {
        /// Path of the child.
        child: String,
        /// The tag.
        tag: String,
        /// The rule that it breaks.
        why: String,
    },
    /// `after` names a sibling that starts later.
    #[error(
        "`{child}` is after `{after}`, which starts later; move it up, or set `start = \"concurrent\"`"
    )]
    LaterSibling {
        /// Path of the child.
        child: String,
        /// The sibling.
        after: String,
    },
    /// What a child is asked for takes a context, and it has none.
    #[error(
        "`{child}`: `{setting}` needs a `TaskContext`; give the function one, or take `{setting}` away"
    )]
    NeedsContext {
        /// Path of the child.
        child: String,
        /// The setting.
        setting: &'static str,
    },
    /// A setting of one attempt, and it stands on a supervisor.
    #[error("`{child}` is a supervisor, and `{setting}` is for workers; set it on those below")]
    OfWorkersOnly {
        /// Path of the supervisor.
        child: String,
        /// The setting.
        setting: &'static str,
    },
    /// A permanent child never ends for good, so it cannot be significant.
    #[error("`{child}` is `significant` and `permanent`; make it `transient` or `temporary`")]
    SignificantPermanent {
        /// Path of the child.
        child: String,
    },
    /// Nobody would act on it.
    #[error(
        "`{child}` is `significant`, but its supervisor never shuts down for that; \
         set `auto_shutdown` to `any_significant` or `all_significant`"
    )]
    SignificantWithoutAutoShutdown {
        /// Path of the child.
        child: String,
    },
    /// A pool has instances, and they are added at run time.
    #[error(
        "`{supervisor}` is a pool and cannot have the static child `{child}`; add it at run time"
    )]
    StaticChildInPool {
        /// Path of the supervisor.
        supervisor: String,
        /// Name of the child.
        child: String,
    },
    /// Supervisors are nested too deep.
    #[error("`{supervisor}` is nested deeper than {limit} levels; flatten the tree")]
    TooDeep {
        /// Path of the supervisor.
        supervisor: String,
        /// The limit.
        limit: usize,
    },
    /// `after` names a sibling that does not exist.
    #[error("`{child}` is after `{after}`, which is not a sibling of it{}", hint(.did_you_mean.as_ref()))]
    UnknownSibling {
        /// Path of the child.
        child: String,
        /// The name that was not found.
        after: String,
        /// The nearest name there is.
        did_you_mean: Option<String>,
    },
    /// A duration that must not be zero.
    #[error("`{child}`: `{setting}` is zero; write a positive duration")]
    ZeroDuration {
        /// Path of the child.
        child: String,
        /// The setting.
        setting: &'static str,
    },
    /// Restarts within no time at all cannot be counted.
    #[error("`{path}`: the window of its `{setting}` is zero; write `\"5/30s\"` for 5 in 30 s")]
    ZeroWindow {
        /// Path of the supervisor or child.
        path: String,
        /// The setting.
        setting: &'static str,
    },
}

#[cfg(any(feature = "config", feature = "manifest"))]
impl SpecProblem {
    /// Whom it is about, and which of the settings, for a file to find the place.
    pub(crate) fn place(&self) -> (String, &'static str) {
        let (path, key): (&str, &'static str) = match self {
            Self::BackoffReversed { child, .. } => (child, "backoff"),
            Self::BudgetAboveDeadline { child, .. } => (child, "shutdown"),
            Self::CompletedHeartbeat { child } => (child, "heartbeat"),
            Self::CompletedPermanent { child } => (child, "readiness"),
            Self::Cycle {
                supervisor,
                children,
            } => {
                let child = children.first().map_or("", String::as_str);
                return (format!("{supervisor}/{child}"), "after");
            }
            Self::DuplicateName { child } => (child, "name"),
            Self::IllFormedName {
                supervisor, name, ..
            } => return (format!("{supervisor}/{name}"), "name"),
            Self::IllFormedTag { child, .. } => (child, "tags"),
            Self::LaterSibling { child, .. } | Self::UnknownSibling { child, .. } => {
                (child, "after")
            }
            Self::NeedsContext { child, setting } => {
                let key = setting.split(' ').next().unwrap_or(setting);
                (child, key)
            }
            Self::SignificantPermanent { child }
            | Self::SignificantWithoutAutoShutdown { child } => (child, "significant"),
            Self::StaticChildInPool { supervisor, .. } => (supervisor, "pool"),
            Self::TooDeep { supervisor, .. } => (supervisor, "children"),
            Self::OfWorkersOnly { child, setting } | Self::ZeroDuration { child, setting } => {
                (child, setting)
            }
            Self::ZeroWindow { path, setting } => (path, setting),
        };
        (path.to_owned(), key)
    }
}

fn length(budget: Shutdown) -> String {
    match budget {
        Shutdown::Abort => "no time".to_owned(),
        Shutdown::Infinity => "as long as it likes".to_owned(),
        Shutdown::Within(budget) => format!("{budget:?}"),
    }
}

fn chain(children: &[String]) -> String {
    let quoted: Vec<String> = children.iter().map(|child| format!("`{child}`")).collect();
    quoted.join(" after ")
}

fn hint(did_you_mean: Option<&String>) -> String {
    did_you_mean.map_or_else(
        || "; `after` names siblings only".to_owned(),
        |name| format!("; did you mean `{name}`?"),
    )
}

//! Events as lines of text.

use std::fmt;

use super::command::Commanded;
use super::kind::{Budget, Event, EventKind, Quarantine, SupervisorEnd};
use crate::id::path;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path::shown(&self.path);
        write!(f, "`{path}` ")?;
        match &self.kind {
            EventKind::Aborting => f.write_str("is aborted"),
            EventKind::Added => f.write_str("was added"),
            EventKind::BudgetLow { budget, left, of } => {
                write!(
                    f,
                    "has {left} of {of} restarts left before {budget} is spent"
                )
            }
            EventKind::Commanded(asked) => asked.fmt(f),
            EventKind::Due => f.write_str("is due with its group"),
            EventKind::Escalated => f.write_str("is not restarted; its supervisor gives up"),
            EventKind::Exited(exit) => exit.fmt(f),
            EventKind::Finished => f.write_str("has finished"),
            EventKind::GaveUp(failure) => write!(f, "gives up: {failure}"),
            EventKind::GroupStarting => f.write_str("starts the group again"),
            EventKind::GroupStopping => f.write_str("stops the group to restart it"),
            EventKind::Intent(operation) => {
                write!(f, "is not known; it will be {operation} when it is added")
            }
            EventKind::Operation(operation) => write!(f, "is {operation}"),
            EventKind::Quarantined(why) => write!(f, "is quarantined: {why}"),
            EventKind::Ready => f.write_str("is ready"),
            EventKind::Refused(why) => write!(f, "was left alone: {why}"),
            EventKind::Reloaded => f.write_str("is as its new configuration says"),
            EventKind::Removed => f.write_str("was removed"),
            EventKind::Retuned => f.write_str("has another policy"),
            EventKind::Restarting { delay, exit } => {
                if let Some(exit) = exit {
                    write!(f, "{exit}; ")?;
                }
                if delay.is_zero() {
                    f.write_str("restarting now")
                } else {
                    write!(
                        f,
                        "restarting in {delay:?} (attempt {})",
                        self.attempt.saturating_add(1)
                    )
                }
            }
            EventKind::Shutdown(phase) => write!(f, "shuts down: {phase}"),
            EventKind::Stale => f.write_str("had a message from an attempt that is over"),
            EventKind::Stalled { at_least } => {
                write!(f, "has been inside one poll for at least {at_least:.1?}")
            }
            EventKind::Started => f.write_str("starts"),
            EventKind::SupervisorEnded(end) => write!(f, "has ended: {end}"),
            EventKind::Stopped => f.write_str("is down; no start of it is due any more"),
            EventKind::Stopping => f.write_str("is asked to stop"),
            EventKind::Stuck(doing) => write!(f, "is stuck and could not be ended: {doing}"),
            EventKind::TimedOut { limit, after } => write!(f, "{limit} {after:?}"),
            EventKind::Unready => f.write_str("is not ready any more"),
            EventKind::Unstalled => f.write_str("has left the poll that it was stalled in"),
            EventKind::Unstuck => f.write_str("is not stuck any more"),
            EventKind::Up => f.write_str("is up, and not ready"),
            EventKind::Waiting => f.write_str("waits for the children it is after"),
        }
    }
}

impl fmt::Display for Commanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "is told to {} by {}: {}",
            self.command,
            OneLine(&self.audit.requested_by),
            OneLine(&self.audit.reason)
        )
    }
}

/// What somebody has written, where nobody may take it for a line of ours.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if c.is_control() {
                write!(f, "{}", c.escape_default())
            } else {
                write!(f, "{c}")
            }
        })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fuse => "its fuse",
            Self::Intensity => "the intensity",
        })
    }
}

impl fmt::Display for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fatal => "it must not be tried again",
            Self::Fuse => "its fuse has blown",
            Self::Intensity => "it was one restart too many for its supervisor",
        })
    }
}

impl fmt::Display for SupervisorEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutoShutdown => "its children have ended",
            Self::Declined => "it declined to run",
            Self::GaveUp => "it gave up",
            Self::Killed => "it was killed",
            Self::Requested => "it was asked to stop",
            Self::StartFailed => "a child could not be started",
        })
    }
}

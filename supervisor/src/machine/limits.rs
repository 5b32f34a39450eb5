//! Limits of an attempt's time: `timeout`, `ready_within` and `heartbeat`.
//!
//! The node's one deadline is the earliest of them. A beat is a mark that the attempt leaves; the
//! runtime is asked to look for it four times in the length of the setting. An attempt that was
//! found silent four times in a row is lost: between 1 and 1.25 times the setting after its last
//! beat, and later where the runtime came too late to look.

use std::time::Duration;

use super::Machine;
use super::input::Action;
use super::node::{Cause, Ending, Ix, Phase};
use super::time::Nanos;
use super::watch::Sample;
use crate::event::exit::{ExitKind, ExitRecord, TimeLimit, TimedOut};
use crate::event::failure::Why;
use crate::event::kind::EventKind;
use crate::spec::plan::ChildPolicy;

/// How often a beat is looked for within the time that a child may be silent.
const LOOKS: u8 = 4;

impl Machine {
    /// Sets the deadline of an attempt that starts, or has become ready.
    pub(super) fn set_limits(&mut self, ix: Ix) {
        let node = &self.nodes[ix];
        let policy = &node.policy;
        let by = |limit: Option<Duration>| limit.map_or(Nanos::NEVER, |it| node.since.after(it));
        let attempt = by(policy.timeout);
        let next = match node.phase {
            Phase::Starting(_) => attempt.min(by(Some(policy.ready_within))),
            Phase::Running => {
                let look = policy
                    .heartbeat
                    .map(|silence| self.now.after(quarter(silence)));
                attempt.min(look.unwrap_or(Nanos::NEVER))
            }
            _ => return,
        };
        if next != Nanos::NEVER {
            self.set_deadline(ix, next);
        }
    }

    /// The attempt is ready: it is to beat from now on.
    #[inline]
    pub(super) fn begins_to_beat(&mut self, ix: Ix) {
        let policy = &self.nodes[ix].policy;
        if policy.heartbeat.is_some() {
            self.nodes[ix].watch.get_or_insert_default().silent = 0;
        } else if policy.timeout.is_none() {
            return;
        }
        self.set_limits(ix);
    }

    /// The deadline of an attempt that starts has passed.
    pub(super) fn start_overdue(&mut self, ix: Ix, cause: Cause) {
        let limit = if self.is_over_time(ix) {
            TimeLimit::Attempt
        } else {
            TimeLimit::Readiness
        };
        self.time_out(ix, limit, Some(cause));
    }

    /// The deadline of an attempt that is ready has passed.
    pub(super) fn running_overdue(&mut self, ix: Ix) {
        if self.is_over_time(ix) {
            self.time_out(ix, TimeLimit::Attempt, None);
        } else if self.nodes[ix].policy.heartbeat.is_some() {
            self.actions.push_back(Action::Sample(ix));
        }
    }

    /// An attempt that is to beat has been looked at.
    pub(super) fn looked_for_beat(&mut self, ix: Ix, sample: Sample) {
        let Some(watch) = &mut self.nodes[ix].watch else {
            return;
        };
        watch.silent = if sample.beat { 0 } else { watch.silent + 1 };
        if sample.beat {
            watch.beaten_at = self.now;
        }
        if watch.silent < LOOKS {
            self.set_limits(ix);
        } else {
            self.time_out(ix, TimeLimit::Heartbeat, None);
        }
    }

    fn time_out(&mut self, ix: Ix, limit: TimeLimit, start: Option<Cause>) {
        let after = limit.of(&self.nodes[ix].policy);
        self.begin_context();
        self.emit(ix, EventKind::TimedOut { limit, after });
        self.end_attempt(ix, Ending::TimedOut(limit, start));
    }

    fn is_over_time(&self, ix: Ix) -> bool {
        let node = &self.nodes[ix];
        let longest = node.policy.timeout;
        longest.is_some_and(|longest| self.now.since(node.since) >= longest)
    }

    /// The record of an attempt that was made to end says which limit it exceeded.
    pub(super) fn record_limit(&self, ix: Ix, record: &mut ExitRecord) {
        let node = &self.nodes[ix];
        let (Phase::Stopping(Ending::TimedOut(limit, _))
        | Phase::Aborting(Ending::TimedOut(limit, _))
        | Phase::Stuck(Ending::TimedOut(limit, _))) = node.phase
        else {
            return;
        };
        let ended = std::mem::replace(&mut record.kind, ExitKind::NeverStarted);
        record.kind = ExitKind::TimedOut(TimedOut {
            limit,
            after: limit.of(&node.policy),
            ended: Box::new(ended),
        });
    }
}

impl TimeLimit {
    fn of(self, policy: &ChildPolicy) -> Duration {
        match self {
            Self::Attempt => policy.timeout,
            Self::Heartbeat => policy.heartbeat,
            Self::Readiness => Some(policy.ready_within),
        }
        .unwrap_or_default()
    }

    /// Why a start fails that exceeds it.
    pub(super) const fn why(self) -> Why {
        match self {
            Self::Readiness => Why::NotReady,
            Self::Attempt | Self::Heartbeat => Why::TimedOut,
        }
    }
}

/// Four of them are never less than the whole.
fn quarter(silence: Duration) -> Duration {
    let nanos = silence.as_nanos().div_ceil(u128::from(LOOKS));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

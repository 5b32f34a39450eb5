//! From events to numbers.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::label::Labels;
use crate::event::command::CommandKind;
use crate::event::exit::{ExitKind, ExitRecord};
use crate::event::kind::{Event, EventKind, SupervisorEnd};
use crate::event::snapshot::{ChildState, Snapshot};
use crate::id::path;
use crate::runtime::tree::Tree;

pub(super) const ATTEMPTS: &str = "supervisor_child_attempts_total";
pub(super) const EXITS: &str = "supervisor_child_exits_total";
pub(super) const RESTARTS: &str = "supervisor_child_restarts_total";
pub(super) const ESCALATIONS: &str = "supervisor_escalations_total";
pub(super) const STATE: &str = "supervisor_child_state";
pub(super) const READY: &str = "supervisor_child_ready";
pub(super) const BACKOFF: &str = "supervisor_child_backoff_seconds";
pub(super) const BUDGET: &str = "supervisor_restart_budget_remaining";
pub(super) const ATTEMPT: &str = "supervisor_child_attempt_duration_seconds";
pub(super) const STOP: &str = "supervisor_child_stop_duration_seconds";
pub(super) const DROPPED: &str = "supervisor_events_dropped_total";
pub(super) const COMMANDS: &str = "supervisor_control_commands_total";

/// What has been written so far, as far as it changes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    labels: Labels,
    children: BTreeMap<Arc<str>, Child>,
    /// How many children of a label are in a state, and how many are ready.
    in_state: HashMap<(Arc<str>, ChildState), u32>,
    ready: HashMap<Arc<str>, u32>,
    /// Supervisors of which restarts were counted that have not left the window.
    spent: HashMap<Arc<str>, Spent>,
    /// The last command, until the next event says whether it was refused.
    command: Option<(u64, CommandKind)>,
}

#[derive(Debug)]
struct Child {
    label: Arc<str>,
    state: ChildState,
    ready: bool,
    /// When it was asked to stop, while it stops.
    asked: Option<Duration>,
    waits: bool,
}

#[derive(Debug)]
struct Spent {
    left: Option<u32>,
}

/// How something ended, in three words.
#[derive(Clone, Copy)]
enum Outcome {
    Aborted,
    Graceful,
    Unconfirmed,
}

impl Meter {
    pub(super) fn event(&mut self, event: &Event) {
        self.count_command(event);
        if matches!(
            event.kind,
            EventKind::Commanded(_)
                | EventKind::Intent(_)
                | EventKind::Refused(_)
                | EventKind::Stale
        ) {
            return;
        }
        if let EventKind::GaveUp(_) = event.kind {
            counter!(ESCALATIONS, "supervisor" => path::shown(&event.path).to_owned()).increment(1);
        }
        if event.path.is_empty() {
            return;
        }
        self.labels.learn(event);
        let label = self.labels.of(&event.path);
        self.count(event, &label);
        self.shows(&event.path, label, event.state, event.ready);
    }

    /// Counts what happened to a child.
    fn count(&mut self, event: &Event, label: &Arc<str>) {
        let child = self.children.get_mut(&event.path);
        match &event.kind {
            EventKind::Started => {
                counter!(ATTEMPTS, "child" => label.to_string()).increment(1);
            }
            EventKind::Stopping | EventKind::Aborting => {
                if let Some(child) = child {
                    child.asked.get_or_insert(event.at);
                }
            }
            EventKind::Stuck(_) => {
                if let Some(asked) = child.and_then(|child| child.asked.take()) {
                    let took = event.at.saturating_sub(asked);
                    stop_took(label, Outcome::Unconfirmed, took);
                }
            }
            EventKind::Exited(exit) => {
                let was_stuck = child
                    .as_ref()
                    .is_some_and(|child| child.state == ChildState::Stuck);
                let outcome = if was_stuck {
                    Outcome::Unconfirmed
                } else {
                    outcome_of(exit)
                };
                exited(label, reason(&exit.kind));
                let lasted =
                    histogram!(ATTEMPT, "child" => label.to_string(), "outcome" => outcome.word());
                lasted.record(exit.uptime.as_secs_f64());
                if let Some(asked) = child.and_then(|child| child.asked.take()) {
                    stop_took(label, outcome, event.at.saturating_sub(asked));
                }
            }
            EventKind::SupervisorEnded(end) => {
                exited(label, ended(*end));
                if let Some(asked) = child.and_then(|child| child.asked.take()) {
                    let outcome = match end {
                        SupervisorEnd::Killed => Outcome::Aborted,
                        _ => Outcome::Graceful,
                    };
                    stop_took(label, outcome, event.at.saturating_sub(asked));
                }
            }
            EventKind::Restarting { delay, .. } => {
                counter!(RESTARTS, "child" => label.to_string()).increment(1);
                backoff(label).set(delay.as_secs_f64());
                if let Some(child) = child {
                    child.waits = true;
                }
                let above = path::above(&event.path);
                let spent = self.spent.entry(above.into());
                spent.or_insert(Spent { left: None });
            }
            _ => {}
        }
    }

    /// Sets the gauges of a child.
    fn shows(&mut self, path: &Arc<str>, label: Arc<str>, state: ChildState, ready: bool) {
        if state == ChildState::Removed {
            return self.hides(path);
        }
        let child = Child {
            label,
            state,
            ready,
            asked: None,
            waits: false,
        };
        let Some(former) = self.children.get_mut(path) else {
            self.enters(&child.label, state, ready);
            self.children.insert(Arc::clone(path), child);
            return;
        };
        let before = (former.state, former.ready);
        (former.state, former.ready) = (state, ready);
        if former.waits && state != ChildState::Backoff && state != ChildState::Exited {
            former.waits = false;
            backoff(&former.label).set(0.0);
        }
        if before != (state, ready) {
            let label = Arc::clone(&former.label);
            self.leaves(&label, before.0, before.1);
            self.enters(&label, state, ready);
        }
    }

    fn enters(&mut self, label: &Arc<str>, state: ChildState, ready: bool) {
        let counted = self.in_state.entry((Arc::clone(label), state));
        let count = counted.or_default();
        *count += 1;
        of_state(label, state).set(f64::from(*count));
        let count = self.ready.entry(Arc::clone(label)).or_default();
        *count += u32::from(ready);
        of_ready(label).set(f64::from(*count));
    }

    fn leaves(&mut self, label: &Arc<str>, state: ChildState, ready: bool) {
        if let Some(count) = self.in_state.get_mut(&(Arc::clone(label), state)) {
            *count -= 1;
            of_state(label, state).set(f64::from(*count));
        }
        if let Some(count) = self.ready.get_mut(label) {
            *count -= u32::from(ready);
            of_ready(label).set(f64::from(*count));
        }
    }

    fn hide(&mut self, child: &Child) {
        self.leaves(&child.label, child.state, child.ready);
        if child.waits {
            backoff(&child.label).set(0.0);
        }
    }

    /// A child has gone, and everything below it.
    fn hides(&mut self, path: &Arc<str>) {
        let below = format!("{path}/");
        let from = (Bound::Included(&*below), Bound::Unbounded);
        let all = self.children.range::<str, _>(from).map(|(path, _)| path);
        let mut gone: Vec<Arc<str>> = all
            .take_while(|path| path.starts_with(&below))
            .cloned()
            .collect();
        gone.push(Arc::clone(path));
        for path in gone {
            if let Some(child) = self.children.remove(&path) {
                self.hide(&child);
            }
            self.labels.forget(&path);
        }
    }

    fn count_command(&mut self, event: &Event) {
        if let Some((seq, command)) = self.command.take() {
            let refused = event.correlation == seq && matches!(event.kind, EventKind::Refused(_));
            let result = if refused { "refused" } else { "accepted" };
            commanded(command, result);
        }
        if let EventKind::Commanded(asked) = &event.kind {
            self.command = Some((event.seq, asked.command));
        }
    }

    /// So many events had gone before they were read.
    pub(super) fn missed(&mut self, count: u64) {
        self.end();
        counter!(DROPPED, "consumer" => "metrics").increment(count);
    }

    /// After a gap: what is, is as it is shown.
    pub(super) fn set_right(&mut self, now: &Snapshot, tree: &Arc<Tree>) {
        self.hide_all();
        self.labels.forget_added();
        for child in &now.children {
            let added = tree.read(|machine| machine.is_added(&child.path));
            match added.unwrap_or_default() {
                // What is wanted of a name that no child has, or it has gone since.
                None => continue,
                Some(true) => self.labels.add(&child.path),
                Some(false) => {}
            }
            let label = self.labels.of(&child.path);
            self.shows(&child.path, label, child.state, child.ready);
            if child.supervisor.is_some() {
                self.spent
                    .entry(Arc::clone(&child.path))
                    .or_insert(Spent { left: None });
            }
        }
    }

    /// The tree has ended: it has no children any more.
    pub(super) fn close(&mut self) {
        self.end();
        self.hide_all();
    }

    fn hide_all(&mut self) {
        for gone in std::mem::take(&mut self.children).into_values() {
            self.hide(&gone);
        }
    }

    /// Nothing follows that could refuse the last command.
    pub(super) fn end(&mut self) {
        if let Some((_, command)) = self.command.take() {
            commanded(command, "accepted");
        }
    }

    /// Whether a budget is partly spent, and recovers as time goes by.
    pub(super) fn has_spent(&self) -> bool {
        !self.spent.is_empty()
    }

    pub(super) fn look_at_budgets(&mut self, tree: &Arc<Tree>) {
        self.end();
        self.spent.retain(|path, spent| {
            let budget = tree.read(|machine| machine.intensity_left(path));
            let Ok(Some((left, of))) = budget else {
                return false;
            };
            if spent.left != Some(left) {
                spent.left = Some(left);
                gauge!(BUDGET, "supervisor" => path::shown(path).to_owned()).set(f64::from(left));
            }
            left < of
        });
    }
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::Graceful => "graceful",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}
fn exited(label: &Arc<str>, reason: &'static str) {
    counter!(EXITS, "child" => label.to_string(), "reason" => reason).increment(1);
}

fn stop_took(label: &Arc<str>, outcome: Outcome, took: Duration) {
    histogram!(STOP, "child" => label.to_string(), "outcome" => outcome.word())
        .record(took.as_secs_f64());
}

fn commanded(command: CommandKind, result: &'static str) {
    counter!(COMMANDS, "command" => command.to_string(), "result" => result).increment(1);
}

fn of_state(label: &Arc<str>, state: ChildState) -> metrics::Gauge {
    gauge!(STATE, "child" => label.to_string(), "state" => state.to_string())
}

fn of_ready(label: &Arc<str>) -> metrics::Gauge {
    gauge!(READY, "child" => label.to_string())
}

fn backoff(label: &Arc<str>) -> metrics::Gauge {
    gauge!(BACKOFF, "child" => label.to_string())
}

fn outcome_of(exit: &ExitRecord) -> Outcome {
    match &exit.kind {
        ExitKind::Aborted | ExitKind::RuntimeGone => Outcome::Aborted,
        ExitKind::TimedOut(limit) if matches!(*limit.ended, ExitKind::Aborted) => Outcome::Aborted,
        _ => Outcome::Graceful,
    }
}

fn reason(kind: &ExitKind) -> &'static str {
    match kind {
        ExitKind::Aborted | ExitKind::RuntimeGone => "aborted",
        ExitKind::Cancelled | ExitKind::NeverStarted => "cancelled",
        ExitKind::Failed(_) | ExitKind::Fatal(_) => "error",
        ExitKind::Ignored | ExitKind::Succeeded => "ok",
        ExitKind::Panicked(_) => "panic",
        ExitKind::TimedOut(_) => "timeout",
    }
}

const fn ended(end: SupervisorEnd) -> &'static str {
    match end {
        SupervisorEnd::AutoShutdown | SupervisorEnd::Declined => "ok",
        SupervisorEnd::GaveUp | SupervisorEnd::StartFailed => "error",
        SupervisorEnd::Killed => "aborted",
        SupervisorEnd::Requested => "cancelled",
    }
}

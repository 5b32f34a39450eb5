//! What follows when an attempt has ended: the decision, the restart, the end for good.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Refusal, Start};
use super::decision::{ExitClass, Verdict, decide};
use super::history::{What, because};
use super::input::{Action, Exit};
use super::node::{Body, Cause, Down, Ending, Ix, Mail, Node, NodeId, Phase, Retry, Sup, Wish};
#[cfg(feature = "recorder")]
use super::recorder::Told;
use super::time::Nanos;
use super::walk::{End, Op, Then};
use super::{Machine, TreePhase};
use crate::event::end::KeptEnd;
use crate::event::exit::ExitKind;
use crate::event::failure::Why;
use crate::event::history::{Because, Decision};
use crate::event::kind::{EventKind, Quarantine};
use crate::shutdown::report::ChildShutdownStatus;
use crate::spec::plan::{Planned, StopPolicy};
use crate::spec::policy::{AutoShutdown, Pool, Readiness};
use crate::task::start_reason::StartReason;

impl Machine {
    /// An attempt has been observed to have ended (I1, I2).
    pub(super) fn exited(&mut self, id: NodeId, generation: u64, mut exit: Exit) {
        let current = self.nodes.find(id).filter(|&ix| {
            let node = &self.nodes[ix];
            node.phase.is_live() && node.generation() == Some(generation)
        });
        let Some(ix) = current else {
            #[cfg(feature = "recorder")]
            self.note_told(|| Told::Exited(id, generation, exit.class, None));
            self.trash.records.extend(exit.end.into_owner());
            return self.stale(self.nodes.find(id));
        };
        let (class, uptime) = (exit.class, self.now.since(self.nodes[ix].since));
        if let Some(down) = self.goes_down_alone(ix) {
            exit.end.ran_for(uptime);
            self.take_note(ix, class, exit.end.clone());
            return self.stopped_in_turn(ix, down, &exit.end);
        }
        let mut record = exit.end.into_record();
        // Nobody else has it yet.
        if let Some(record) = Arc::get_mut(&mut record) {
            record.uptime = uptime;
            self.record_limit(ix, record);
        }
        let phase = self.nodes[ix].phase;
        let was_stuck = matches!(phase, Phase::Stuck(_)).then(|| Arc::clone(&self.nodes[ix].path));
        self.take_note(ix, class, KeptEnd::Record(Arc::clone(&record)));
        if self.restart_in_place(ix, class, &record) {
            return;
        }
        let awaited = self.nodes[ix].flags.awaited;
        match (phase, self.nodes[ix].parent.some()) {
            (Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_), _) => {
                self.resume_context(ix);
            }
            (_, Some(sup)) if awaited => self.context = self.nodes.sup(sup).correlation,
            // Nobody asked for it.
            _ => self.begin_context(),
        }
        self.emit(ix, EventKind::Exited(Arc::clone(&record)));
        let told = self.journal.seq();
        let (decision, kept_as) = match phase {
            Phase::Stopping(Ending::Asked)
            | Phase::Aborting(Ending::Asked)
            | Phase::Stuck(Ending::Asked) => (Decision::Asked, class),
            _ if awaited => (Decision::Absorbed, class),
            Phase::Stopping(Ending::Own(_))
            | Phase::Aborting(Ending::Own(_))
            | Phase::Stuck(Ending::Own(_)) => (Decision::Pending, class),
            Phase::Stopping(_) | Phase::Aborting(_) | Phase::Stuck(_) => {
                (Decision::Pending, ExitClass::Abnormal)
            }
            _ => (Decision::Pending, class),
        };
        self.keep_end(ix, What::Attempt(&record, kept_as), decision);
        self.no_longer_awaited(ix);
        match phase {
            Phase::Stopping(Ending::Asked)
            | Phase::Aborting(Ending::Asked)
            | Phase::Stuck(Ending::Asked) => {
                if self.is_closing() {
                    let status = how_it_stopped(&record.kind, phase, &self.nodes[ix]);
                    self.report_stopped(ix, status);
                }
                self.stopped(ix);
            }
            // The stop that is under way had not come to asking it.
            _ if awaited => {
                self.report_stopped(ix, ChildShutdownStatus::AlreadyExited);
                self.stopped(ix);
            }
            Phase::Starting(cause) => self.ended_while_starting(ix, cause, class),
            Phase::Stopping(ending) | Phase::Aborting(ending) | Phase::Stuck(ending) => {
                if was_stuck.is_some() && self.nodes[ix].flags.reported {
                    self.report_stopped(ix, ChildShutdownStatus::LateReport);
                }
                self.ended_after(ix, ending, class);
            }
            _ => self.ended_by_itself(ix, class),
        }
        self.amend(told, id);
        if let Some(path) = was_stuck {
            self.emit_unstuck(id, &path);
        }
        if self.is_the_last(ix) {
            self.actions.push_back(Action::Release(ix));
        }
    }

    /// Takes note of an end, whatever follows from it.
    #[allow(
        clippy::inline_always,
        reason = "where it is known whether there is a record, half of it is not needed"
    )]
    #[inline(always)]
    #[cfg_attr(
        not(feature = "recorder"),
        expect(unused_variables, reason = "nobody writes it down")
    )]
    fn take_note(&mut self, ix: Ix, class: ExitClass, end: KeptEnd) {
        #[cfg(feature = "recorder")]
        {
            let id = self.nodes.id(ix);
            let generation = self.nodes[ix].generation().unwrap_or(0);
            self.note_told(|| Told::Exited(id, generation, class, Some(end.record())));
        }
        let node = &mut self.nodes[ix];
        if self.now.since(node.ready_since) >= node.policy.backoff_reset {
            node.attempt = 1;
        }
        if let Some(watch) = &mut node.watch {
            watch.attempt_ended();
        }
        let former = node.last.replace(end);
        // One that stands in the history does not go yet.
        let stays = node.history.is_some();
        if let (Some(KeptEnd::Record(former)), false) = (former, stays) {
            self.trash.records.push(former);
        }
    }

    /// Nobody asked for this end; the supervisor decides when it is its turn.
    pub(super) fn ended_by_itself(&mut self, ix: Ix, class: ExitClass) {
        let sup = self.nodes[ix].parent;
        // It is about this child alone, so the order in which others end does not matter.
        let alone = self.is_taken_up_alone(sup, ix);
        self.set_phase(ix, Phase::Exited(class));
        let at = self.now;
        if alone {
            self.decide(sup, ix, at);
        } else {
            let ended = Mail::Ended(self.nodes.attempt(ix), at);
            self.mail(sup, ended);
        }
    }

    /// Whether the supervisor would take up the end of the child at once, and for it alone.
    #[inline]
    pub(super) fn is_taken_up_alone(&self, sup: Ix, ix: Ix) -> bool {
        let node = &self.nodes[sup];
        let idle = |sup: &Sup| matches!(sup.op, Op::Up) && sup.inbox.is_empty() && !sup.scheduled;
        matches!(node.phase, Phase::Running)
            && node.sup().is_some_and(idle)
            && self.retry_by_strategy(sup, ix) == Retry::Alone
    }

    /// The attempt ended because it was made to.
    pub(super) fn ended_after(&mut self, ix: Ix, ending: Ending, class: ExitClass) {
        match ending {
            Ending::Asked => self.stopped(ix),
            Ending::Killed(None) => self.ended_by_itself(ix, ExitClass::Abnormal),
            Ending::TimedOut(_, None) => self.ended_by_itself(ix, class.of_a_timeout()),
            Ending::Killed(Some(cause)) | Ending::TimedOut(_, Some(cause)) => {
                self.start_failed(ix, cause, ending.why());
            }
            Ending::Own(None) => self.ended_by_itself(ix, class),
            Ending::Own(Some(cause)) => self.ended_while_starting(ix, cause, class),
        }
    }

    fn ended_while_starting(&mut self, ix: Ix, cause: Cause, class: ExitClass) {
        let completes = self.nodes[ix].policy.readiness == Readiness::Completed;
        match class {
            ExitClass::Ignored if self.nodes[ix].policy.decides => {
                let sup = self.nodes[ix].parent;
                self.set_phase(ix, Phase::Down(Down::Ignored));
                self.stop_children(sup, End::Declined);
            }
            ExitClass::Ignored => self.start_declined(ix),
            ExitClass::Normal if completes => {
                let sup = self.nodes[ix].parent;
                let answer = Ok(Start::Completed);
                self.set_phase(ix, Phase::Down(Down::Finished));
                self.becomes_ready(ix, Some(EventKind::Ready));
                self.settled(ix, &answer);
                self.pass_start(ix);
                self.decided(ix, Decision::Finished(Because::Normal));
                self.ended_for_good(sup, ix);
            }
            ExitClass::Abnormal | ExitClass::Fatal | ExitClass::Normal => {
                self.start_failed(ix, cause, Why::StartFailed);
            }
        }
    }

    /// The supervisor takes up an end, or a failed start (I4, I5).
    pub(super) fn decide(&mut self, sup: Ix, ix: Ix, at: Nanos) {
        let (verdict, retry, because) = match self.nodes[ix].phase {
            Phase::Exited(class) => {
                let restart = self.nodes[ix].policy.restart;
                let retry = self.retry_by_strategy(sup, ix);
                (decide(restart, class), retry, because(restart, class))
            }
            Phase::Failed(retry) => {
                let last = self.nodes[ix].last.as_ref();
                let fatal = last.is_some_and(|end| end.class() == ExitClass::Fatal);
                let verdict = if fatal {
                    Verdict::GiveUp
                } else {
                    Verdict::Restart
                };
                (verdict, retry, Because::StartFailed)
            }
            // Taken up by something else in the meantime.
            _ => return,
        };
        match verdict {
            Verdict::Leave => {
                let gave_up = self.nodes[ix]
                    .sup()
                    .is_some_and(|sup| sup.failure.is_some());
                if gave_up {
                    self.becomes_unready(ix);
                    self.set_phase(ix, Phase::Down(Down::Failed));
                    self.emit(ix, EventKind::Finished);
                } else {
                    self.set_phase(ix, Phase::Down(Down::Finished));
                    // A supervisor has not been since its children have gone.
                    self.becomes_ready(ix, Some(EventKind::Finished));
                }
                self.decided(ix, Decision::Finished(because));
                self.ended_for_good(sup, ix);
            }
            Verdict::Forget => {
                self.set_phase(ix, Phase::Down(Down::Finished));
                self.emit(ix, EventKind::Finished);
                self.ended_for_good(sup, ix);
            }
            Verdict::GiveUp => self.exhausted(sup, ix, retry, Quarantine::Fatal),
            Verdict::Restart => match self.count_restart(sup, ix) {
                Ok(()) => self.restart_after_delay(sup, ix, (retry, because), at),
                Err(reason) => self.exhausted(sup, ix, retry, reason),
            },
        }
    }

    /// Starts a child again whose restart has been counted.
    fn restart_after_delay(&mut self, sup: Ix, ix: Ix, how: (Retry, Because), at: Nanos) {
        let (retry, because) = how;
        let delay = self.delay(ix);
        let due = at.after(delay);
        self.becomes_unready(ix);
        self.set_phase(ix, Phase::Failed(retry));
        let exit = self.nodes[ix].last.as_ref().map(KeptEnd::record);
        self.emit(ix, EventKind::Restarting { delay, exit });
        self.decided(ix, retry.decision(because, delay));
        self.warn_of_budget(sup, ix);
        self.nodes[ix].next_reason = Some(StartReason::Restart);
        if retry == Retry::Group {
            self.emit(sup, EventKind::GroupStopping);
        }
        self.restart(sup, ix, retry, due);
    }

    /// Starts a failed child again, when it is due.
    pub(super) fn restart(&mut self, sup: Ix, ix: Ix, retry: Retry, due: Nanos) {
        self.set_phase(ix, Phase::Failed(retry));
        match retry {
            Retry::Group => self.stop_group(sup, ix, due),
            Retry::Alone | Retry::First if due > self.now => {
                self.set_phase(ix, Phase::Backoff(retry));
                self.set_deadline(ix, due);
            }
            Retry::Alone => self.start_one(sup, ix, Cause::Alone),
            Retry::First => self.continue_first_start(sup),
        }
    }

    /// Stops what a restart takes along; it starts when the child that failed is due.
    pub(super) fn stop_group(&mut self, sup: Ix, culprit: Ix, due: Nanos) {
        let scope = self.scope(sup, culprit);
        let state = self.nodes.sup_mut(sup);
        // What another restart has left behind starts with this one.
        let covered = |mail: &Mail| matches!(mail, Mail::Rest(rest) if scope.covers(*rest));
        state.inbox.retain(|letter| !covered(&letter.mail));
        let stopping = Op::Stopping {
            next: state.last,
            scope,
            manner: self.manner(sup),
            then: Then::Start { culprit, due },
        };
        self.begin_operation(sup, stopping);
        self.schedule(sup);
    }

    /// Back-off with half jitter: uniform in the upper half.
    fn delay(&mut self, ix: Ix) -> Duration {
        let node = &self.nodes[ix];
        let ceiling = node.policy.backoff.ceiling(node.attempt);
        if ceiling.is_zero() {
            return ceiling;
        }
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.u64(nanos / 2..=nanos))
    }

    /// A child has ended by itself and is not started again: is that the end of more (R46, R47)?
    fn ended_for_good(&mut self, sup: Ix, ix: Ix) {
        if matches!(self.nodes[ix].wish, Wish::Start(_)) {
            // Somebody has asked for it in the meantime.
            return;
        }
        let significant = self.nodes[ix].policy.significant;
        if self.is_forgotten_when_down(ix) {
            self.forget(ix);
        }
        let state = self.nodes.sup(sup);
        let over = significant
            && match state.policy.auto_shutdown {
                AutoShutdown::AnySignificant => true,
                AutoShutdown::AllSignificant => state.busy_significant == 0,
                AutoShutdown::AllEnded | AutoShutdown::Never => false,
            };
        if over {
            return self.stop_children(sup, End::AutoShutdown);
        }
        self.check_all_ended(sup);
    }

    /// Removes a child that does not run from its supervisor.
    pub(super) fn forget(&mut self, ix: Ix) {
        let sup = self.nodes[ix].parent;
        self.set_phase(ix, Phase::Down(Down::Removed));
        self.nodes[ix].wish = Wish::None;
        self.nodes[ix].flags.marked = false;
        self.nodes[ix].operation = crate::control::outcome::ChildControlOperation::Active;
        self.nodes.unlink(ix);
        self.emit(ix, EventKind::Removed);
        self.settled(ix, &Err(Refusal::Interrupted));
        if self.nodes[ix].flags.is_static {
            self.nodes.sup_mut(sup).incomplete = true;
        } else {
            self.unlink_dependencies(ix);
            self.dispose(ix);
        }
        self.check_ready(sup);
        self.check_all_ended(sup);
        self.schedule(sup);
    }

    /// Gives up the node of a child that has left the tree, and everything below it.
    pub(super) fn dispose(&mut self, ix: Ix) {
        let mut going = vec![ix];
        while let Some(ix) = going.pop() {
            if let Body::Supervisor(sup) = &mut self.nodes[ix].body {
                let (failure, statics) = (sup.failure.take(), std::mem::take(&mut sup.statics));
                let mut next = std::mem::replace(&mut sup.first, Ix::NONE);
                self.trash.failures.extend(failure);
                going.extend(statics.iter().filter(|&&ix| !self.nodes[ix].flags.linked));
                while let Some(child) = next.some() {
                    going.push(child);
                    next = self.nodes[child].next;
                }
            }
            // Whoever it was after, or was after it, goes with it.
            self.nodes[ix].links = None;
            if self.nodes[ix].phase.is_live() {
                // Stuck: its path stays fenced until it has physically gone. Another may be declared
                // there.
                self.nodes[ix].parent = Ix::NONE;
                self.nodes[ix].flags.linked = false;
                self.nodes[ix].flags.is_static = false;
                continue;
            }
            // Its supervisor's place may be used again, by one that has other children.
            self.nodes[ix].flags.linked = false;
            self.nodes[ix].phase = Phase::Down(Down::Removed);
            self.publish(ix);
            self.nodes[ix].flags.is_static = false;
            let starts = self.nodes[ix].starts;
            self.fences.remember(&self.nodes[ix].path, starts);
            if self.index.find(&self.nodes[ix].path, &self.nodes) == Some(ix) {
                self.index.remove(ix, &self.nodes);
                self.hand_over_path(ix);
            }
            let last = self.nodes[ix].last.take();
            self.trash
                .records
                .extend(last.and_then(KeptEnd::into_owner));
            self.forget_ends(ix);
            self.drop_new_code(ix);
            self.deadlines.clear(&mut self.nodes, ix);
            self.actions.push_back(Action::Release(ix));
            if !self.nodes[ix].flags.driven {
                self.nodes.free(ix);
            }
        }
    }

    /// The task of a node has gone, and everything it owned with it.
    pub(super) fn released(&mut self, id: NodeId) {
        let Some(ix) = self.nodes.find(id) else {
            return self.stale(None);
        };
        let node = &mut self.nodes[ix];
        let was_driven = std::mem::take(&mut node.flags.driven);
        if node.phase == Phase::Down(Down::Removed) && !node.flags.is_static {
            self.nodes.free(ix);
        }
        self.driven -= usize::from(was_driven);
        self.put_away();
    }

    /// Values of users must not be dropped here.
    pub(super) fn discard(&mut self, planned: Planned) {
        let bodies = planned.nodes.into_iter().map(|node| node.body);
        self.trash.bodies.extend(bodies);
    }

    pub(super) fn tree_ended_while_starting(&self) {
        debug_assert!(
            matches!(self.phase, TreePhase::Ended(_)),
            "only the root has no parent"
        );
    }

    #[inline]
    fn retry_by_strategy(&self, sup: Ix, ix: Ix) -> Retry {
        let policy = &self.nodes.sup(sup).policy;
        if policy.pool == Pool::Off && self.takes_others_along(policy.strategy, ix) {
            Retry::Group
        } else {
            Retry::Alone
        }
    }
}

/// The status that the report of a shutdown gives a child.
pub(super) fn how_it_stopped(kind: &ExitKind, phase: Phase, node: &Node) -> ChildShutdownStatus {
    match phase {
        Phase::Stuck(_) => ChildShutdownStatus::LateReport,
        _ if matches!(kind, ExitKind::RuntimeGone) => ChildShutdownStatus::Aborted,
        Phase::Aborting(_) if node.flags.cut_short => ChildShutdownStatus::CutShort,
        // However it has ended: one that could hear the request had not by then.
        Phase::Aborting(_) if node.policy.stop != StopPolicy::Drop => ChildShutdownStatus::Aborted,
        _ if kind.is_failure() => ChildShutdownStatus::Failed,
        _ => ChildShutdownStatus::Graceful,
    }
}

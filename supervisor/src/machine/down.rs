//! What follows when a supervisor has ended: for what it was still asked, and for its parent (I5).

use super::Machine;
use super::answer::Refusal;
use super::decision::ExitClass;
use super::history::What;
use super::input::{Command, Token};
use super::node::{Down, Ending, Ix, Mail, Phase};
use super::time::Nanos;
use super::walk::{End, Op};
use crate::event::failure::Why;
use crate::event::history::Decision;
use crate::event::kind::{EventKind, SupervisorEnd};

impl Machine {
    /// A supervisor has ended; what it means is for its parent to say.
    pub(super) fn supervisor_down(&mut self, sup: Ix, end: End) {
        let state = self.nodes.sup_mut(sup);
        state.op = Op::Down;
        state.end_by = Nanos::NEVER;
        let inbox = std::mem::take(&mut state.inbox);
        for letter in inbox {
            match letter.mail {
                Mail::Command(token, command) => {
                    let context = std::mem::replace(&mut self.context, letter.correlation);
                    self.refuse(token, command, Refusal::ShuttingDown);
                    self.context = context;
                }
                Mail::Change
                | Mail::Due(_)
                | Mail::Ended(..)
                | Mail::Failed(..)
                | Mail::FirstStart
                | Mail::Rest(_)
                | Mail::Start(_)
                | Mail::Stop => {}
            }
        }
        self.change_while_down(sup);
        self.emit(sup, EventKind::SupervisorEnded(end.public()));
        let (told, id) = (self.journal.seq(), self.nodes.id(sup));
        self.has_ended(sup, end);
        self.amend(told, id);
    }

    /// What the end of a supervisor means for its parent.
    fn has_ended(&mut self, sup: Ix, end: End) {
        let class = match end {
            End::Killed => ExitClass::Abnormal,
            End::Declined => ExitClass::Ignored,
            End::AutoShutdown | End::GaveUp(_) | End::Requested | End::StartFailed(_) => {
                ExitClass::Normal
            }
        };
        let phase = self.nodes[sup].phase;
        if sup == Ix::ROOT {
            self.report_stuck();
            self.set_phase(sup, Phase::Down(Down::Finished));
            self.becomes_unready(sup);
            self.end_tree(end);
            return;
        }
        let awaited = self.nodes[sup].flags.awaited;
        self.no_longer_awaited(sup);
        let decision = match phase {
            Phase::Stopping(Ending::Asked) | Phase::Aborting(Ending::Asked) => Decision::Asked,
            _ if awaited => Decision::Absorbed,
            _ => Decision::Pending,
        };
        let failure = self.nodes.sup(sup).failure.clone();
        self.keep_end(sup, What::Supervisor(failure.as_ref()), decision);
        match phase {
            // The stop of its parent had not come to asking it.
            _ if awaited => self.stopped(sup),
            Phase::Starting(_) if class == ExitClass::Ignored => self.start_declined(sup),
            Phase::Starting(cause) => self.start_failed(sup, cause, Why::StartFailed),
            Phase::Running => self.ended_by_itself(sup, class),
            Phase::Stopping(ending) | Phase::Aborting(ending) | Phase::Stuck(ending) => {
                self.ended_after(sup, ending, ExitClass::Normal);
            }
            Phase::Down(_)
            | Phase::Waiting(_)
            | Phase::Backoff(_)
            | Phase::Failed(_)
            | Phase::Exited(_) => {}
        }
    }

    pub(super) fn refuse(&mut self, token: Token, command: Command, why: Refusal) {
        if let Command::Add(_, planned, _) = command {
            self.discard(*planned);
        }
        self.answer(token, Err(why));
    }
}

impl End {
    pub(super) const fn public(&self) -> SupervisorEnd {
        match self {
            Self::AutoShutdown => SupervisorEnd::AutoShutdown,
            Self::Declined => SupervisorEnd::Declined,
            Self::GaveUp(_) => SupervisorEnd::GaveUp,
            Self::Killed => SupervisorEnd::Killed,
            Self::Requested => SupervisorEnd::Requested,
            Self::StartFailed(_) => SupervisorEnd::StartFailed,
        }
    }
}

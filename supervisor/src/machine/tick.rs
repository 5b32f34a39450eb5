//! What becomes of whoever has waited until its deadline.

use super::Machine;
use super::input::Action;
use super::node::{Mail, Phase};

impl Machine {
    /// Everything whose deadline has passed.
    pub(super) fn tick(&mut self) {
        while self.steps_left > 0 {
            let Some(ix) = self.deadlines.pop_due(&mut self.nodes, self.now) else {
                return;
            };
            self.steps_left -= 1;
            self.resume_context(ix);
            match self.nodes[ix].phase {
                Phase::Starting(_) if self.nodes[ix].sup().is_some() && !self.comes_down(ix) => {
                    self.waited_long(ix);
                }
                Phase::Backoff(retry) => {
                    self.set_phase(ix, Phase::Failed(retry));
                    let due = Mail::Due(self.nodes.attempt(ix));
                    self.mail(self.nodes[ix].parent, due);
                }
                Phase::Starting(_) | Phase::Running | Phase::Stopping(_)
                    if self.nodes[ix].sup().is_some() =>
                {
                    self.end_overdue(ix);
                }
                Phase::Starting(cause) => self.start_overdue(ix, cause),
                Phase::Running => self.running_overdue(ix),
                // It is looked at whether it can be blamed.
                Phase::Stopping(_) => self.actions.push_back(Action::Overdue(ix)),
                // It is looked at once more, and then given up.
                Phase::Aborting(_) => self.actions.push_back(Action::Sample(ix)),
                Phase::Down(_)
                | Phase::Waiting(_)
                | Phase::Failed(_)
                | Phase::Exited(_)
                | Phase::Stuck(_) => {}
            }
        }
    }
}

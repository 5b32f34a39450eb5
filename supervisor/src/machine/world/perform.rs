//! How the actions of the machine are carried out where there is no runtime.

use std::sync::Arc;

use super::{Attempt, Said, Want, World};
use crate::control::answer::explain;
use crate::machine::answer::Answer;
use crate::machine::input::{Action, Input, Token};
use crate::machine::node::Ix;
use crate::machine::watch::{Members, Sample};
use crate::machine::{ABORT_BUDGET, STEPS, Trash};

/// So many turns are enough for everything that a test has going on.
const TURNS: u32 = 20_000;

impl World {
    /// Tells the machine something, and lets it finish.
    pub(in crate::machine) fn tell(&mut self, input: Input) {
        self.machine.handle(self.now, input);
        self.settle();
    }

    /// Lets the next call make only so many steps; others come before the rest is done.
    pub fn interrupt(&mut self, steps: u32) {
        self.machine.steps = steps;
    }

    /// Whether a call was interrupted.
    pub fn has_more(&self) -> bool {
        self.machine.has_more()
    }

    /// Lets the machine do the rest.
    pub fn resume(&mut self) {
        self.machine.steps = STEPS;
        if self.machine.has_more() {
            self.machine.resume();
            self.settle();
        }
    }

    /// Lets the machine finish, unless it is interrupted.
    pub(super) fn settle(&mut self) {
        for turn in 0.. {
            assert!(turn < TURNS, "it goes on for ever");
            let given = std::mem::replace(&mut self.machine.steps, STEPS);
            let steps = given - self.machine.steps_left;
            self.steps += u64::from(steps);
            self.longest = self.longest.max(steps);
            while let Some(action) = self.machine.poll_action() {
                self.perform(action);
            }
            self.machine.swap_trash(&mut Trash::default());
            if !self.machine.has_more() || given < STEPS {
                return;
            }
            // Others may look at the tree now. A large one is not looked at in every step.
            if self.live.len() < 512 && self.machine.journal().seq() < 4_096 {
                self.check_fold();
            }
            // What has been answered so far may be otherwise after that.
            self.told = None;
            self.machine.resume();
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Admit(..) | Action::Watch(_) => {}
            Action::Answer(Token(ticket), answer) => {
                // Whom it was addressed to is known to the one who asked.
                let error = |refusal| explain(refusal, "", "");
                if let Ok(Answer::Child(told)) = &*answer {
                    self.told = Some((ticket, told.clone()));
                }
                let answer = (*answer).map(Said::from).map_err(error);
                let former = self.answers.insert(ticket, answer);
                assert!(former.is_none(), "I7: {ticket} is answered twice");
            }
            Action::Start(ix) => self.begin(ix),
            Action::Overdue(ix) | Action::Sample(ix) if self.take_excuse(ix) => {
                let again = self.now.after(ABORT_BUDGET);
                self.machine.look_again(ix, again);
            }
            Action::Overdue(ix) => self.machine.overdue(ix),
            Action::Sample(ix) => self.sample(ix),
            Action::Stop(ix) => {
                self.want(ix, Want::Stop);
                self.sample(ix);
            }
            Action::Abort(ix) => {
                self.want(ix, Want::Abort);
                self.sample(ix);
            }
            Action::Release(ix) => {
                self.released.extend(self.drivers.get(&ix));
                let path = Arc::clone(&self.machine.node(ix).path);
                match self.live.get_mut(&path) {
                    Some(attempt) if attempt.id.ix == ix => attempt.released = true,
                    _ => self.driver_gone(ix),
                }
            }
        }
    }

    fn begin(&mut self, ix: Ix) {
        let is_released = self.released.contains(&self.machine.id(ix));
        assert!(
            !is_released,
            "a child is started whose task has been let go"
        );
        self.drivers.insert(ix, self.machine.id(ix));
        self.machine.driven(ix);
        let node = self.machine.node(ix);
        let path = Arc::clone(&node.path);
        let attempt = Attempt {
            id: self.machine.id(ix),
            generation: node.generation().expect("a start has been counted"),
            number: node.attempt,
            asked: false,
            aborted: false,
            polls: 0,
            beat: false,
            starved: false,
            released: false,
        };
        let former = self.live.insert(Arc::clone(&path), attempt);
        assert_eq!(former, None, "I1: `{path}` lives already");
        self.wants.push_back((path, Want::Start));
    }

    /// Whether the attempt cannot be blamed for being overdue.
    fn take_excuse(&mut self, ix: Ix) -> bool {
        let attempt = self.live.get_mut(&self.machine.node(ix).path);
        attempt.is_some_and(|attempt| attempt.id.ix == ix && std::mem::take(&mut attempt.starved))
    }

    /// The runtime looks at the attempt.
    fn sample(&mut self, ix: Ix) {
        let path = Arc::clone(&self.machine.node(ix).path);
        let Some(attempt) = self.live.get_mut(&path) else {
            return;
        };
        if attempt.id.ix == ix {
            let seen = Sample {
                beat: std::mem::take(&mut attempt.beat),
                polls: attempt.polls,
                members: Members::default(),
            };
            self.machine.sampled(attempt.id, attempt.generation, seen);
        }
    }

    fn want(&mut self, ix: Ix, want: Want) {
        let path = Arc::clone(&self.machine.node(ix).path);
        let Some(attempt) = self.live.get_mut(&path) else {
            return;
        };
        if want != Want::Start && self.machine.is_the_last(ix) {
            // Its task goes with it.
            self.released.extend(self.drivers.get(&ix));
        }
        match want {
            Want::Abort => attempt.aborted = true,
            Want::Stop => attempt.asked = true,
            Want::Start => {}
        }
        self.wants.push_back((path, want));
    }

    pub(super) fn driver_gone(&mut self, ix: Ix) {
        if let Some(id) = self.drivers.remove(&ix) {
            self.machine.observe(self.now, Input::Released(id));
        }
    }
}

//! What a test lets the children do.

use std::time::Duration;

use super::{Ends, World};
use crate::machine::input::Input;

impl World {
    /// Ends the live attempt of a path; false when there is none.
    pub fn exit(&mut self, path: &str, how: Ends) -> bool {
        self.exit_together(&[(path, how)])
    }

    /// Ends several attempts before any supervisor goes on.
    ///
    /// Does nothing, and answers false, when one of them does not live.
    pub fn exit_together(&mut self, ends: &[(&str, Ends)]) -> bool {
        if ends.iter().any(|(path, _)| !self.live.contains_key(*path)) {
            return false;
        }
        for &(path, how) in ends {
            let Some(attempt) = self.live.remove(path) else {
                continue;
            };
            let exit = Self::record(attempt, how);
            self.former = Some(attempt);
            self.machine.observe(
                self.now,
                Input::Exited(attempt.id, attempt.generation, exit),
            );
            if attempt.released {
                self.driver_gone(attempt.id.ix);
            }
        }
        self.machine.resume();
        self.settle();
        true
    }

    /// A poll of the live attempt of a path begins, or ends; false when there is none.
    pub fn turn_poll(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.map(|attempt| attempt.polls += 1).is_some()
    }

    /// The live attempt of a path beats; false when there is none.
    pub fn beat(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.map(|attempt| attempt.beat = true).is_some()
    }

    /// The live attempt of a path is ready; false when there is none.
    pub fn ready(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Ready(attempt.id, attempt.generation));
        true
    }

    /// The live attempt of a path is coming to its end, and some of it is left; false when there is
    /// none.
    pub fn ending(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Ending(attempt.id, attempt.generation));
        true
    }

    /// No thread comes to the live attempt of a path; false when there is none.
    pub fn starve(&mut self, path: &str) -> bool {
        let attempt = self.live.get_mut(path);
        attempt.is_some_and(|attempt| !std::mem::replace(&mut attempt.starved, true))
    }

    /// The live attempt of a path has been inside one poll for this long; false when there is none.
    pub fn stalled(&mut self, path: &str, at_least: Duration) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Stalled(attempt.id, attempt.generation, at_least));
        true
    }

    /// It has left that poll; false when there is none.
    pub fn unstalled(&mut self, path: &str) -> bool {
        let Some(&attempt) = self.live.get(path) else {
            return false;
        };
        self.tell(Input::Unstalled(attempt.id, attempt.generation));
        true
    }
}

//! The machine under every input that is possible, and under random ones.
//!
//! After every step the machine is checked from inside (`World::check`), and its events from
//! outside. A failure is printed as the body of a test of the machine, which can be kept.
//!
//! `MODEL_SECONDS` says for how long each of the two goes on; `MODEL_SEED` where the random one
//! begins.

mod every;
mod player;
mod random;
mod rules;
mod tree;

use std::time::{Duration, Instant};

use crate::player::Failure;

/// How long an exploration may take, and since when it does.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    began: Instant,
    whole: Duration,
}

impl Budget {
    pub(crate) fn from_environment() -> Self {
        let seconds = std::env::var("MODEL_SECONDS").ok();
        let seconds = seconds.and_then(|seconds| seconds.parse().ok());
        Self {
            began: Instant::now(),
            whole: Duration::from_secs(seconds.unwrap_or(20)),
        }
    }

    /// The part of what is left that one of so many may use.
    pub(crate) fn share(&self, of: usize) -> Self {
        let left = self.whole.saturating_sub(self.began.elapsed());
        Self {
            began: Instant::now(),
            whole: left / u32::try_from(of.max(1)).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.began.elapsed() >= self.whole
    }
}

#[test]
fn no_sequence_of_inputs_to_a_small_tree_breaks_a_rule() {
    let explored = every::explore(Budget::from_environment());
    eprintln!("{explored}");
}

#[test]
fn no_random_script_on_a_random_tree_breaks_a_rule() {
    let ran = random::run(Budget::from_environment());
    eprintln!("{ran}");
}

/// Ends the test with what can be read, and kept.
pub(crate) fn fail(failure: &Failure) -> ! {
    panic!("{failure}");
}

//! The machine under every input that is possible, and under random ones.
//!
//! After every step the machine is checked from inside (`World::check`), and its events from
//! outside. A failure is printed as the body of a test of the machine, which can be kept.
//!
//! `MODEL_STATES` says how many distinct states are looked for, `MODEL_SECONDS` for how long random
//! scripts are played, `MODEL_SEED` where those begin. CI asks for a million states, with the
//! profile `model`: `.ci/run`.

mod every;
mod player;
mod random;
mod rules;
mod tree;

use std::time::{Duration, Instant};

use crate::player::Failure;

/// How long random scripts are played, and since when they are.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    began: Instant,
    whole: Duration,
}

impl Budget {
    pub(crate) fn from_environment() -> Self {
        Self {
            began: Instant::now(),
            whole: Duration::from_secs(number("MODEL_SECONDS").unwrap_or(5)),
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.began.elapsed() >= self.whole
    }
}

#[test]
fn no_sequence_of_inputs_to_a_small_tree_breaks_a_rule() {
    let states = number("MODEL_STATES").unwrap_or(10_000);
    let explored = every::explore(usize::try_from(states).expect("a number of states"));
    println!("{explored}");
    assert!(
        explored.states as u64 >= states,
        "there are only {explored}"
    );
}

#[test]
fn no_random_script_on_a_random_tree_breaks_a_rule() {
    let ran = random::run(Budget::from_environment());
    println!("{ran}");
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}: {text}")),
    )
}

/// Ends the test with what can be read, and kept.
pub(crate) fn fail(failure: &Failure) -> ! {
    panic!("{failure}");
}

//! The machine under every input that is possible, and under random ones.
//!
//! After every step the machine is checked from inside (`World::check`), and its events from
//! outside. A failure is printed as the body of a test of the machine, which can be kept.
//!
//! `MODEL_STATES` says how many distinct states are looked for, `MODEL_ROUNDS` how many rounds of
//! random scripts are played, or `MODEL_SECONDS` for how long, and `MODEL_SEED` where those begin.
//! CI asks for a million states, with the profile `model`: `.ci/run`.

mod every;
mod player;
mod random;
mod rules;
mod shrink;
mod tree;

use std::time::{Duration, Instant};

use crate::player::Failure;

/// How many rounds of random scripts are played.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    /// The same ones each time, however fast the machine is.
    Rounds(u64),
    Until(Instant),
}

impl Budget {
    pub(crate) fn from_environment() -> Self {
        match number("MODEL_SECONDS") {
            Some(seconds) => Self::Until(Instant::now() + Duration::from_secs(seconds)),
            None => Self::Rounds(number("MODEL_ROUNDS").unwrap_or(20)),
        }
    }

    pub(crate) fn is_spent(self, rounds: u64) -> bool {
        match self {
            Self::Rounds(all) => rounds >= all,
            Self::Until(end) => Instant::now() >= end,
        }
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
pub(crate) fn fail(failure: Failure) -> ! {
    panic!("{}", shrink::shrink(failure));
}

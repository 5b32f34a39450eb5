//! What is told when a supervisor gives up: the tree of causes.

use std::sync::Arc;

use super::*;
use crate::event::failure::{CausedBy, Failure, Why};
use crate::spec::policy::{Intensity, OnStuck};

fn limit(restarts: u32) -> Intensity {
    Intensity::new(restarts, secs(60))
}

fn failure(world: &mut World) -> Arc<Failure> {
    obey(world);
    world.failure().expect("it gave up")
}

/// The causes of a failure: whose, which generation, and when.
fn causes(failure: &Failure) -> Vec<(&str, Option<u64>, u64)> {
    let causes = failure.causes.iter();
    causes
        .map(|cause| (&*cause.child, cause.generation, cause.at.as_secs()))
        .collect()
}

#[test]
fn the_restarts_that_spent_the_intensity_are_all_told_in_order_of_time() {
    let spec = SupervisorSpec::root(workers(&["db", "eu", "us"])).intensity(limit(3));
    let mut world = started(spec);
    for path in ["db", "us", "eu", "db"] {
        world.advance(secs(1));
        world.exit(path, Ends::Failed);
    }
    let failure = failure(&mut world);
    let expected = [
        ("db", Some(0), 1),
        ("us", Some(0), 2),
        ("eu", Some(0), 3),
        ("db", Some(1), 4),
    ];
    assert_eq!(causes(&failure), expected);
    assert_eq!(failure.omitted, 0);
    assert_eq!((&*failure.supervisor, failure.at), ("/", secs(4)));
    assert_eq!(failure.why, Why::Intensity(limit(3)));
    assert_eq!(failure.first_cause().at, secs(1));
    assert_eq!(failure.decisive().generation, Some(1));
    let CausedBy::Attempt(exit) = &failure.first_cause().end else {
        panic!("{failure}");
    };
    assert_eq!(exit.error().expect("it failed").to_string(), "failed");
    assert_eq!(
        failure.to_string(),
        "`/` gave up: more than 3 restarts in 60s
  - first cause: `db` error: failed
  - `us` error: failed
  - `eu` error: failed
  - `db` error: failed"
    );
}

#[test]
fn what_has_left_the_window_is_no_cause() {
    let spec = SupervisorSpec::root(workers(&["a", "b"])).intensity(limit(1));
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    world.advance(secs(100));
    world.exit("a", Ends::Failed);
    world.exit("a", Ends::Panicked);
    let failure = failure(&mut world);
    let expected = [("a", Some(0), 100), ("a", Some(1), 100)];
    assert_eq!(causes(&failure), expected);
    let text = failure.to_string();
    assert!(
        text.ends_with("error: failed\n  - `a` panicked: panicked"),
        "{text}"
    );
}

#[test]
fn of_many_causes_the_first_and_the_last_are_kept_and_the_others_counted() {
    let spec = SupervisorSpec::root(workers(&["a", "b"])).intensity(limit(100));
    let mut world = started(spec);
    world.exit("b", Ends::Panicked);
    for _ in 0..100 {
        world.exit("a", Ends::Failed);
    }
    let failure = failure(&mut world);
    assert_eq!((failure.causes.len(), failure.omitted), (8, 93));
    assert_eq!(&*failure.first_cause().child, "b");
    assert_eq!(
        failure.to_string(),
        "`/` gave up: more than 100 restarts in 60s
  - first cause: `b` panicked: panicked
  - (93 more)
  - `a` error: failed (7 times)"
    );
}

#[test]
fn without_a_history_the_decisive_end_is_told_and_the_others_are_counted() {
    let spec = SupervisorSpec::root(workers(&["a"])).intensity(limit(5));
    let mut world = started(spec.history(0));
    for _ in 0..6 {
        world.exit("a", Ends::Failed);
    }
    let failure = failure(&mut world);
    assert_eq!(causes(&failure), [("a", Some(5), 0)]);
    assert_eq!(failure.omitted, 5);
    let text = failure.to_string();
    assert!(
        text.ends_with("first cause: `a` error: failed\n  - (5 more)"),
        "{text}"
    );
}

/// Two levels, each of which accepts one restart.
fn nested() -> World {
    let inner = SupervisorSpec::root(workers(&["x", "y"])).intensity(limit(1));
    let sub = ChildSpec::supervisor("sub", inner).backoff(Backoff::none());
    started(SupervisorSpec::root(vec![worker("a"), sub]).intensity(limit(1)))
}

#[test]
fn the_failures_of_supervisors_below_are_told_with_their_own_causes() {
    let mut world = nested();
    for path in ["sub/y", "sub/x", "sub/x", "sub/x"] {
        world.advance(secs(1));
        world.exit(path, Ends::Failed);
        obey(&mut world);
    }
    let failure = failure(&mut world);
    assert_eq!(
        failure.to_string(),
        "`/` gave up: more than 1 restarts in 60s
  - `sub` gave up: more than 1 restarts in 60s
    - first cause: `sub/y` error: failed
    - (1 more)
  - `sub` gave up: more than 1 restarts in 60s
    - `sub/x` error: failed (2 times)"
    );
    let first = failure.first_cause();
    assert_eq!((&*first.child, first.at), ("sub/y", secs(1)));
    assert_eq!(&*failure.decisive().child, "sub");
}

#[test]
fn an_end_that_must_not_be_tried_again_is_the_only_cause() {
    let mut world = nested();
    world.exit("sub/x", Ends::Failed);
    world.exit("sub/x", Ends::Fatal);
    obey(&mut world);
    world.exit("a", Ends::Fatal);
    let failure = failure(&mut world);
    assert_eq!(failure.causes.len(), 1);
    assert_eq!(
        failure.to_string(),
        "`/` gave up: `a` must not be restarted\n  - first cause: `a` fatal error: fatal"
    );
}

#[test]
fn a_stuck_child_is_a_cause_with_what_it_was_doing() {
    let spec = vec![worker("a"), worker("b").on_stuck(OnStuck::Escalate)];
    let mut world = started(SupervisorSpec::root(spec));
    world.turn_poll("b");
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.advance(secs(6));
    let first = "first cause: `b` could not be ended: inside one poll for at least 6.0s";
    obey(&mut world);
    let text = failure(&mut world).to_string();
    assert_eq!(text, format!("`/` gave up: `b` is stuck\n  - {first}"));
}

#[test]
fn a_first_start_that_cannot_be_ended_is_told_with_what_it_was_doing() {
    let mut world = started(SupervisorSpec::root(vec![
        explicit("a").ready_within(secs(1)),
    ]));
    world.turn_poll("a");
    world.advance(secs(10));
    assert!(world.is_over());
    let text = failure(&mut world).to_string();
    assert_eq!(
        text,
        "`a` was not ready in time\n  - first cause: `a` could not be ended: inside one poll for \
         at least 6.0s"
    );
}

#[test]
fn what_is_kept_of_failures_of_failures_is_bounded() {
    fn count(failure: &Failure) -> usize {
        let below = |end: &CausedBy| match end {
            CausedBy::Supervisor(Some(failure)) => count(failure),
            _ => 1,
        };
        let causes = failure.causes.iter();
        1 + causes.map(|cause| below(&cause.end)).sum::<usize>()
    }
    // Each level gives up after eight failures of the one below.
    let mut spec = SupervisorSpec::root(workers(&["x"])).intensity(limit(7));
    let mut path = "x".to_owned();
    for _ in 0..2 {
        let sub = ChildSpec::supervisor("s", spec).backoff(Backoff::none());
        spec = SupervisorSpec::root(vec![sub]).intensity(limit(7));
        path = format!("s/{path}");
    }
    let mut world = started(spec);
    for n in 0..8 * 8 * 8 {
        assert!(!world.is_over(), "{n}");
        world.exit(&path, Ends::Failed);
    }
    assert!(world.is_over());
    let failure = failure(&mut world);
    // Seven chains and one whole tree at each level, instead of 512 ends.
    assert_eq!(count(&failure), 1 + 7 * 3 + (1 + 7 * 2 + (1 + 8)));
    assert_eq!(failure.first_cause().generation, Some(0));
}

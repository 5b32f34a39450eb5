//! Limits of an attempt's time: `timeout`, `ready_within`, `heartbeat`.

use super::*;
use crate::event::exit::{ExitKind, TimeLimit};
use crate::event::failure::Why;
use crate::spec::policy::{FirstStart, Intensity};

/// The limit that the last end of a child is about, what it allows, and how the attempt ended.
fn exceeded(world: &World, path: &str) -> Option<(TimeLimit, Duration, String)> {
    let last = world.snapshot().child(path)?.last_exit.clone()?;
    match &last.kind {
        ExitKind::TimedOut(timed_out) => Some((
            timed_out.limit,
            timed_out.after,
            timed_out.ended.to_string(),
        )),
        _ => None,
    }
}

fn beat_for(world: &mut World, path: &str, time: Duration, every: Duration) {
    let end = world.now() + time;
    while world.now() < end {
        world.beat(path);
        world.advance(every);
    }
}

#[test]
fn an_attempt_that_lasts_too_long_is_asked_then_dropped_and_restarted() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").timeout(secs(3))]));
    world.advance(ms(2_999));
    assert_eq!(state(&world, "a"), ChildState::Running);
    log(&mut world);
    world.advance(ms(1));
    assert_eq!(text(&log(&mut world)), "^a ?a");
    world.advance(secs(5));
    assert_eq!(text(&log(&mut world)), "!a");
    world.exit("a", Ends::Aborted);
    assert_eq!(text(&log(&mut world)), "-a ~a +a");
    let expected = (TimeLimit::Attempt, secs(3), "aborted".to_owned());
    assert_eq!(exceeded(&world, "a"), Some(expected));
    world.advance(ms(2_999));
    assert_eq!(
        state(&world, "a"),
        ChildState::Running,
        "its time begins anew"
    );
}

#[test]
fn a_timeout_is_an_abnormal_end_however_the_attempt_ends_then() {
    for how in [
        Ends::Cancelled,
        Ends::Succeeded,
        Ends::Failed,
        Ends::Ignored,
    ] {
        let child = worker("a")
            .restart(RestartPolicy::Transient)
            .timeout(secs(3));
        let spec = SupervisorSpec::root(vec![child]).intensity(Intensity::new(1, secs(60)));
        let mut world = started(spec);
        world.advance(secs(3));
        world.exit("a", how);
        assert_eq!(
            state(&world, "a"),
            ChildState::Running,
            "restarted after {how:?}"
        );
        world.advance(secs(3));
        world.exit("a", how);
        let failure = world.failure().expect("it counts for the intensity");
        assert!(
            failure.to_string().contains("lasted longer than 3s"),
            "{failure}"
        );
    }
}

#[test]
fn what_must_not_be_tried_again_is_not_because_a_limit_was_exceeded_too() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").timeout(secs(3))]));
    world.advance(secs(3));
    world.exit("a", Ends::Fatal);
    assert_eq!(world.failure().map(|failure| failure.why), Some(Why::Fatal));
}

#[test]
fn a_stop_that_is_asked_for_takes_the_place_of_a_limit() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").timeout(secs(3))]));
    world.advance(secs(3));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.exit("a", Ends::Cancelled);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
    assert_eq!(
        exceeded(&world, "a"),
        None,
        "it has done what it was asked to"
    );
    world.advance(secs(60));
    assert_eq!(state(&world, "a"), ChildState::Stopped);
}

#[test]
fn the_earlier_of_two_limits_of_a_start_counts() {
    for (timeout, ready_within, limit, why) in [
        (3, 5, TimeLimit::Attempt, Why::TimedOut),
        (5, 3, TimeLimit::Readiness, Why::NotReady),
    ] {
        let child = explicit("a")
            .timeout(secs(timeout))
            .ready_within(secs(ready_within));
        let mut world = started(SupervisorSpec::root(vec![child]));
        world.advance(secs(3));
        world.exit("a", Ends::Cancelled);
        assert!(world.is_over());
        let failure = world.failure().expect("a first start that fails");
        assert_eq!(failure.why, why);
        let exit = failure.decisive().exit().expect("it ended").to_string();
        assert!(exit.starts_with(&format!("{limit} 3s")), "{exit}");
    }
}

#[test]
fn an_attempt_that_became_ready_in_time_still_has_its_timeout_from_its_start() {
    let child = explicit("a").timeout(secs(5)).ready_within(secs(3));
    let mut world = started(SupervisorSpec::root(vec![child]));
    world.advance(secs(2));
    world.ready("a");
    world.advance(ms(2_999));
    assert_eq!(state(&world, "a"), ChildState::Running);
    world.advance(ms(1));
    assert_eq!(state(&world, "a"), ChildState::Stopping);
}

#[test]
fn a_start_that_is_too_slow_is_tried_again_where_that_is_asked_for() {
    let child = explicit("a").ready_within(secs(3));
    let spec = SupervisorSpec::root(vec![child]).first_start(FirstStart::Retry);
    let mut world = started(spec);
    world.advance(secs(3));
    world.exit("a", Ends::Cancelled);
    let expected = (TimeLimit::Readiness, secs(3), "cancelled".to_owned());
    assert_eq!(exceeded(&world, "a"), Some(expected));
    assert_eq!(state(&world, "a"), ChildState::Starting);
    world.ready("a");
    assert!(world.is_up());
}

#[test]
fn a_lost_beat_is_noticed_between_one_and_one_and_a_quarter_of_the_setting() {
    // Whenever within a quarter it beats last.
    for last in [0, 1, 249, 250, 251, 499, 777, 1_000, 1_999] {
        let child = worker("a").heartbeat(secs(1));
        let mut world = started(SupervisorSpec::root(vec![child]));
        beat_for(&mut world, "a", ms(last), ms(1));
        world.beat("a");
        let silent_since = world.now();
        while state(&world, "a") == ChildState::Running {
            assert!(world.jump(), "nobody looks");
        }
        let silent = world.now().saturating_sub(silent_since);
        assert!(
            silent >= secs(1) && silent <= ms(1_250),
            "{last}: {silent:?}"
        );
        world.exit("a", Ends::Aborted);
        let expected = (TimeLimit::Heartbeat, secs(1), "aborted".to_owned());
        assert_eq!(exceeded(&world, "a"), Some(expected));
        assert_eq!(state(&world, "a"), ChildState::Running);
    }
}

#[test]
fn a_child_that_beats_lives_and_its_beat_is_looked_for_from_when_it_is_ready() {
    let child = explicit("a").heartbeat(secs(1)).ready_within(secs(60));
    let mut world = started(SupervisorSpec::root(vec![child]));
    world.advance(secs(30));
    assert_eq!(
        state(&world, "a"),
        ChildState::Starting,
        "it need not beat yet"
    );
    world.ready("a");
    beat_for(&mut world, "a", secs(60), ms(900));
    assert_eq!(state(&world, "a"), ChildState::Running);
    assert!(world.exit("a", Ends::Failed));
    world.ready("a");
    world.advance(ms(999));
    assert_eq!(
        state(&world, "a"),
        ChildState::Running,
        "its time begins anew"
    );
    world.advance(ms(251));
    assert_eq!(state(&world, "a"), ChildState::Stopping);
}

#[test]
fn who_was_not_looked_at_for_long_is_not_lost_by_that_alone() {
    let child = worker("a").heartbeat(secs(1));
    let mut world = started(SupervisorSpec::root(vec![child]));
    // As if the process had been stopped, or every thread been busy.
    world.sleep(secs(10));
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Running);
    beat_for(&mut world, "a", secs(5), ms(900));
    assert_eq!(state(&world, "a"), ChildState::Running);
}

#[test]
fn both_a_beat_and_a_timeout_may_be_set() {
    let child = worker("a").heartbeat(secs(1)).timeout(secs(10));
    let mut world = started(SupervisorSpec::root(vec![child]));
    beat_for(&mut world, "a", ms(9_999), ms(101));
    assert_eq!(state(&world, "a"), ChildState::Running);
    world.advance(ms(1));
    assert_eq!(state(&world, "a"), ChildState::Stopping);
    world.exit("a", Ends::Cancelled);
    let limit = exceeded(&world, "a").map(|(limit, ..)| limit);
    assert_eq!(limit, Some(TimeLimit::Attempt));
}

#[test]
fn a_child_that_has_no_limits_has_no_deadline() {
    let world = started(SupervisorSpec::root(workers(&["a", "b"])));
    assert_eq!(world.next_deadline(), None);
}

#[test]
fn a_command_is_told_when_a_child_has_beaten_last() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").heartbeat(secs(4))]));
    let beat = |world: &World| {
        let id = world.machine.lookup("a").expect("it is there");
        let standing = world.machine.standing(id.ix);
        (standing.beaten, standing.silent)
    };
    assert_eq!(beat(&world), (None, false));
    world.beat("a");
    world.advance(secs(1));
    assert_eq!(beat(&world), (Some(Duration::ZERO), false));
    world.advance(secs(1));
    assert_eq!(beat(&world), (Some(secs(1)), true));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert_eq!(beat(&world), (None, false), "it does not live");
}

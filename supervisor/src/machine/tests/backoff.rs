//! "Back-off and intensity": the delay, what resets it, and what takes its place.

use super::*;
use crate::spec::policy::{Strategy, WhileStarting};

fn delayed(id: &str) -> ChildSpec {
    worker(id).backoff(Backoff::exponential(ms(100), secs(30)))
}

/// The delay that the restart of the child waits, and the attempt it waits after.
fn delays(world: &mut World) -> Vec<(u32, Duration)> {
    let restarting = |event: &Event| match event.kind {
        EventKind::Restarting { delay, .. } => Some((event.attempt, delay)),
        _ => None,
    };
    world.events().iter().filter_map(restarting).collect()
}

fn fail_and_wait(world: &mut World, path: &str) {
    assert!(world.exit(path, Ends::Failed));
    while world.attempt(path).is_none() {
        assert!(world.jump(), "`{path}` must come back");
    }
}

#[test]
fn the_delay_doubles_with_half_jitter_up_to_the_upper_bound() {
    for seed in 0..200 {
        let spec = SupervisorSpec::root(vec![delayed("a")]);
        let mut world = World::with_seed(spec, seed).expect("sound");
        world.start();
        for _ in 0..12 {
            fail_and_wait(&mut world, "a");
        }
        for (attempt, delay) in delays(&mut world) {
            let ceiling = Backoff::exponential(ms(100), secs(30)).ceiling(attempt);
            assert!(
                delay <= ceiling && delay >= ceiling / 2,
                "{attempt}: {delay:?}"
            );
        }
    }
}

#[test]
fn the_attempt_counts_starts_since_the_last_reset_and_is_the_exponent() {
    let mut world = started(SupervisorSpec::root(vec![
        delayed("a").backoff_reset(secs(60)),
    ]));
    let number = |world: &World| world.attempt("a").map(|attempt| attempt.number);
    assert_eq!(number(&world), Some(1));
    fail_and_wait(&mut world, "a");
    fail_and_wait(&mut world, "a");
    assert_eq!(number(&world), Some(3));
    world.advance(secs(59));
    fail_and_wait(&mut world, "a");
    assert_eq!(number(&world), Some(4), "59 s are not 60");
    world.advance(secs(60));
    delays(&mut world);
    fail_and_wait(&mut world, "a");
    let [(attempt, delay)] = delays(&mut world)[..] else {
        panic!("one restart");
    };
    assert_eq!(
        attempt, 1,
        "an attempt that was healthy long enough is the first again"
    );
    assert!(delay <= ms(100));
    assert_eq!(number(&world), Some(2));
}

#[test]
fn an_attempt_is_healthy_from_when_it_is_ready() {
    let spec = delayed("a")
        .readiness(Readiness::Explicit)
        .ready_within(secs(100))
        .backoff_reset(secs(60));
    let mut world = started(SupervisorSpec::root(vec![spec]));
    world.ready("a");
    fail_and_wait(&mut world, "a");
    world.advance(secs(59));
    assert!(world.ready("a"));
    world.advance(secs(30));
    fail_and_wait(&mut world, "a");
    assert_eq!(world.attempt("a").map(|attempt| attempt.number), Some(3));
}

#[test]
fn a_restart_is_counted_when_it_is_decided_not_when_it_is_carried_out() {
    use crate::spec::policy::Intensity;
    let spec = SupervisorSpec::root(vec![
        worker("a").backoff(Backoff::constant(secs(8))),
        worker("b"),
    ])
    .intensity(Intensity::new(1, secs(10)));
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    world.advance(secs(9));
    assert!(
        world.attempt("a").is_some(),
        "started again at most 8 s later"
    );
    // The restart of `a` was decided 10.5 s ago.
    world.advance(ms(1_500));
    world.exit("b", Ends::Failed);
    assert!(world.attempt("b").is_some());
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
}

fn group(strategy: Strategy) -> World {
    let spec = SupervisorSpec::root(vec![
        worker("a"),
        worker("b").backoff(Backoff::constant(secs(4))),
        worker("c"),
    ])
    .strategy(strategy);
    let mut world = started(spec);
    log(&mut world);
    world
}

#[test]
fn in_a_group_restart_the_scope_stops_at_once_and_starts_after_the_delay_of_the_one_that_failed() {
    let mut world = group(Strategy::OneForAll);
    world.exit("b", Ends::Failed);
    world.advance(secs(1));
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-b ~b ?c -c ?a -a");
    assert_eq!(state(&world, "b"), ChildState::Backoff);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
    let due = world.next_deadline().expect("the delay");
    assert!(
        (secs(2)..=secs(4)).contains(&due),
        "the delay runs from the failure: {due:?}"
    );
    assert!(world.jump());
    assert_eq!(text(&log(&mut world)), "+a +b +c");
}

#[test]
fn a_second_failure_inside_the_scope_during_the_delay_is_absorbed() {
    let mut world = group(Strategy::OneForAll);
    world.exit_together(&[("b", Ends::Failed), ("c", Ends::Failed)]);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-b -c ~b ?a -a");
    world.jump();
    assert_eq!(text(&log(&mut world)), "+a +b +c");
    assert_eq!(live(&world), ["a", "b", "c"]);
}

#[test]
fn a_failure_outside_the_scope_during_the_delay_is_handled_on_its_own() {
    let mut world = group(Strategy::RestForOne);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    log(&mut world);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-a ~a +a +b +c",
        "its group contains the other"
    );
    assert_eq!(world.next_deadline(), None, "the delay of `b` is over");
}

#[test]
fn when_the_child_that_failed_is_kept_down_during_the_delay_the_rest_starts_without_it() {
    for keep in [Ask::Pause, Ask::Quarantine, Ask::Remove] {
        let what = format!("{keep:?}");
        let mut world = group(Strategy::OneForAll);
        world.exit("b", Ends::Failed);
        obey(&mut world);
        log(&mut world);
        ask(&mut world, "b", keep).expect("accepted");
        assert_eq!(text(&log(&mut world)), "+a +c", "{what}");
        assert_eq!(world.next_deadline(), None, "{what}");
        assert_eq!(live(&world), ["a", "c"], "{what}");
    }
}

#[test]
fn when_the_child_that_failed_is_kept_down_while_its_group_stops_the_rest_starts_without_it() {
    for keep in [Ask::Pause, Ask::Quarantine, Ask::Remove] {
        let what = format!("{keep:?}");
        let mut world = group(Strategy::OneForAll);
        world.exit("b", Ends::Failed);
        ask(&mut world, "b", keep).expect("accepted");
        obey(&mut world);
        assert_eq!(live(&world), ["a", "c"], "{what}");
        assert_eq!(world.next_deadline(), None, "{what}");
    }
}

#[test]
fn a_sibling_that_is_paused_during_the_delay_is_passed_by() {
    let mut world = group(Strategy::OneForAll);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    ask(&mut world, "c", Ask::Pause).expect("accepted");
    world.jump();
    assert_eq!(live(&world), ["a", "b"]);
    assert_eq!(state(&world, "c"), ChildState::Stopped);
    ask(&mut world, "c", Ask::Resume).expect("accepted");
    assert_eq!(live(&world), ["a", "b", "c"]);
}

#[test]
fn restart_during_the_delay_of_a_group_starts_the_group_now() {
    let mut world = group(Strategy::OneForAll);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    log(&mut world);
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "+a +b +c");
    assert_eq!(world.next_deadline(), None);
}

#[test]
fn a_stop_during_the_delay_takes_its_place() {
    let mut world = started(SupervisorSpec::root(vec![delayed("a")]));
    world.exit("a", Ends::Failed);
    assert_eq!(state(&world, "a"), ChildState::Backoff);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    assert_eq!(state(&world, "a"), ChildState::Stopped);
    assert_eq!(world.next_deadline(), None);
    world.advance(secs(100));
    assert!(live(&world).is_empty());
}

#[test]
fn a_shutdown_during_the_delay_starts_nothing_any_more() {
    let mut world = started(SupervisorSpec::root(vec![delayed("a")]));
    world.exit("a", Ends::Failed);
    ask(&mut world, "", Ask::Shutdown).expect("accepted");
    assert!(world.is_over(), "nobody waits for a back-off");
    world.advance(secs(100));
    assert!(live(&world).is_empty());
}

#[test]
fn a_snapshot_tells_when_a_child_is_due() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").backoff(secs(4))]));
    let due = |world: &World| {
        world
            .snapshot()
            .child("a")
            .and_then(|child| child.restart_in)
    };
    assert_eq!(due(&world), None);
    world.exit("a", Ends::Failed);
    let all = due(&world).expect("it waits");
    assert!((secs(2)..=secs(4)).contains(&all), "{all:?}");
    world.advance(secs(1));
    assert_eq!(due(&world), Some(all.saturating_sub(secs(1))));
}

#[test]
fn the_end_of_one_back_off_is_not_taken_for_that_of_the_next() {
    let a = explicit("a").backoff(Backoff::constant(secs(1)));
    let spec = SupervisorSpec::root(vec![a]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ready("a");
    world.exit("a", Ends::Failed);
    // All of this waits for the start of `n`.
    world.ask("", Ask::Add(explicit("n")));
    world.ask("a", Ask::Stop);
    world.ask("a", Ask::Restart);
    world.jump();
    world.ready("n");
    assert_eq!(state(&world, "a"), ChildState::Starting);
    log(&mut world);
    world.exit("a", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-a ~a");
    assert_eq!(state(&world, "a"), ChildState::Backoff);
    world.check();
}

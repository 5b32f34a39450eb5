//! Attempts that come to their end by themselves, and leave something that has to follow.

use super::*;

fn one(child: ChildSpec) -> World {
    let mut world = started(SupervisorSpec::root(vec![child]));
    log(&mut world);
    world
}

#[test]
fn what_is_left_of_an_attempt_is_asked_and_the_end_is_judged_as_it_comes() {
    let mut world = one(worker("a").restart(RestartPolicy::Transient));
    assert!(world.ending("a"));
    assert_eq!(state(&world, "a"), ChildState::Stopping);
    world.exit("a", Ends::Succeeded);
    assert_eq!(state(&world, "a"), ChildState::Finished);
    world.ask("a", Ask::Resume);
    world.ending("a");
    world.exit("a", Ends::Failed);
    assert_eq!(
        state(&world, "a"),
        ChildState::Running,
        "it has failed by itself, and is started again"
    );
}

#[test]
fn what_is_left_of_an_attempt_has_its_budget_and_is_dropped_then() {
    let mut world = one(worker("a").shutdown(secs(3)));
    world.ending("a");
    assert_eq!(world.next_deadline(), Some(world.now() + secs(3)));
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Aborting);
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Stuck);
    world.exit("a", Ends::Failed);
    assert_eq!(state(&world, "a"), ChildState::Running);
}

#[test]
fn a_stop_that_comes_while_an_attempt_is_ending_makes_its_end_a_normal_one() {
    let mut world = one(worker("a").shutdown(secs(3)));
    world.ending("a");
    world.advance(secs(2));
    world.ask("a", Ask::Stop);
    assert_eq!(
        world.next_deadline(),
        Some(world.now() + secs(1)),
        "what is left of the budget"
    );
    world.exit("a", Ends::Failed);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
}

#[test]
fn a_start_that_is_to_be_completed_is_when_all_of_the_attempt_has_ended() {
    let mut world = started(SupervisorSpec::root(vec![
        worker("a")
            .readiness(Readiness::Completed)
            .restart(RestartPolicy::Transient),
        worker("b"),
    ]));
    world.ending("a");
    assert_eq!(live(&world), ["a"]);
    world.exit("a", Ends::Succeeded);
    assert_eq!(live(&world), ["b"]);
}

#[test]
fn news_that_an_attempt_is_ending_are_ignored_when_it_is_over() {
    let mut world = one(worker("a"));
    world.exit("a", Ends::Failed);
    world.check();
    assert_eq!(state(&world, "a"), ChildState::Running);
}

#[test]
fn an_attempt_that_is_ending_while_it_starts_has_not_started() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    let added = world.ask("", Ask::Add(explicit("x")));
    world.ending("x");
    assert_eq!(state(&world, "x"), ChildState::Stopping);
    world.ready("x");
    world.exit("x", Ends::Succeeded);
    assert!(matches!(
        world.answer(added),
        Some(Err(SupervisorError::StartFailed { .. }))
    ));
}

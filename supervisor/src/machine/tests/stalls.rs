//! Children that are inside one poll for too long, and those that no thread comes to.

use super::*;

fn one(child: ChildSpec) -> World {
    let mut world = started(SupervisorSpec::root(vec![child]));
    log(&mut world);
    world
}

fn stalled(world: &World) -> Option<Duration> {
    world.snapshot().child("a").expect("is there").stalled
}

#[test]
fn a_stall_is_told_while_it_lasts_and_ends_nothing() {
    let mut world = one(worker("a"));
    world.advance(secs(10));
    world.stalled("a", secs(4));
    assert_eq!(stalled(&world), Some(secs(4)));
    world.advance(secs(1));
    assert_eq!(stalled(&world), Some(secs(5)), "it goes on");
    world.unstalled("a");
    world.unstalled("a");
    assert_eq!(stalled(&world), None);
    let kinds: Vec<String> = world.events().iter().map(ToString::to_string).collect();
    assert_eq!(
        kinds,
        [
            "`a` has been inside one poll for at least 4.0s",
            "`a` has left the poll that it was stalled in"
        ]
    );
    assert_eq!(state(&world, "a"), ChildState::Running);
}

#[test]
fn a_stall_is_not_one_of_the_next_attempt() {
    let mut world = one(worker("a"));
    world.advance(secs(10));
    world.stalled("a", secs(4));
    world.exit("a", Ends::Failed);
    assert_eq!(state(&world, "a"), ChildState::Running);
    assert_eq!(stalled(&world), None);
    world.check();
}

#[test]
fn a_child_that_no_thread_comes_to_is_given_time_before_it_is_dropped() {
    let mut world = one(worker("a").shutdown(secs(3)));
    world.ask("a", Ask::Stop);
    world.starve("a");
    world.jump();
    assert_eq!(
        state(&world, "a"),
        ChildState::Stopping,
        "it cannot be blamed"
    );
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Aborting);
    world.starve("a");
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Aborting, "nor now");
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Stuck);
}

#[test]
fn a_child_that_no_thread_comes_to_need_not_beat() {
    let mut world = one(worker("a").heartbeat(secs(4)));
    for _ in 0..8 {
        world.starve("a");
        world.jump();
        assert_eq!(state(&world, "a"), ChildState::Running);
    }
    while state(&world, "a") == ChildState::Running {
        assert!(world.jump(), "its silence is noticed");
    }
    assert_eq!(state(&world, "a"), ChildState::Stopping);
}

#[test]
fn a_stall_of_one_that_has_left_does_not_take_away_who_is_declared_in_its_place() {
    let sub = || ChildSpec::supervisor("sub", SupervisorSpec::root(workers(&["x"])));
    let mut world = started(SupervisorSpec::root(vec![sub()]));
    ask(&mut world, "sub/x", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "sub", Ask::Add(worker("x"))).expect("the name is free");
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    while !is_stuck(&world, "sub/x") {
        assert!(world.jump(), "it gets stuck");
    }
    world.stalled("sub/x", secs(1));
    world.check();
    world.unstalled("sub/x");
    world.check();
    let events = world.events();
    let stalls = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Stalled { .. } | EventKind::Unstalled));
    let told: Vec<_> = stalls.map(|event| event.state).collect();
    assert_eq!(told, [ChildState::NotStarted; 2]);
}

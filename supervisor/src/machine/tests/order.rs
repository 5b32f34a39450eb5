//! `after` and `start = "concurrent"`: who waits for whom.

use super::*;
use crate::spec::policy::StartOrder;

fn concurrent(children: Vec<ChildSpec>) -> World {
    started(SupervisorSpec::root(children).start(StartOrder::Concurrent))
}

fn diamond() -> World {
    concurrent(vec![
        explicit("base"),
        explicit("left").after(["base"]),
        explicit("right").after(["base"]),
        explicit("top").after(["left", "right"]),
        explicit("alone"),
    ])
}

#[test]
fn independent_children_start_at_once_and_others_when_what_they_are_after_is_ready() {
    let mut world = diamond();
    assert_eq!(live(&world), ["alone", "base"]);
    assert_eq!(state(&world, "top"), ChildState::Waiting);
    world.ready("base");
    assert_eq!(live(&world), ["alone", "base", "left", "right"]);
    world.ready("right");
    assert_eq!(state(&world, "top"), ChildState::Waiting);
    world.ready("left");
    assert_eq!(state(&world, "top"), ChildState::Starting);
    world.ready("top");
    assert!(!world.is_up());
    world.ready("alone");
    assert!(world.is_up());
}

#[test]
fn stopping_runs_the_graph_backwards_independent_ones_together() {
    let mut world = diamond();
    for path in ["base", "left", "right", "top", "alone"] {
        world.ready(path);
    }
    log(&mut world);
    world.ask("", Ask::Shutdown);
    assert_eq!(text(&log(&mut world)), "?/ ?alone ?top");
    world.exit("top", Ends::Cancelled);
    assert_eq!(text(&log(&mut world)), "-top ?left ?right");
    world.exit("left", Ends::Cancelled);
    assert_eq!(text(&log(&mut world)), "-left");
    world.exit("right", Ends::Cancelled);
    assert_eq!(text(&log(&mut world)), "-right ?base");
    world.exit("base", Ends::Cancelled);
    assert!(!world.is_over());
    world.exit("alone", Ends::Cancelled);
    assert!(world.is_over());
}

#[test]
fn a_failed_first_start_rolls_back_everything_that_has_been_started() {
    let mut world = diamond();
    world.ready("base");
    world.exit("left", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
    assert!(live(&world).is_empty());
}

#[test]
fn a_child_whose_dependency_is_down_when_it_must_start_waits_uncounted() {
    let spec = vec![worker("db"), worker("api").after(["db"])];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "db", Ask::Stop).expect("accepted");
    obey(&mut world);
    log(&mut world);
    world.exit("api", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-api ~api waits api");
    assert_eq!(state(&world, "api"), ChildState::Waiting);
    world.advance(secs(1_000));
    assert_eq!(state(&world, "api"), ChildState::Waiting);
    ask(&mut world, "db", Ask::Resume).expect("accepted");
    assert_eq!(live(&world), ["api", "db"]);
}

#[test]
fn a_waiting_child_starts_when_its_dependency_is_removed() {
    let spec = vec![worker("db"), worker("api").after(["db"])];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "db", Ask::Stop).expect("accepted");
    obey(&mut world);
    world.exit("api", Ends::Failed);
    ask(&mut world, "db", Ask::Remove).expect("accepted");
    assert_eq!(
        state(&world, "api"),
        ChildState::Waiting,
        "a static sibling may come back"
    );
    ask(&mut world, "api", Ask::Stop).expect("accepted");
    assert_eq!(state(&world, "api"), ChildState::Stopped);
}

#[test]
fn an_added_child_waits_for_its_siblings_too() {
    let mut world = started(SupervisorSpec::root(vec![worker("db")]));
    ask(&mut world, "db", Ask::Stop).expect("accepted");
    obey(&mut world);
    let add = world.ask("", Ask::Add(worker("api").after(["db"])));
    assert_eq!(state(&world, "api"), ChildState::Waiting);
    ask(&mut world, "db", Ask::Resume).expect("accepted");
    assert_eq!(live(&world), ["api", "db"]);
    assert!(matches!(world.answer(add), Some(Ok(Said::Started))));
}

#[test]
fn one_crash_during_a_concurrent_start_is_handled_at_once() {
    let mut world = concurrent(vec![worker("a"), explicit("b")]);
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["a", "b"]);
    world.ready("b");
    assert!(world.is_up());
}

//! Why an attempt is started, as it is told itself.

use super::*;
use crate::spec::policy::{FirstStart, StartOrder, Strategy};
use crate::task::start_reason::StartReason;

/// What the present or last attempt of each child was told, in the order asked for.
fn reasons(world: &World, paths: &[&str]) -> Vec<StartReason> {
    let reason = |path: &&str| {
        let id = world.machine.lookup(path).expect("it is there");
        world.machine.find(id).expect("it is there").reason
    };
    paths.iter().map(reason).collect()
}

#[test]
fn a_child_is_told_whether_it_is_the_first_or_why_there_is_another() {
    let inner = SupervisorSpec::root(workers(&["x"]));
    let spec = vec![worker("a"), ChildSpec::supervisor("sub", inner)];
    let mut world = started(SupervisorSpec::root(spec));
    let all = ["a", "sub", "sub/x"];
    assert_eq!(reasons(&world, &all), [StartReason::First; 3]);
    world.exit("a", Ends::Failed);
    assert_eq!(reasons(&world, &["a"]), [StartReason::Restart]);
    ask(&mut world, "a", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(reasons(&world, &["a"]), [StartReason::Command]);
    world.exit("a", Ends::Failed);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    assert_eq!(reasons(&world, &["a"]), [StartReason::Command]);
    ask(&mut world, "sub", Ask::Add(worker("added"))).expect("accepted");
    assert_eq!(reasons(&world, &["sub/added"]), [StartReason::Added]);
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(
        reasons(&world, &["sub", "sub/x"]),
        [StartReason::Command, StartReason::Supervisor]
    );
}

#[test]
fn in_a_group_the_one_that_failed_is_told_apart() {
    let spec = SupervisorSpec::root(vec![explicit("a"), worker("b").after(["a"]), worker("c")])
        .start(StartOrder::Concurrent)
        .strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.ready("a");
    assert_eq!(reasons(&world, &["a", "b"]), [StartReason::First; 2]);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(state(&world, "b"), ChildState::Waiting);
    world.ready("a");
    assert_eq!(
        reasons(&world, &["a", "b", "c"]),
        [StartReason::Restart, StartReason::Group, StartReason::Group]
    );
}

#[test]
fn a_first_start_that_is_tried_again_is_a_restart_and_those_behind_it_start_first() {
    let spec = SupervisorSpec::root(vec![explicit("a").backoff(secs(1)), worker("b")])
        .first_start(FirstStart::Retry);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    world.jump();
    world.ready("a");
    assert_eq!(
        reasons(&world, &["a", "b"]),
        [StartReason::Restart, StartReason::First]
    );
}

//! Who is ready: children, nested supervisors, the tree.

use super::*;
use crate::spec::policy::{AutoShutdown, FirstStart, Shutdown, StartOrder};

fn is_ready(world: &World) -> bool {
    world.snapshot().ready
}

#[test]
fn the_tree_is_ready_while_every_critical_child_is() {
    let spec = vec![
        worker("a").backoff(secs(1)),
        worker("b").critical(false).backoff(secs(1)),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    assert!(is_ready(&world));
    world.exit("b", Ends::Failed);
    assert!(is_ready(&world), "`b` is not critical");
    world.exit("a", Ends::Failed);
    assert!(!is_ready(&world));
    world.advance(secs(1));
    assert!(is_ready(&world));
}

#[test]
fn a_restarted_child_makes_its_supervisors_ready_again() {
    let inner = SupervisorSpec::root(vec![explicit("x")]);
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    world.ready("sub/x");
    assert!(is_ready(&world));
    world.exit("sub/x", Ends::Failed);
    assert!(!is_ready(&world));
    assert_eq!(state(&world, "sub"), ChildState::Running);
    world.ready("sub/x");
    assert!(is_ready(&world));
}

#[test]
fn a_stopped_child_is_not_ready_and_a_finished_one_is() {
    let spec = vec![worker("a"), worker("b").restart(RestartPolicy::Transient)];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("b", Ends::Succeeded);
    assert!(is_ready(&world), "`Ok` means done");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert!(!is_ready(&world));
    ask(&mut world, "a", Ask::Remove).expect("accepted");
    assert!(is_ready(&world), "a child that is not there is not missing");
}

#[test]
fn a_subtree_that_stays_down_after_giving_up_makes_the_tree_not_ready() {
    use crate::spec::policy::Intensity;
    let inner = SupervisorSpec::root(workers(&["x"])).intensity(Intensity::new(0, secs(1)));
    let sub = ChildSpec::supervisor("sub", inner).restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![sub, worker("a")]));
    world.exit("sub/x", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a"]);
    assert_eq!(state(&world, "sub"), ChildState::Failed);
    assert!(!is_ready(&world));
}

#[test]
fn a_nested_supervisor_is_up_without_a_child_that_is_kept_down() {
    let inner = SupervisorSpec::root(vec![explicit("x"), worker("y")]);
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("a")];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "sub/x", Ask::Pause).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "sub/y"]);
    assert!(world.is_up());
    assert!(!is_ready(&world));
    ask(&mut world, "sub/x", Ask::Resume).expect("accepted");
    world.ready("sub/x");
    assert!(is_ready(&world));
}

#[test]
fn what_is_added_counts_for_readiness() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    world.ask("", Ask::Add(explicit("b")));
    assert!(!is_ready(&world));
    world.ready("b");
    assert!(is_ready(&world));
}

#[test]
fn a_child_that_had_declined_is_not_ready_while_it_starts_again() {
    let spec = vec![
        explicit("a").restart(RestartPolicy::Transient),
        worker("b").after(["a"]),
    ];
    let spec = SupervisorSpec::root(spec).start(StartOrder::Concurrent);
    let mut world = started(spec);
    world.exit("a", Ends::Ignored);
    assert!(is_ready(&world));
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    assert!(!is_ready(&world));
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(state(&world, "b"), ChildState::Waiting);
    world.ready("a");
    assert_eq!(state(&world, "b"), ChildState::Running);
}

#[test]
fn a_supervisor_is_ready_when_the_one_that_its_first_start_left_behind_declines() {
    let below = SupervisorSpec::root(vec![
        explicit("x")
            .backoff(Backoff::constant(secs(2)))
            .shutdown(Shutdown::Abort),
        worker("y").critical(false),
    ])
    .first_start(FirstStart::Retry);
    let sub = ChildSpec::supervisor("sub", below).critical(false);
    let mut world = started(SupervisorSpec::root(vec![sub, worker("a")]));
    world.ending("sub/x");
    world.ask("sub", Ask::Add(explicit("z").critical(false)));
    world.ask("sub/y", Ask::Pause);
    world.jump();
    obey(&mut world);
    // Its restart is one like any other, behind the start that is under way.
    world.ready("sub/z");
    world.jump();
    assert_eq!(world.state("sub/x"), Some(ChildState::Starting));
    world.exit("sub/x", Ends::Ignored);
    world.check();
    let sub = world.snapshot().child("sub").map(|sub| sub.ready);
    assert_eq!(sub, Some(true));
}

#[test]
fn one_that_is_removed_is_not_ready_although_it_had_finished() {
    let children = vec![
        worker("a").restart(RestartPolicy::Transient),
        worker("b").restart(RestartPolicy::Temporary),
    ];
    let mut world = started(SupervisorSpec::root(children));
    for path in ["a", "b"] {
        let id = world.machine.lookup(path).expect("it is there");
        let mirror = world.machine.mirror(id).expect("it is there");
        world.skip_events();
        world.exit(path, Ends::Succeeded);
        world.ask(path, Ask::Remove);
        assert_eq!(mirror.seen().state(), ChildState::Removed);
        assert!(!mirror.seen().is_ready(), "{path}");
        let mut events = world.events();
        events.retain(|event| event.state == ChildState::Removed);
        assert!(!events.is_empty() && events.iter().all(|event| !event.ready));
    }
}

#[test]
fn a_supervisor_that_has_finished_is_ready_like_a_worker() {
    let below = SupervisorSpec::root(vec![worker("x").restart(RestartPolicy::Transient)]);
    let sub = ChildSpec::supervisor("sub", below.auto_shutdown(AutoShutdown::AllEnded));
    let sub = sub.restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![sub, worker("a").after(["sub"])]));
    world.exit("sub/x", Ends::Succeeded);
    world.check();
    assert_eq!(state(&world, "sub"), ChildState::Finished);
    assert!(world.snapshot().ready);
    world.exit("a", Ends::Failed);
    assert_eq!(
        state(&world, "a"),
        ChildState::Running,
        "whoever is after it"
    );
}

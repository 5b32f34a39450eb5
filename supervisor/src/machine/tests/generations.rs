//! I2: numbers of attempts, and messages that come too late.

use super::*;
use crate::machine::input::Input;

fn generation(world: &World, path: &str) -> u64 {
    world.attempt(path).expect("it lives").generation
}

#[test]
fn a_generation_counts_every_start_of_a_path_failed_ones_too() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
    world.ready("a");
    assert_eq!(generation(&world, "a"), 0);
    world.exit("a", Ends::Failed);
    world.exit("a", Ends::Failed);
    assert_eq!(generation(&world, "a"), 2);
}

#[test]
fn a_stale_message_changes_nothing() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
    let old = world.attempt("a").expect("it lives");
    world.ready("a");
    world.exit("a", Ends::Failed);
    world.events();
    world.tell(Input::Ready(old.id(), old.generation));
    let exit = World::record(old, Ends::Failed);
    world.tell(Input::Exited(old.id(), old.generation, exit));
    let kinds: Vec<_> = world.events().into_iter().map(|event| event.kind).collect();
    assert!(matches!(kinds[..], [EventKind::Stale, EventKind::Stale]));
    assert_eq!(state(&world, "a"), ChildState::Starting);
    assert_eq!(world.machine.stale, 2);
}

#[test]
fn an_end_is_taken_once() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    let old = world.attempt("a").expect("it lives");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    let exit = World::record(old, Ends::Failed);
    world.tell(Input::Exited(old.id(), old.generation, exit));
    assert_eq!(state(&world, "a"), ChildState::Stopped);
}

#[test]
fn generations_go_on_when_a_name_is_removed_and_added_again() {
    let mut world = started(SupervisorSpec::root(workers(&["other"])));
    for expected in 0..5 {
        ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
        assert_eq!(generation(&world, "a"), expected);
        ask(&mut world, "a", Ask::Remove).expect("accepted");
        obey(&mut world);
        assert_eq!(world.state("a"), None);
    }
}

#[test]
fn generations_go_on_when_a_static_child_gives_its_name_to_another() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    ask(&mut world, "a", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
    assert_eq!(generation(&world, "a"), 1);
}

#[test]
fn generations_go_on_when_a_supervisor_begins_anew() {
    let sub = ChildSpec::supervisor("sub", SupervisorSpec::root(workers(&["x"])));
    let mut world = started(SupervisorSpec::root(vec![sub]));
    ask(&mut world, "sub/x", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "sub", Ask::Add(worker("x"))).expect("accepted");
    assert_eq!(generation(&world, "sub/x"), 1);
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(
        generation(&world, "sub/x"),
        2,
        "the static one is back (R38)"
    );
    assert_eq!(live(&world), ["sub/x"]);
}

#[test]
fn a_message_for_a_node_that_has_gone_does_not_reach_its_successor_in_the_arena() {
    let mut world = started(SupervisorSpec::root(workers(&["other"])));
    ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
    let old = world.attempt("a").expect("it lives");
    ask(&mut world, "a", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "", Ask::Add(worker("b"))).expect("accepted");
    let new = world.attempt("b").expect("it lives");
    assert_eq!(old.id().ix, new.id().ix, "the place is used again");
    let exit = World::record(old, Ends::Failed);
    world.tell(Input::Exited(old.id(), old.generation, exit));
    assert_eq!(state(&world, "b"), ChildState::Running);
}

#[test]
fn removed_children_leave_nothing_behind() {
    let mut world = started(SupervisorSpec::root(workers(&["other"])));
    let nodes = |world: &World| world.machine.nodes.len();
    let mut most = 0;
    for i in 0..1_000 {
        let id = format!("c{i}");
        let inner = SupervisorSpec::root(workers(&["x", "y"]));
        ask(&mut world, "", Ask::Add(ChildSpec::supervisor(&*id, inner))).expect("accepted");
        ask(&mut world, &id, Ask::Remove).expect("accepted");
        obey(&mut world);
        most = nodes(&world).max(most);
        world.events();
    }
    assert!(most <= 8, "{most} nodes");
}

#[test]
fn what_is_below_a_supervisor_that_comes_back_is_there_when_that_starts() {
    let temporary = |child: ChildSpec| child.restart(RestartPolicy::Temporary);
    let low = SupervisorSpec::root(vec![temporary(worker("x"))]);
    let low = temporary(ChildSpec::supervisor("low", low));
    let sub = ChildSpec::supervisor("sub", SupervisorSpec::root(vec![explicit("a"), low]));
    let mut world = started(SupervisorSpec::root(vec![sub]));
    world.ready("sub/a");
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    let refused = ask(&mut world, "sub/low/x", Ask::Remove);
    assert!(
        matches!(refused, Err(SupervisorError::UnknownChild { .. })),
        "{refused:?}"
    );
    world.ready("sub/a");
    assert_eq!(live(&world), ["sub/a", "sub/low/x"]);
    let again = world.attempt("sub/low/x").map(|attempt| attempt.generation);
    assert_eq!(again, Some(1));
}

#[test]
fn a_path_is_not_handed_to_a_child_whose_supervisor_has_left_the_tree() {
    let sup = || {
        let sup = ChildSpec::supervisor("all", SupervisorSpec::root(workers(&["c"])));
        sup.restart(RestartPolicy::Permanent)
    };
    let mut world = started(SupervisorSpec::root(vec![sup()]));
    // Another `all` stands where the declared one did.
    ask(&mut world, "all", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "", Ask::Add(sup())).expect("accepted");
    // So does another `c`, for a while.
    for _ in 0..2 {
        ask(&mut world, "all/c", Ask::Remove).expect("accepted");
        obey(&mut world);
        assert_eq!(world.state("all/c"), None);
        ask(&mut world, "all", Ask::Add(worker("c"))).expect("accepted");
    }
    ask(&mut world, "all/c", Ask::Remove).expect("accepted");
    obey(&mut world);
    assert_eq!(world.state("all/c"), None, "the former `all` has left");
    world.check();

    ask(&mut world, "all", Ask::Restart).expect("accepted");
    obey(&mut world);
    world.check();
    assert_eq!(live(&world), ["all/c"]);
    let before = generation(&world, "all/c");
    let again = ask(&mut world, "all", Ask::Add(worker("c")));
    assert!(
        matches!(again, Err(SupervisorError::ChildExists { .. })),
        "{again:?}"
    );
    assert_eq!(generation(&world, "all/c"), before);
}

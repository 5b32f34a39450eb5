//! Work in small portions, and as much as is needed only.

use super::*;
use crate::machine::Machine;
use crate::machine::input::Input;
use crate::machine::node::{Ix, Phase, Retry};
use crate::machine::time::Nanos;
use crate::runtime::snapshot::{Copying, Step};
use crate::spec::plan::Plan;
use crate::spec::policy::{Pool, StartOrder, Strategy};

fn many(count: usize) -> SupervisorSpec {
    let children = (0..count).map(|i| worker(&format!("c{i}"))).collect();
    SupervisorSpec::root(children)
}

#[test]
fn no_call_makes_more_steps_than_its_portion_however_large_the_tree() {
    let mut world = started(many(100_000).strategy(Strategy::OneForAll));
    world.skip_events();
    assert_eq!(world.live().count(), 100_000);
    world.exit("c0", Ends::Failed);
    world.ask("", Ask::Shutdown);
    while world.has_wants() {
        obey(&mut world);
        world.skip_events();
    }
    assert!(world.is_over());
    assert!(world.longest <= 128, "{} steps in one call", world.longest);
}

/// Visits of nodes in that call of a start which makes most of them.
fn busiest_call_of_a_start(spec: SupervisorSpec) -> u64 {
    let plan = Plan::try_from(spec).expect("a sound tree");
    let (mut machine, _) = Machine::new(plan, 0);
    machine.nodes.visits.set(0);
    machine.handle(Nanos::default(), Input::Start);
    let mut busiest = 0;
    loop {
        busiest = busiest.max(machine.nodes.visits.replace(0));
        while machine.poll_action().is_some() {}
        if !machine.has_more() {
            assert!(machine.has_been_up());
            return busiest;
        }
        machine.resume();
    }
}

#[test]
fn no_call_of_a_start_visits_more_nodes_than_its_portion_however_large_the_tree() {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::Dependents,
    ] {
        let busiest = |count| busiest_call_of_a_start(many(count).strategy(strategy));
        let (few, many) = (busiest(1_000), busiest(10_000));
        assert!(many <= few, "{strategy:?}: {few}, {many}");
    }
}

/// Steps and visits of nodes of one crash and restart.
fn cost(spec: SupervisorSpec) -> (u64, u64) {
    let mut world = started(spec);
    world.skip_events();
    world.wants();
    world.exit("c3", Ends::Failed);
    let before = (world.steps, world.machine.nodes.visits.get());
    world.exit("c3", Ends::Failed);
    let after = (world.steps, world.machine.nodes.visits.get());
    assert!(world.attempt("c3").is_some());
    (after.0 - before.0, after.1 - before.1)
}

/// The index looks into the arena where hashes collide, which is another time elsewhere, and the
/// order of deadlines into its heap. What looked at the siblings would make thousands of visits.
fn assert_alike(few: (u64, u64), many: (u64, u64)) {
    assert_eq!(few.0, many.0);
    assert!(many.1 <= few.1 + 100, "{few:?} {many:?}");
}

#[test]
fn a_crash_costs_the_same_with_ten_thousand_siblings_as_with_ten() {
    assert_alike(cost(many(10)), cost(many(10_000)));
}

#[test]
fn a_restart_of_one_worker_alone_takes_no_step_of_its_supervisor() {
    assert_eq!(cost(many(10)).0, 0);
}

#[test]
fn a_crash_at_the_end_of_rest_for_one_costs_the_same_with_ten_thousand_siblings() {
    let cost = |count: usize| {
        let mut children: Vec<ChildSpec> = (10..count).map(|i| worker(&format!("c{i}"))).collect();
        children.extend((0..4).map(|i| worker(&format!("c{i}"))));
        cost(SupervisorSpec::root(children).strategy(Strategy::RestForOne))
    };
    assert_alike(cost(20), cost(10_000));
}

#[test]
fn an_instance_of_a_pool_costs_the_same_with_ten_thousand_siblings_as_with_ten() {
    let cost = |count: usize| {
        let mut world = started(SupervisorSpec::root(vec![]).pool(Pool::Unlimited));
        for i in 0..count {
            world.ask("", Ask::Add(worker(&format!("c{i}"))));
            world.skip_events();
        }
        world.wants();
        let before = (world.steps, world.machine.nodes.visits.get());
        world.ask("", Ask::Add(worker("last")));
        world.exit("last", Ends::Failed);
        world.ask("last", Ask::Stop);
        obey(&mut world);
        (
            world.steps - before.0,
            world.machine.nodes.visits.get() - before.1,
        )
    };
    assert_alike(cost(10), cost(10_000));
}

#[test]
fn a_copy_is_brought_up_to_date_only_as_far_as_the_journal_reaches() {
    let spec = SupervisorSpec::root(workers(&["a"]));
    let often = crate::spec::policy::Intensity::new(1_000_000, secs(1));
    let mut world = started(spec.intensity(often));
    let changes = |world: &World| world.machine.copy_changes(0, 10, &mut Vec::new());
    assert!(changes(&world).is_some());
    while world.machine.journal().read(0, 1, &mut Vec::new()) == 0 {
        world.exit("a", Ends::Failed);
    }
    assert_eq!(changes(&world), None);
}

#[test]
fn a_supervisor_that_is_removed_may_take_the_last_step_of_a_call() {
    for steps in 0..8 {
        let below = SupervisorSpec::root(workers(&["a"]));
        let mut world = started(SupervisorSpec::root(vec![worker("b")]));
        ask(
            &mut world,
            "",
            Ask::Add(ChildSpec::supervisor("sub", below)),
        )
        .expect("accepted");
        world.ask("sub", Ask::Remove);
        world.interrupt(steps);
        world.exit("sub/a", Ends::Cancelled);
        world.resume();
        world.check();
        assert_eq!(live(&world), ["b"], "after {steps} steps");
    }
}

#[test]
fn a_dependent_that_ends_before_a_stop_has_come_to_it_holds_up_nobody() {
    for steps in 0..8 {
        let spec = vec![worker("a").after(["b"]), worker("b"), worker("c")];
        let mut world = started(SupervisorSpec::root(spec).start(StartOrder::Concurrent));
        world.interrupt(steps);
        world.ask("", Ask::Shutdown);
        world.exit("a", Ends::Failed);
        world.resume();
        world.check();
        obey(&mut world);
        assert!(world.is_over(), "after {steps} steps");
    }
}

#[test]
fn a_snapshot_of_a_large_tree_keeps_up_with_a_storm() {
    let mut world = started(many(60_000));
    world.skip_events();
    let mut copy = Copying::new();
    for hold in 0.. {
        // More than the journal keeps, until the last node has been copied.
        for n in 0..15 {
            world.exit(&format!("c{}", 4_000 * n + hold), Ends::Failed);
        }
        world.skip_events();
        match copy.step(&world.machine) {
            Step::Lapped => panic!("lapped in hold {hold}"),
            Step::More => assert!(hold < 2_000, "it comes to an end"),
            Step::Whole(rest) => {
                let snapshot = rest.snapshot(copy.into_rows());
                assert!(snapshot.as_of_seq > 60_000 + 2 * 16_384);
                assert_eq!(snapshot.to_string(), world.snapshot().to_string());
                return;
            }
        }
    }
}

#[test]
fn so_many_deadlines_are_kept_in_a_call_and_no_more() {
    let child = |at| worker(&format!("c{at}")).backoff(Backoff::constant(secs(1)));
    let mut world = started(SupervisorSpec::root((0..20).map(child).collect()));
    for path in live(&world) {
        world.exit(&path, Ends::Failed);
    }
    world.sleep(secs(1));
    world.interrupt(5);
    world.jump();
    let machine = &world.machine;
    let waits = |at| machine.nodes[Ix(at)].phase == Phase::Backoff(Retry::Alone);
    assert_eq!((1..=20).filter(|&at| waits(at)).count(), 15);
    while world.jump() {}
    assert_eq!(live(&world).len(), 20);
}

#[test]
fn who_is_stopped_between_two_steps_of_its_own_start_stays_down() {
    let begins: [fn(&mut World) -> &'static str; 3] = [
        |world| {
            world.ask("a", Ask::Stop);
            obey(world);
            world.interrupt(0);
            world.ask("a", Ask::Resume);
            "a"
        },
        |world| {
            world.ready("a");
            world.interrupt(0);
            world.exit("a", Ends::Failed);
            "a"
        },
        |world| {
            world.ask("a", Ask::Remove);
            obey(world);
            world.interrupt(0);
            world.ask("", Ask::Add(worker("b")));
            "b"
        },
    ];
    for begin in begins {
        let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
        let path = begin(&mut world);
        assert!(world.has_more());
        let said = ask(&mut world, path, Ask::Stop);
        assert!(matches!(said, Ok(Said::Found(_))), "{said:?}");
        world.resume();
        world.check();
        assert_eq!(live(&world), [""; 0], "`{path}` is stopped");
        assert_eq!(state(&world, path), ChildState::Stopped);
    }
}

#[test]
fn a_temporary_child_that_is_stopped_before_the_first_step_of_its_start_is_forgotten() {
    let mut world = started(SupervisorSpec::root(vec![]));
    world.interrupt(0);
    let added = world.ask("", Ask::Add(worker("a").restart(RestartPolicy::Temporary)));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.resume();
    world.check();
    assert_eq!(world.state("a"), None);
    assert!(matches!(
        world.answer(added),
        Some(Err(SupervisorError::StartInterrupted { .. }))
    ));
}

#[test]
fn a_stop_that_has_not_come_to_a_child_asks_it_when_all_that_are_after_it_have_ended() {
    for steps in 0..8 {
        let spec = vec![
            worker("b").after(["a"]),
            worker("c").after(["b"]),
            worker("d").after(["b"]),
            worker("a"),
        ];
        let mut world = started(SupervisorSpec::root(spec).start(StartOrder::Concurrent));
        world.interrupt(steps);
        world.ask("", Ask::Shutdown);
        world.exit("d", Ends::Failed);
        world.resume();
        let asked = world.attempt("b").is_some_and(|b| b.asked);
        assert!(!asked, "`c` runs, after {steps} steps");
        world.check();
        obey(&mut world);
        assert!(world.is_over());
    }
}

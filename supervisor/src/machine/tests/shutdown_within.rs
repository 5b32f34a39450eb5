//! One deadline for all that is below a supervisor, and children that cannot be stopped in it.

use super::*;
use crate::event::failure::Why;
use crate::machine::time::Nanos;
use crate::shutdown::report::ChildShutdownStatus as Status;
use crate::shutdown::stage::ShutdownCause;
use crate::spec::policy::{FirstStart, OnStuck, Shutdown, StartOrder, Strategy, WhileStarting};

fn statuses(world: &World) -> Vec<String> {
    let report = world.report();
    let children = report.children.iter();
    children
        .map(|child| format!("{} {}", child.path, child.status))
        .collect()
}

/// Nobody hears, and whoever is to be dropped is.
fn drop_only(world: &mut World) {
    for _ in 0..100 {
        for (path, want) in world.wants() {
            if want == Want::Abort {
                world.exit(&path, Ends::Aborted);
            }
        }
        if world.is_over() || (!world.has_wants() && !world.jump()) {
            return;
        }
    }
}

/// Nobody hears, and nobody can be dropped.
fn stick(world: &mut World) {
    while !world.is_over() {
        assert!(world.jump(), "the end waits for nobody");
    }
}

#[test]
fn each_child_gets_the_smaller_of_its_budget_and_what_is_left() {
    let spec = vec![
        worker("a"),
        worker("b").shutdown(secs(4)),
        worker("c").shutdown(secs(2)),
    ];
    let spec = SupervisorSpec::root(spec).shutdown_within(secs(5));
    let mut world = started(spec);
    log(&mut world);
    world.ask("", Ask::Shutdown);
    drop_only(&mut world);
    assert!(world.is_over());
    assert_eq!(text(&log(&mut world)), "?/ ?c !c -c ?b !b -b !a -a -/");
    assert_eq!(world.report().took, secs(5));
    assert_eq!(
        statuses(&world),
        ["c aborted", "b cut short", "a cut short"]
    );
    assert!(!world.report().is_clean());
}

#[test]
fn who_ends_in_the_time_that_was_left_has_stopped_as_asked() {
    let spec = SupervisorSpec::root(vec![worker("a"), worker("b")]).shutdown_within(secs(6));
    let mut world = started(spec);
    world.ask("", Ask::Shutdown);
    world.advance(secs(4));
    world.exit("b", Ends::Cancelled);
    world.advance(secs(1));
    world.exit("a", Ends::Cancelled);
    assert_eq!(statuses(&world), ["b graceful", "a graceful"]);
    assert!(world.report().is_clean());
}

#[test]
fn what_takes_no_context_stops_cleanly_by_being_dropped() {
    let deaf = SupervisorSpec::root(vec![worker("a").deaf(), worker("b").deaf()]);
    let mut world = started(deaf.shutdown_within(secs(6)));
    world.ask("", Ask::Shutdown);
    drop_only(&mut world);
    assert_eq!(statuses(&world), ["b graceful", "a graceful"]);
    assert!(world.report().is_clean());
}

#[test]
fn a_child_without_a_bound_of_its_own_has_one_below_a_deadline() {
    let inner = SupervisorSpec::root(vec![worker("x")]).shutdown_within(secs(3));
    // Its own budget is that of what is below it, and that has none.
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("sub", inner)]);
    let mut world = started(spec);
    world.ask("", Ask::Shutdown);
    drop_only(&mut world);
    assert_eq!(world.report().took, secs(3));
    assert_eq!(statuses(&world), ["sub/x cut short"]);
}

#[test]
fn the_earliest_of_several_deadlines_holds() {
    for (outer, inner, took) in [(9, 3, 3), (3, 9, 3)] {
        let below = SupervisorSpec::root(vec![worker("x")]);
        let below = if inner < outer {
            below.shutdown_within(secs(inner))
        } else {
            below
        };
        let spec = vec![ChildSpec::supervisor("sub", below)];
        let mut world = started(SupervisorSpec::root(spec).shutdown_within(secs(outer)));
        world.ask("", Ask::Shutdown);
        drop_only(&mut world);
        assert_eq!(world.report().took, secs(took));
    }
}

#[test]
fn however_many_children_do_not_yield_the_end_comes_two_seconds_after_the_deadline() {
    for start in [StartOrder::Ordered, StartOrder::Concurrent] {
        let names: Vec<String> = (0..10).map(|n| format!("c{n}")).collect();
        let children = || names.iter().map(|name| worker(name)).collect::<Vec<_>>();
        let inner = SupervisorSpec::root(children()).start(start);
        let mut spec = children();
        spec.push(ChildSpec::supervisor("sub", inner));
        let spec = SupervisorSpec::root(spec)
            .shutdown_within(secs(3))
            .start(start);
        let mut world = started(spec);
        world.ask("", Ask::Shutdown);
        stick(&mut world);
        let report = world.report();
        assert!(report.took <= secs(5), "{:?}", report.took);
        assert_eq!(report.stuck().count(), 20);
        assert!(!report.is_clean());
    }
}

#[test]
fn a_deadline_of_the_call_shortens_that_of_the_tree_and_lengthens_none() {
    for (tree, call, took) in [(9, 3, 3), (3, 9, 3)] {
        let spec = SupervisorSpec::root(vec![worker("a")]).shutdown_within(secs(tree));
        let mut world = started(spec);
        world.ask("", Ask::ShutdownWithin(secs(call)));
        drop_only(&mut world);
        assert_eq!(world.report().took, secs(took));
    }
}

#[test]
fn a_shutdown_that_is_under_way_can_be_hurried() {
    for start in [StartOrder::Ordered, StartOrder::Concurrent] {
        let inner = SupervisorSpec::root(workers(&["x", "y"])).start(start);
        let spec = vec![
            worker("a"),
            ChildSpec::supervisor("sub", inner),
            worker("b"),
        ];
        let mut world = started(SupervisorSpec::root(spec).start(start));
        world.ask("", Ask::Shutdown);
        world.advance(secs(1));
        world.ask("", Ask::ShutdownWithin(secs(2)));
        // That is later.
        world.ask("", Ask::ShutdownWithin(secs(60)));
        drop_only(&mut world);
        let report = world.report();
        assert_eq!(report.took, secs(3), "{report}");
        let cut = |child: &&crate::shutdown::report::Stopped| child.status == Status::CutShort;
        assert_eq!(report.children.iter().filter(cut).count(), 4, "{report}");
    }
}

#[test]
fn no_time_at_all_drops_everything_in_order() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    log(&mut world);
    world.ask("", Ask::ShutdownWithin(Duration::ZERO));
    assert_eq!(text(&log(&mut world)), "?/ !b");
    world.exit("b", Ends::Aborted);
    assert_eq!(text(&log(&mut world)), "-b !a");
    world.exit("a", Ends::Aborted);
    assert!(world.is_over());
    assert_eq!(statuses(&world), ["b cut short", "a cut short"]);
}

#[test]
fn a_supervisor_that_gives_up_has_a_deadline_too_and_says_why_it_came_down() {
    let spec = SupervisorSpec::root(vec![worker("a"), worker("b")])
        .intensity(crate::spec::policy::Intensity::new(0, secs(1)))
        .shutdown_within(secs(3));
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    stick(&mut world);
    assert!(world.report().took <= secs(5));
    let failure = world.failure().expect("the first reason stands");
    assert_eq!(&*failure.decisive().child, "b");
}

#[test]
fn a_restart_of_a_supervisor_begins_with_a_new_deadline() {
    let inner = SupervisorSpec::root(vec![worker("x")]).shutdown_within(secs(3));
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    for _ in 0..2 {
        ask(&mut world, "sub", Ask::Restart).expect("accepted");
        world.advance(ms(2_999));
        assert_eq!(state(&world, "sub/x"), ChildState::Stopping);
        world.advance(ms(1));
        assert_eq!(state(&world, "sub/x"), ChildState::Aborting);
        world.exit("sub/x", Ends::Aborted);
        assert_eq!(state(&world, "sub/x"), ChildState::Running);
        world.advance(secs(100));
    }
}

#[test]
fn a_start_that_a_stop_waits_for_is_waited_for_until_the_deadline_only() {
    let spec = SupervisorSpec::root(vec![explicit("a")])
        .while_starting(WhileStarting::Wait)
        .shutdown_within(secs(3));
    let mut world = started(spec);
    world.ask("", Ask::Shutdown);
    world.advance(ms(2_999));
    assert_eq!(state(&world, "a"), ChildState::Starting);
    log(&mut world);
    world.advance(ms(1));
    assert_eq!(text(&log(&mut world)), "!a", "the supervisor is not killed");
    world.exit("a", Ends::Aborted);
    assert!(world.is_over());
}

#[test]
fn an_attempt_knows_when_it_will_be_dropped() {
    let at = |world: &World, path: &str| {
        let attempt = world.attempt(path).expect("it lives");
        let at = world.machine.dropped_at(attempt.id(), attempt.generation);
        at.map(Nanos::since_start)
    };
    let spec = vec![
        worker("a"),
        worker("b").shutdown(secs(2)),
        worker("c").shutdown(Shutdown::Infinity),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    world.advance(secs(10));
    assert_eq!(at(&world, "b"), None, "it has not been asked");
    world.ask("", Ask::Shutdown);
    assert_eq!(at(&world, "c"), None, "without a bound");
    world.exit("c", Ends::Cancelled);
    assert_eq!(at(&world, "b"), Some(secs(12)));
    world.ask("", Ask::ShutdownWithin(secs(1)));
    assert_eq!(at(&world, "b"), Some(secs(11)));
    world.advance(secs(1));
    assert_eq!(state(&world, "b"), ChildState::Aborting);
    assert_eq!(at(&world, "b"), Some(secs(10)), "it is time");
    world.advance(secs(1));
    assert_eq!(state(&world, "b"), ChildState::Stuck);
    assert_eq!(at(&world, "b"), Some(secs(10)));
}

#[test]
fn a_supervisor_that_is_to_escalate_gives_up_when_a_child_is_stuck() {
    let spec = SupervisorSpec::root(vec![worker("a"), worker("b").on_stuck(OnStuck::Escalate)]);
    let mut world = started(spec);
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    world.advance(secs(6));
    world.exit("a", Ends::Cancelled);
    assert!(world.is_over());
    let failure = world.failure().expect("it gave up");
    assert_eq!((&*failure.decisive().child, failure.why), ("b", Why::Stuck));
    assert_eq!(statuses(&world), ["b stuck", "a graceful"]);
}

#[test]
fn a_parent_restarts_what_gave_up_and_leaves_the_stuck_child_out_until_it_has_gone() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let inner =
            SupervisorSpec::root(vec![worker("x"), worker("y").on_stuck(OnStuck::Escalate)])
                .strategy(strategy);
        let sub = ChildSpec::supervisor("sub", inner).backoff(Backoff::none());
        let mut world = started(SupervisorSpec::root(vec![sub]));
        ask(&mut world, "sub/y", Ask::Stop).expect("accepted");
        world.advance(secs(6));
        world.exit("sub/x", Ends::Cancelled);
        assert_eq!(state(&world, "sub"), ChildState::Running);
        assert_eq!(state(&world, "sub/x"), ChildState::Running);
        assert_eq!(state(&world, "sub/y"), ChildState::Stuck);
        world.exit("sub/y", Ends::Aborted);
        assert_eq!(state(&world, "sub/y"), ChildState::Running, "{strategy:?}");
    }
}

#[test]
fn a_tree_that_waits_for_a_start_closes_when_its_deadline_ends_it_by_force() {
    let spec = SupervisorSpec::root(vec![worker("a"), explicit("b")])
        .while_starting(WhileStarting::Wait)
        .first_start(FirstStart::Retry);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    world.ask("", Ask::ShutdownWithin(Duration::ZERO));
    world.jump();
    world.check();
    obey(&mut world);
    assert!(world.is_over());
    let cause = world.report().cause;
    assert!(matches!(cause, ShutdownCause::Requested(_)), "{cause:?}");
}

/// Nobody can blame the child for being late, for so long.
fn starve_for(world: &mut World, path: &str, seconds: u64) {
    for _ in 0..seconds {
        world.starve(path);
        world.advance(secs(1));
    }
}

#[test]
fn who_is_ended_by_force_before_its_time_was_cut_short_and_nobody_else() {
    let spec = vec![
        worker("asked_later"),
        worker("abort").shutdown(Shutdown::Abort),
        worker("slow").shutdown(secs(1)),
    ];
    let mut world = started(SupervisorSpec::root(spec).shutdown_within(secs(3)));
    world.ask("", Ask::Shutdown);
    world.advance(secs(1));
    assert_eq!(state(&world, "slow"), ChildState::Aborting);
    starve_for(&mut world, "slow", 3);
    drop_only(&mut world);
    assert!(world.is_over());
    assert_eq!(world.report().took, secs(4));
    assert_eq!(
        statuses(&world),
        ["slow aborted", "abort aborted", "asked_later cut short"]
    );
}

#[test]
fn what_a_supervisor_has_of_its_own_bounds_what_is_below_it() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let sub = ChildSpec::supervisor("sub", inner).shutdown(secs(2));
    let mut world = started(SupervisorSpec::root(vec![sub]));
    world.ask("", Ask::Shutdown);
    drop_only(&mut world);
    assert_eq!(world.report().took, secs(2));
    assert_eq!(statuses(&world), ["sub/y aborted", "sub/x aborted"]);
}

#[test]
fn who_was_ending_for_a_limit_and_is_ended_by_force_has_been_stopped() {
    let spec = vec![
        worker("a").timeout(secs(1)),
        worker("slow").shutdown(secs(1)),
    ];
    let mut world = started(SupervisorSpec::root(spec).shutdown_within(secs(3)));
    world.ask("", Ask::Shutdown);
    world.advance(secs(1));
    assert_eq!(
        state(&world, "a"),
        ChildState::Stopping,
        "it lasts too long"
    );
    starve_for(&mut world, "slow", 2);
    world.starve("a");
    starve_for(&mut world, "slow", 1);
    drop_only(&mut world);
    assert!(world.is_over());
    assert_eq!(statuses(&world), ["slow aborted", "a cut short"]);
}

#[test]
fn with_no_time_left_a_start_is_not_let_run_its_course() {
    let spec = SupervisorSpec::root(vec![explicit("a")]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    log(&mut world);
    world.ask("", Ask::ShutdownWithin(Duration::ZERO));
    world.jump();
    assert_eq!(world.now(), Duration::ZERO);
    assert_eq!(text(&log(&mut world)), "?/ !a");
    world.exit("a", Ends::Aborted);
    assert!(world.is_over());
    world.check();
}

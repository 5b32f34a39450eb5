//! Which siblings a restart takes along, and in which order (R17 to R21).

use super::*;
use crate::spec::policy::{
    AutoShutdown, FirstStart, Intensity, StartOrder, Strategy, WhileStarting,
};

fn tree(strategy: Strategy) -> World {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c", "d"])).strategy(strategy);
    let mut world = started(spec);
    log(&mut world);
    world
}

#[test]
fn one_for_one_restarts_the_failed_child_alone() {
    let mut world = tree(Strategy::OneForOne);
    world.exit("b", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-b ~b +b");
}

#[test]
fn one_for_all_stops_everybody_in_reverse_and_starts_everybody_in_order() {
    let mut world = tree(Strategy::OneForAll);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-b ~b ?d -d ?c -c ?a -a +a +b +c +d"
    );
}

#[test]
fn rest_for_one_leaves_those_before_the_failed_child_alone() {
    let mut world = tree(Strategy::RestForOne);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-b ~b ?d -d ?c -c +b +c +d");
}

fn dependents() -> SupervisorSpec {
    SupervisorSpec::root(vec![
        worker("db"),
        worker("cache"),
        worker("api").after(["db"]),
        worker("web").after(["api"]),
        worker("cron").after(["cache"]),
    ])
    .strategy(Strategy::Dependents)
}

#[test]
fn dependents_takes_along_what_is_after_the_failed_child_transitively() {
    let mut world = started(dependents());
    log(&mut world);
    world.exit("db", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-db ~db ?web -web ?api -api +db +api +web"
    );
    world.exit("cache", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-cache ~cache ?cron -cron +cache +cron"
    );
    world.exit("web", Ends::Failed);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-web ~web +web");
}

#[test]
fn dependents_works_with_the_graph_started_concurrently() {
    let mut world = started(dependents().start(StartOrder::Concurrent));
    assert_eq!(text(&log(&mut world)), "+/ +db +cache +api +web +cron");
    world.exit("db", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-db ~db ?web -web ?api -api +db +api +web"
    );
    assert_eq!(live(&world).len(), 5);
}

#[test]
fn the_restart_of_a_dependency_does_not_restart_its_dependents_unless_asked_for() {
    let spec = SupervisorSpec::root(vec![worker("db"), worker("api").after(["db"])]);
    let mut world = started(spec);
    log(&mut world);
    world.exit("db", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-db ~db +db");
}

#[test]
fn a_group_restart_counts_once() {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c"]))
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::new(2, secs(10)));
    let mut world = started(spec);
    for _ in 0..2 {
        world.exit("c", Ends::Failed);
        obey(&mut world);
        assert_eq!(live(&world), ["a", "b", "c"]);
    }
    world.exit("c", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn a_group_restart_revives_what_was_stopped_or_has_finished_but_not_what_is_paused() {
    let spec = SupervisorSpec::root(vec![
        worker("stopped"),
        worker("finished").restart(RestartPolicy::Transient),
        worker("paused"),
        worker("quarantined"),
        worker("failing"),
    ]);
    let mut world = started(spec.strategy(Strategy::OneForAll));
    ask(&mut world, "stopped", Ask::Stop).expect("accepted");
    ask(&mut world, "paused", Ask::Pause).expect("accepted");
    ask(&mut world, "quarantined", Ask::Quarantine).expect("accepted");
    obey(&mut world);
    world.exit("finished", Ends::Succeeded);
    assert_eq!(live(&world), ["failing"]);
    world.exit("failing", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["failing", "finished", "stopped"]);
}

#[test]
fn a_child_that_is_stopped_while_its_group_stops_is_passed_by_once() {
    let mut world = tree(Strategy::OneForAll);
    world.exit("b", Ends::Failed);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    ask(&mut world, "d", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["b", "c"]);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        live(&world),
        ["a", "b", "c", "d"],
        "the next one revives it"
    );
}

#[test]
fn a_temporary_sibling_goes_with_its_group_and_is_forgotten() {
    let spec = vec![worker("a"), worker("t").restart(RestartPolicy::Temporary)];
    let mut world = started(SupervisorSpec::root(spec).strategy(Strategy::OneForAll));
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a"]);
    assert_eq!(world.state("t"), None);
}

#[test]
fn children_of_a_group_that_end_together_are_restarted_once() {
    let mut world = tree(Strategy::OneForAll);
    world.exit_together(&[
        ("d", Ends::Failed),
        ("a", Ends::Panicked),
        ("c", Ends::Failed),
    ]);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-d -a -c ~d ?b -b +a +b +c +d");
}

#[test]
fn a_nested_supervisor_is_stopped_depth_first_and_started_anew() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let spec = vec![
        worker("a"),
        ChildSpec::supervisor("sub", inner),
        worker("b"),
    ];
    let mut world = started(SupervisorSpec::root(spec).strategy(Strategy::OneForAll));
    log(&mut world);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-a ~a ?b -b ?sub ?sub/y -sub/y ?sub/x -sub/x -sub +a +sub +sub/x +sub/y +b"
    );
}

#[test]
fn the_rest_of_a_group_starts_when_its_culprit_is_stopped_while_another_child_starts() {
    for is_due in [false, true] {
        let mut children = workers(&["b"]);
        children.insert(0, worker("a").backoff(secs(1)));
        let spec = SupervisorSpec::root(children).strategy(Strategy::OneForAll);
        let mut world = started(spec);
        world.exit("a", Ends::Failed);
        obey(&mut world);
        world.ask("", Ask::Add(explicit("x")));
        if is_due {
            world.advance(secs(1));
        }
        ask(&mut world, "a", Ask::Stop).expect("accepted");
        world.ready("x");
        assert_eq!(live(&world), ["b", "x"]);
    }
}

#[test]
fn a_dependent_that_had_been_removed_takes_its_own_dependents_along_again() {
    let mut children = workers(&["a", "b", "c"]);
    children[2] = worker("c").after(["b"]);
    children[1] = worker("b").after(["a"]);
    let inner = SupervisorSpec::root(children).strategy(Strategy::Dependents);
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    ask(&mut world, "sub/b", Ask::Remove).expect("accepted");
    obey(&mut world);
    world.exit("sub/a", Ends::Failed);
    obey(&mut world);
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    log(&mut world);
    world.exit("sub/a", Ends::Failed);
    obey(&mut world);
    let restarted = text(&log(&mut world));
    assert!(restarted.ends_with("+sub/a +sub/b +sub/c"), "{restarted}");
}

#[test]
fn the_rest_of_a_group_starts_when_its_culprit_is_taken_out_before_its_restart_is_taken_up() {
    for taken_out in [Ask::Stop, Ask::Pause, Ask::Remove] {
        let spec = SupervisorSpec::root(vec![explicit("a"), explicit("b"), worker("c")]);
        let mut world = started(spec.strategy(Strategy::OneForAll));
        world.ready("a");
        world.ready("b");
        world.exit("c", Ends::Failed);
        obey(&mut world);
        // The failed start of `a` is taken up when `x` has started, which was asked for before.
        world.ask("", Ask::Add(explicit("x")));
        world.exit("a", Ends::Failed);
        assert_eq!(live(&world), ["x"]);
        let asked = format!("{taken_out:?}");
        ask(&mut world, "a", taken_out).expect("accepted");
        world.ready("x");
        world.ready("b");
        assert_eq!(live(&world), ["b", "c", "x"], "{asked}");
    }
}

#[test]
fn a_group_whose_culprit_is_paused_while_it_stops_starts_once() {
    let spec = SupervisorSpec::root(vec![
        worker("a"),
        worker("once")
            .restart(RestartPolicy::Transient)
            .readiness(Readiness::Completed),
        worker("c"),
    ]);
    let mut world = started(spec.strategy(Strategy::OneForAll));
    world.exit("once", Ends::Succeeded);
    world.exit("a", Ends::Failed);
    ask(&mut world, "a", Ask::Pause).expect("accepted");
    obey(&mut world);
    log(&mut world);
    world.exit("once", Ends::Succeeded);
    assert_eq!(text(&log(&mut world)), "-once +c");
    assert_eq!(live(&world), ["c"]);
}

#[test]
fn the_rest_of_a_group_does_not_start_again_after_another_restart_has_taken_it_along() {
    let once = worker("once")
        .restart(RestartPolicy::Transient)
        .readiness(Readiness::Completed);
    let spec = SupervisorSpec::root(vec![worker("b"), explicit("a"), once]);
    let mut world = started(spec.strategy(Strategy::OneForAll));
    world.ready("a");
    world.exit("once", Ends::Succeeded);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.ask("", Ask::Add(explicit("x")));
    world.exit("a", Ends::Failed);
    world.exit("b", Ends::Failed);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    log(&mut world);
    world.ready("x");
    obey(&mut world);
    world.exit("once", Ends::Succeeded);
    world.ready("x");
    assert_eq!(text(&log(&mut world)), "~b ?x -x +b +once -once +x");
}

#[test]
fn a_tree_that_ends_with_its_children_does_not_end_before_its_group_has_started() {
    let once = worker("a")
        .readiness(Readiness::Completed)
        .restart(RestartPolicy::Transient);
    let spec = SupervisorSpec::root(vec![once, worker("b")])
        .strategy(Strategy::OneForAll)
        .auto_shutdown(AutoShutdown::AllEnded);
    let mut world = started(spec);
    world.exit("a", Ends::Succeeded);
    log(&mut world);
    world.exit("b", Ends::Failed);
    world.exit("a", Ends::Succeeded);
    world.check();
    assert_eq!(text(&log(&mut world)), "-b ~b +a -a +b");
    assert!(!world.is_over());
}

#[test]
fn who_is_behind_one_that_fails_to_start_again_is_started_with_it() {
    for start in [StartOrder::Ordered, StartOrder::Concurrent] {
        let b = explicit("b").after(["a"]);
        let spec = SupervisorSpec::root(vec![worker("a"), b, worker("c").after(["a"])])
            .strategy(Strategy::Dependents)
            .start(start);
        let mut world = started(spec);
        world.behave();
        world.exit("a", Ends::Failed);
        while state(&world, "b") != ChildState::Starting {
            obey(&mut world);
        }
        world.exit("b", Ends::Failed);
        world.check();
        world.behave();
        assert_eq!(live(&world), ["a", "b", "c"], "{start:?}");
    }
}

#[test]
fn nobody_keeps_a_mark_of_a_group_whose_culprit_is_removed_where_the_rest_stays_down() {
    let spec = SupervisorSpec::root(vec![
        explicit("a"),
        worker("b").critical(false).after(["a"]),
    ])
    .strategy(Strategy::Dependents)
    .while_starting(WhileStarting::Wait)
    .intensity(Intensity::new(3, secs(10)));
    let mut world = started(spec);
    world.ready("a");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a"], "`b` is after it");
    let removed = world.ask("a", Ask::Remove);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    world.check();
    assert!(world.answer(removed).is_some());
}

#[test]
fn dependents_that_stop_start_again_although_the_one_that_failed_is_stopped() {
    let tree = vec![worker("c"), worker("d").after(["c"])];
    let mut world = started(SupervisorSpec::root(tree).strategy(Strategy::Dependents));
    world.exit("c", Ends::Failed);
    ask(&mut world, "c", Ask::Stop).expect("stopped");
    log(&mut world);
    obey(&mut world);
    world.check();
    assert_eq!(text(&log(&mut world)), "-d waits d");
}

#[test]
fn who_is_stopped_stays_down_in_a_delayed_group_although_another_is_starting() {
    for is_added in [false, true] {
        let a = worker("a").backoff(Backoff::constant(secs(5)));
        let spec = SupervisorSpec::root(vec![a, worker("b")]).strategy(Strategy::OneForAll);
        let mut world = started(spec);
        world.exit("a", Ends::Failed);
        obey(&mut world);
        if is_added {
            world.ask("", Ask::Add(explicit("x")));
        }
        ask(&mut world, "b", Ask::Stop).expect("stopped");
        world.ready("x");
        world.check();
        world.jump();
        obey(&mut world);
        world.check();
        assert!(live(&world).contains(&"a".to_owned()));
        assert_eq!(state(&world, "b"), ChildState::Stopped, "{is_added}");
    }
}

#[test]
fn who_is_stopped_stays_down_in_a_group_whose_delay_is_over_while_another_is_starting() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let a = worker("a").backoff(Backoff::constant(secs(5)));
        let spec = SupervisorSpec::root(vec![a, worker("b")]).strategy(strategy);
        let mut world = started(spec);
        world.exit("a", Ends::Failed);
        obey(&mut world);
        world.ask("", Ask::Add(explicit("x")));
        world.jump();
        assert_eq!(state(&world, "x"), ChildState::Starting);
        ask(&mut world, "b", Ask::Stop).expect("stopped");
        world.ready("x");
        obey(&mut world);
        world.check();
        assert!(live(&world).contains(&"a".to_owned()));
        assert_eq!(state(&world, "b"), ChildState::Stopped, "{strategy:?}");
    }
}

#[test]
fn who_was_stopped_in_a_group_that_is_called_off_starts_with_the_next() {
    let constant = |id: &str| worker(id).backoff(Backoff::constant(secs(2)));
    let spec = SupervisorSpec::root(vec![explicit("a"), constant("b"), worker("c")])
        .strategy(Strategy::OneForAll)
        .while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ready("a");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    ask(&mut world, "c", Ask::Stop).expect("accepted");
    ask(&mut world, "b", Ask::Pause).expect("accepted");
    assert_eq!(live(&world), ["a"], "it starts without `b`");
    // This waits for its turn, and calls the group off (R31).
    world.ask("a", Ask::Stop);
    world.exit("a", Ends::Failed);
    world.check();
    assert_eq!(live(&world), [""; 0]);
    ask(&mut world, "b", Ask::Resume).expect("accepted");
    world.exit("b", Ends::Failed);
    world.jump();
    world.ready("a");
    assert_eq!(live(&world), ["a", "b", "c"]);
    world.check();
}

#[test]
fn who_holds_up_the_first_start_starts_with_the_rest_of_its_group() {
    let constant = |child: ChildSpec| child.backoff(Backoff::constant(secs(2)));
    let children = vec![
        constant(worker("a")),
        explicit("b"),
        constant(explicit("c")),
    ];
    let spec = SupervisorSpec::root(children)
        .strategy(Strategy::OneForAll)
        .first_start(FirstStart::Retry)
        .while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ask("b", Ask::Pause);
    world.exit("a", Ends::Failed);
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), ["c"], "the first start goes on meanwhile");
    world.ask("a", Ask::Pause);
    world.exit("c", Ends::Failed);
    world.check();
    assert_eq!(live(&world), ["c"], "it does not wait for itself");
    world.ready("c");
    world.check();
    assert!(world.is_up());
    assert_eq!(live(&world), ["c"]);
}

//! Starts that give way to a reload, and what becomes of them when they fail.

use super::*;
use crate::machine::world::made_of;
use crate::spec::policy::{FirstStart, Intensity, Strategy};

/// The same worker, made of a template with an argument.
fn made(id: &str, argument: i64) -> ChildSpec {
    made_of(worker(id), argument)
}

/// Takes another configuration; whoever is asked to stop ends.
fn reloaded(world: &mut World, spec: SupervisorSpec) -> u64 {
    let ticket = world.reload(spec).expect("the tree is sound");
    obey(world);
    world.check();
    ticket
}

fn is_reloaded(world: &mut World, ticket: u64) -> bool {
    matches!(world.answer(ticket), Some(Ok(Said::Reloaded)))
}

/// `b` says itself when it is ready.
fn group(x: i64) -> SupervisorSpec {
    let b = explicit("b").backoff(Backoff::constant(secs(2)));
    SupervisorSpec::root(vec![made("a", 1), b, made("c", x)])
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::new(9, secs(1)))
}

#[test]
fn a_reload_goes_on_behind_a_child_of_a_group_whose_start_fails() {
    let mut world = started(group(1));
    world.ready("b");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
    let ticket = reloaded(&mut world, group(2));
    assert!(world.answer(ticket).is_none(), "`b` is starting");
    log(&mut world);
    world.exit("b", Ends::Failed);
    assert!(is_reloaded(&mut world, ticket));
    assert_eq!(text(&log(&mut world)), "-b +c ~b ?c");
    world.check();
}

#[test]
fn a_start_of_a_group_that_fails_after_a_reload_ends_nobody_elses_start() {
    let spec = |restarts| {
        SupervisorSpec::root(vec![explicit("x"), worker("a"), explicit("b").after(["a"])])
            .strategy(Strategy::Dependents)
            .intensity(Intensity::new(restarts, secs(1)))
    };
    let mut world = started(spec(8));
    world.ready("x");
    world.ready("b");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    let ticket = reloaded(&mut world, spec(9));
    assert!(is_reloaded(&mut world, ticket));
    world.ask("x", Ask::Restart);
    obey(&mut world);
    log(&mut world);
    world.exit("b", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-b", "`x` is starting");
    world.ready("x");
    assert_eq!(text(&log(&mut world)), "~b +b");
    world.check();
}

#[test]
fn a_first_start_goes_on_after_a_group_in_it_has_given_way_to_a_reload() {
    let spec = |restarts, both: bool| {
        let b = explicit("b").backoff(Backoff::constant(secs(2)));
        let c = explicit("c").backoff(Backoff::constant(secs(9)));
        let mut children = vec![worker("a"), b];
        children.extend(both.then_some(c));
        children.extend([worker("d").after(["b"]), worker("e")]);
        SupervisorSpec::root(children)
            .strategy(Strategy::Dependents)
            .first_start(FirstStart::Retry)
            .intensity(Intensity::new(restarts, secs(1)))
    };
    let mut world = started(spec(8, true));
    world.ready("b");
    world.exit("c", Ends::Failed);
    world.exit("b", Ends::Failed);
    world.jump();
    assert_eq!(live(&world), ["a", "b"]);
    let ticket = reloaded(&mut world, spec(9, true));
    assert!(is_reloaded(&mut world, ticket));
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), ["a"]);
    // Whoever has held up the first start is taken out.
    let ticket = reloaded(&mut world, spec(9, false));
    assert!(is_reloaded(&mut world, ticket));
    world.jump();
    world.ready("b");
    assert!(world.is_up());
    assert_eq!(live(&world), ["a", "b", "d", "e"]);
    world.check();
}

#[test]
fn what_a_reload_adds_is_no_part_of_a_first_start_that_is_over() {
    let spec = |more: bool| {
        let mut spec = group(1);
        let added = || explicit("d").backoff(Backoff::constant(secs(1)));
        spec.children.extend(more.then(added));
        spec
    };
    let mut world = started(spec(false));
    world.ready("b");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    let ticket = reloaded(&mut world, spec(true));
    world.exit("d", Ends::Failed);
    obey(&mut world);
    assert!(is_reloaded(&mut world, ticket));
    assert!(!world.is_over(), "it is tried again");
    world.check();
}

#[test]
fn a_reload_does_not_wait_for_a_start_that_stands_behind_what_it_starts() {
    let spec = |more: bool| {
        let new = more.then(|| made("n", 1));
        SupervisorSpec::root(new.into_iter().chain([made("a", 1)]).collect())
    };
    let mut world = started(spec(false));
    world.ask("", Ask::Add(explicit("x")));
    let ticket = reloaded(&mut world, spec(true));
    assert_eq!(live(&world), ["a", "n", "x"]);
    assert!(is_reloaded(&mut world, ticket));
    world.check();
}

#[test]
fn a_reload_does_not_start_who_was_stopped_while_its_start_had_given_way() {
    let spec = |x| SupervisorSpec::root(vec![explicit("b"), made("c", x)]);
    let mut world = started(spec(1));
    world.ready("b");
    world.ask("b", Ask::Restart);
    obey(&mut world);
    let ticket = world.reload(spec(2)).expect("sound");
    let stopped = world.ask("b", Ask::Stop);
    world.exit("b", Ends::Cancelled);
    obey(&mut world);
    assert!(matches!(world.answer(stopped), Some(Ok(_))));
    assert!(is_reloaded(&mut world, ticket));
    assert_eq!(live(&world), ["c"]);
    world.check();
}

#[test]
fn nothing_prolongs_how_long_a_reload_waits_for_a_supervisor() {
    let spec = |more: bool| {
        let mut children = vec![made("a", 1)];
        if more {
            let hangs = SupervisorSpec::root(vec![explicit("h").ready_within(secs(99))]);
            children.push(ChildSpec::supervisor("g", hangs));
            children.push(made("z", 1));
        }
        SupervisorSpec::root(children)
    };
    let mut world = started(spec(false));
    let ticket = reloaded(&mut world, spec(true));
    world.advance(secs(20));
    world.exit("a", Ends::Failed);
    world.advance(secs(10));
    assert!(is_reloaded(&mut world, ticket));
    assert_eq!(live(&world), ["a", "g/h", "z"]);
    world.check();
}

#[test]
fn a_stop_in_a_group_that_a_reload_lets_go_is_over_with_it() {
    let spec = |x| {
        let b = worker("b").backoff(Backoff::constant(secs(5)));
        SupervisorSpec::root(vec![made("a", x), b, made("c", 1)])
            .strategy(Strategy::OneForAll)
            .intensity(Intensity::new(9, secs(1)))
    };
    let mut world = started(spec(1));
    world.exit("b", Ends::Failed);
    obey(&mut world);
    ask(&mut world, "c", Ask::Stop).expect("stopped");
    let ticket = reloaded(&mut world, spec(2));
    assert!(is_reloaded(&mut world, ticket));
    assert_eq!(live(&world), ["a"], "`c` has been stopped");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b", "c"], "a group restart revives it");
    world.check();
}

#[test]
fn a_group_that_a_reload_lets_go_is_let_go_although_its_start_has_just_failed() {
    let spec = |strategy| group(1).strategy(strategy);
    let mut world = started(spec(Strategy::OneForAll));
    world.ready("b");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
    world.interrupt(0);
    let ticket = world.reload(spec(Strategy::OneForOne)).expect("sound");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.check();
    assert!(is_reloaded(&mut world, ticket));
    assert_eq!(live(&world), ["a", "c"]);
    world.jump();
    assert_eq!(live(&world), ["a", "b", "c"]);
    world.check();
}

#[test]
fn a_stuck_child_that_a_reload_takes_out_ends_as_one_that_was_asked() {
    let spec = |both: bool| {
        let mut children = vec![made("b", 1)];
        children.extend(both.then(|| made("a", 1)));
        SupervisorSpec::root(children).intensity(Intensity::new(0, secs(1)))
    };
    let mut world = started(spec(true));
    world.ask("a", Ask::Kill);
    while state(&world, "a") != ChildState::Stuck {
        assert!(world.jump(), "it gets stuck");
    }
    world.skip_events();
    let ticket = world.reload(spec(false)).expect("sound");
    world.check();
    assert!(is_reloaded(&mut world, ticket));
    let told = world.events();
    let stops = |event: &Event| matches!(event.kind, EventKind::GroupStopping);
    assert!(!told.iter().any(stops), "nothing has to stop: {told:?}");
    world.exit("a", Ends::Aborted);
    obey(&mut world);
    world.check();
    assert_eq!(text(&log(&mut world)), "-a");
    assert_eq!(live(&world), ["b"]);
}

#[test]
fn an_heir_below_a_supervisor_that_comes_down_starts_with_it() {
    let below = |x: ChildSpec| SupervisorSpec::root(vec![x, made("y", 1)]);
    let spec = |x| SupervisorSpec::root(vec![ChildSpec::supervisor("s", below(x))]);
    let mut world = started(spec(made("x", 1)));
    let ticket = world.reload(spec(worker("x"))).expect("sound");
    while world.answer(ticket).is_none() {
        assert!(world.jump(), "it gets stuck");
    }
    world.ask("s", Ask::Pause);
    world.exit("s/x", Ends::Aborted);
    world.check();
    obey(&mut world);
    world.check();
    assert_eq!(live(&world), [""; 0]);
    log(&mut world);
    ask(&mut world, "s", Ask::Resume).expect("resumed");
    world.check();
    assert_eq!(text(&log(&mut world)), "+s +s/x +s/y");
}

#[test]
fn whoever_is_below_an_heir_is_not_told_of_while_another_has_its_path() {
    let spec = |a| SupervisorSpec::root(vec![a, worker("b")]);
    let of = |argument| ChildSpec::supervisor("a", SupervisorSpec::root(vec![made("x", argument)]));
    let mut world = started(spec(of(1)));
    for next in [made("a", 1), of(2)] {
        let ticket = world.reload(spec(next)).expect("sound");
        while world.answer(ticket).is_none() {
            assert!(world.jump(), "it gets stuck");
        }
        world.check();
    }
    let added = |world: &mut World| {
        let mut told = world.events();
        told.retain(|event| matches!(event.kind, EventKind::Added));
        let told: Vec<String> = told.iter().map(|event| event.path.to_string()).collect();
        text(&told)
    };
    added(&mut world);
    world.exit("a", Ends::Aborted);
    world.check();
    assert_eq!(added(&mut world), "a");
    world.exit("a/x", Ends::Aborted);
    world.check();
    assert_eq!(added(&mut world), "a/x");
    assert_eq!(live(&world), ["a/x", "b"]);
}

#[test]
fn who_was_stopped_stays_down_when_one_reload_gives_way_to_the_next() {
    let spec = |x, restarts| {
        SupervisorSpec::root(vec![explicit("a"), made("b", x), made("c", x)])
            .strategy(Strategy::OneForAll)
            .intensity(Intensity::new(restarts, secs(1)))
    };
    let mut world = started(spec(1, 8));
    world.ready("a");
    world.ask("a", Ask::Restart);
    obey(&mut world);
    let first = reloaded(&mut world, spec(2, 8));
    assert_eq!(live(&world), ["a"], "the others are behind it");
    ask(&mut world, "b", Ask::Stop).expect("stopped");
    let second = reloaded(&mut world, spec(2, 9));
    world.ready("a");
    world.check();
    assert!(is_reloaded(&mut world, first) && is_reloaded(&mut world, second));
    assert_eq!(live(&world), ["a", "c"]);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    world.ready("a");
    assert_eq!(live(&world), ["a", "b", "c"], "a group restart revives it");
    world.check();
}

#[test]
fn who_waits_for_its_turn_to_start_does_so_after_a_reload_that_comes_first() {
    let spec = |restarts| {
        SupervisorSpec::root(vec![explicit("x"), worker("y")])
            .intensity(Intensity::new(restarts, secs(1)))
    };
    let mut world = started(spec(8));
    world.ready("x");
    for (path, ask) in [("y", Ask::Stop), ("x", Ask::Restart)] {
        world.ask(path, ask);
        obey(&mut world);
    }
    let resumed = world.ask("y", Ask::Resume);
    let ticket = reloaded(&mut world, spec(9));
    assert!(is_reloaded(&mut world, ticket));
    assert!(matches!(world.answer(resumed), Some(Ok(_))));
    assert_eq!(live(&world), ["x", "y"]);
}

#[test]
fn a_start_that_fails_before_a_reload_has_come_to_stopping_it_is_over_with_it() {
    let spec = |a: ChildSpec| {
        SupervisorSpec::root(vec![a, worker("b")])
            .strategy(Strategy::OneForAll)
            .intensity(Intensity::new(9, secs(1)))
    };
    let kept = |x| made("a", x).readiness(Readiness::Explicit);
    let other = || ChildSpec::supervisor("a", SupervisorSpec::root(workers(&["c"])));
    for (steps, replaced) in (0..6).flat_map(|steps| [(steps, false), (steps, true)]) {
        let mut world = started(spec(kept(1)));
        world.ready("a");
        world.exit("a", Ends::Failed);
        obey(&mut world);
        assert_eq!(live(&world), ["a"], "it is starting");
        world.interrupt(steps);
        let a = if replaced { other() } else { kept(2) };
        let ticket = world.reload(spec(a)).expect("the tree is sound");
        world.exit("a", Ends::Failed);
        world.resume();
        world.check();
        obey(&mut world);
        if !replaced {
            world.ready("a");
        }
        world.check();
        let a = if replaced { "a/c" } else { "a" };
        assert_eq!(live(&world), [a, "b"], "after {steps} steps");
        assert!(is_reloaded(&mut world, ticket));
        assert_eq!(world.differs(), None);
    }
}

#[test]
fn a_start_of_a_group_that_fails_after_a_reload_to_one_for_one_is_tried_again_alone() {
    let spec = |strategy, backoff| {
        let b = explicit("b").backoff(backoff);
        SupervisorSpec::root(vec![worker("a"), b])
            .strategy(strategy)
            .intensity(Intensity::new(9, secs(1)))
    };
    for kept in [false, true] {
        let backoff = || Backoff::constant(secs(2));
        let mut world = started(spec(Strategy::OneForAll, backoff()));
        world.ready("b");
        world.exit("a", Ends::Failed);
        obey(&mut world);
        let ticket = reloaded(&mut world, spec(Strategy::OneForOne, backoff()));
        assert!(is_reloaded(&mut world, ticket));
        world.exit("b", Ends::Failed);
        world.check();
        assert_eq!(state(&world, "b"), ChildState::Backoff);
        if kept {
            ask(&mut world, "b", Ask::Pause).expect("accepted");
            world.check();
        }
        world.jump();
        world.check();
        assert_eq!(world.attempt("b").is_some(), !kept);
        assert_eq!(world.attempt("a").map(|a| a.generation), Some(1));
    }
}

//! Other numbers for children that are there: what they change for one that starts, runs or stops.

use super::*;
use crate::machine::world::made_of;
use crate::spec::policy::{AutoShutdown, Intensity, Shutdown};

fn root(children: Vec<ChildSpec>) -> SupervisorSpec {
    SupervisorSpec::root(children)
}

fn reload(world: &mut World, spec: SupervisorSpec) {
    let ticket = world.reload(spec).expect("the tree is sound");
    let answer = world.answer(ticket);
    assert!(matches!(answer, Some(Ok(Said::Reloaded))), "{answer:?}");
    world.check();
}

#[test]
fn who_becomes_significant_or_is_so_no_more_counts_from_then_on() {
    let tree = |a, b| {
        let done = |name| worker(name).restart(RestartPolicy::Transient);
        let children = vec![
            done("a").significant(a),
            done("b").significant(b),
            worker("c"),
        ];
        root(children).auto_shutdown(AutoShutdown::AllSignificant)
    };
    let asked = |world: &World| world.attempt("c").map(|it| it.asked);
    let mut world = started(tree(true, true));
    reload(&mut world, tree(true, false));
    world.exit("a", Ends::Succeeded);
    assert_eq!(asked(&world), Some(true), "`b` is not waited for");

    let mut world = started(tree(true, false));
    reload(&mut world, tree(true, true));
    world.exit("a", Ends::Succeeded);
    assert_eq!(asked(&world), Some(false), "`b` is waited for");
    world.exit("b", Ends::Succeeded);
    assert_eq!(asked(&world), Some(true));
}

#[test]
fn who_need_not_say_any_more_that_it_is_ready_is() {
    let mut world = started(root(vec![explicit("a"), worker("b")]));
    reload(
        &mut world,
        root(vec![explicit("a").critical(false), worker("b")]),
    );
    assert_eq!(state(&world, "a"), ChildState::Starting, "it still has to");
    reload(&mut world, root(vec![worker("a"), worker("b")]));
    assert_eq!(state(&world, "a"), ChildState::Running);
    assert!(world.snapshot().ready);
}

#[test]
fn another_limit_of_its_time_holds_for_the_attempt_that_is_there() {
    let starts = |within| root(vec![explicit("a").ready_within(within)]);
    let mut world = started(starts(secs(30)));
    assert_eq!(world.next_deadline(), Some(secs(30)));
    world.advance(secs(4));
    reload(&mut world, starts(secs(9)));
    assert_eq!(world.next_deadline(), Some(secs(9)));

    let runs = |child: ChildSpec| root(vec![child]);
    let mut world = started(runs(worker("a")));
    assert_eq!(world.next_deadline(), None);
    world.advance(secs(4));
    reload(&mut world, runs(worker("a").timeout(secs(7))));
    assert_eq!(world.next_deadline(), Some(secs(7)));
    reload(&mut world, runs(worker("a")));
    assert_eq!(world.next_deadline(), None);
}

#[test]
fn a_stop_that_had_no_bound_has_one_and_one_that_had_keeps_it() {
    let tree = |shutdown: Shutdown| root(vec![worker("a").shutdown(shutdown)]);
    let mut world = started(tree(Shutdown::Infinity));
    world.ask("a", Ask::Stop);
    assert_eq!(world.next_deadline(), None);
    world.advance(secs(4));
    reload(&mut world, tree(Shutdown::Within(secs(2))));
    assert_eq!(world.next_deadline(), Some(secs(6)));
    world.advance(secs(1));
    reload(&mut world, tree(Shutdown::Within(secs(9))));
    assert_eq!(world.next_deadline(), Some(secs(6)));
}

#[test]
fn another_policy_is_told_of_the_tree_and_of_who_is_there() {
    let tree = |restarts, name: &str| {
        let children = ["a", "b"].map(|id| worker(id).tags([name]));
        root(children.into()).intensity(Intensity::new(restarts, secs(10)))
    };
    let mut world = started(tree(3, "one"));
    world.ask("a", Ask::Remove);
    obey(&mut world);
    world.skip_events();
    reload(&mut world, tree(4, "two"));
    let retuned = |event: &Event| matches!(event.kind, EventKind::Retuned);
    let told: Vec<_> = world.events().into_iter().filter(retuned).collect();
    let mut told: Vec<&str> = told.iter().map(|event| &*event.path).collect();
    told.sort_unstable();
    assert_eq!(told, ["", "b"]);
}

#[test]
fn other_code_is_kept_until_the_next_start_or_until_its_child_has_left() {
    let tree = |x| root(vec![made_of(worker("a"), x), worker("b")]);
    let mut world = started(tree(1));
    world.reload(tree(2)).expect("sound");
    assert_eq!(world.machine.recoded.len(), 1);
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
    assert!(world.machine.recoded.is_empty(), "it has been taken up");

    ask(&mut world, "a", Ask::Pause).expect("accepted");
    obey(&mut world);
    reload(&mut world, tree(3));
    assert_eq!(world.machine.recoded.len(), 1);
    reload(&mut world, root(vec![worker("b")]));
    assert!(world.machine.recoded.is_empty(), "it has gone with it");
}

#[test]
fn a_stop_that_had_no_bound_is_cut_short_where_none_is_waited_for_any_more() {
    let tree = |shutdown: Shutdown| root(vec![worker("a").shutdown(shutdown)]);
    let mut world = started(tree(Shutdown::Infinity));
    world.ask("a", Ask::Stop);
    reload(&mut world, tree(Shutdown::Abort));
    assert_eq!(state(&world, "a"), ChildState::Aborting);
}

/// `sub` finishes with `x`, unless `sub` is kept running by `y`.
fn batch(x: ChildSpec, y: Option<ChildSpec>) -> SupervisorSpec {
    let children = [x.restart(RestartPolicy::Transient)].into_iter().chain(y);
    let below = root(children.collect()).auto_shutdown(AutoShutdown::AllEnded);
    let sub = ChildSpec::supervisor("sub", below).restart(RestartPolicy::Transient);
    root(vec![worker("a"), sub])
}

#[test]
fn a_supervisor_that_has_finished_stays_ready_whoever_is_declared_below_it() {
    for critical in [true, false] {
        let x = || worker("x").critical(critical);
        let mut world = started(batch(x(), None));
        world.exit("sub/x", Ends::Succeeded);
        reload(&mut world, batch(worker("x"), Some(worker("y"))));
        assert_eq!(state(&world, "sub"), ChildState::Finished);
        assert!(world.snapshot().ready);
    }
}

#[test]
fn nothing_is_told_of_a_supervisor_that_was_removed_when_a_child_of_it_becomes_critical() {
    let mut world = started(batch(worker("x").critical(false), None));
    world.exit("sub/x", Ends::Succeeded);
    world.ask("sub", Ask::Remove);
    world.skip_events();
    reload(&mut world, batch(worker("x"), None));
    assert!(world.snapshot().ready);
    assert!(world.events().iter().all(|event| &*event.path != "sub"));
}

#[test]
fn another_number_of_ends_is_kept_wherever_nothing_else_is_written() {
    let tree = |ends| {
        let own = root(vec![worker("x")]).history(3);
        let below = root(vec![worker("x"), ChildSpec::supervisor("own", own)]);
        root(vec![worker("a"), ChildSpec::supervisor("sub", below)]).history(ends)
    };
    let paths = ["a", "sub/x", "sub/own/x"];
    let kept = |world: &World| paths.map(|path| world.ends(path).len());
    let mut world = started(tree(4));
    for (ends, at_once, in_time) in [
        (4, [0, 0, 0], [4, 4, 3]),
        (2, [2, 2, 3], [2, 2, 3]),
        (5, [2, 2, 3], [5, 5, 3]),
        (0, [0, 0, 3], [0, 0, 3]),
    ] {
        reload(&mut world, tree(ends));
        assert_eq!(kept(&world), at_once, "{ends}");
        for path in paths {
            for _ in 0..6 {
                world.exit(path, Ends::Failed);
            }
        }
        assert_eq!(kept(&world), in_time, "{ends}");
    }
}

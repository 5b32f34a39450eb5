//! Reloads: what changes, what goes on running, and that it all comes to what is declared.

use std::sync::Arc;

use super::*;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::machine::world::made_of;
use crate::spec::policy::{
    AutoShutdown, FirstStart, Intensity, OnExhausted, OnStuck, Pool, Shutdown, StartOrder,
    Strategy, WhileStarting,
};

/// The same worker, made of a template with an argument.
fn made(id: &str, argument: i64) -> ChildSpec {
    made_of(worker(id), argument)
}

fn root(children: Vec<ChildSpec>) -> SupervisorSpec {
    SupervisorSpec::root(children)
}

fn reload(world: &mut World, spec: SupervisorSpec) -> Result<Said, SupervisorError> {
    let ticket = world.reload(spec).expect("the tree is sound");
    obey(world);
    world.check();
    world.answer(ticket).expect("answered")
}

#[test]
fn a_number_changes_nothing_that_runs() {
    let mut world = started(root(vec![made("a", 1), made("b", 1)]));
    log(&mut world);
    let spec = root(vec![
        made("a", 1).shutdown(secs(1)).critical(false),
        made("b", 1).backoff(Backoff::constant(secs(9))),
    ])
    .intensity(Intensity::new(1, secs(1)));
    assert!(matches!(reload(&mut world, spec), Ok(Said::Reloaded)));
    assert_eq!(text(&log(&mut world)), "");
    assert_eq!(world.differs(), None);
    // The new number holds: the second failure is one too many.
    world.exit("a", Ends::Failed);
    world.exit("a", Ends::Failed);
    assert!(log(&mut world).contains(&"gave up /".to_owned()));
}

#[test]
fn changed_arguments_restart_the_child_and_those_after_it_in_order_and_are_not_counted() {
    let spec = |x| {
        root(vec![
            made("a", 1),
            made("b", x),
            made("c", 1).after(["b"]),
            made("d", 1),
            made("e", 1).after(["c"]),
            made("f", 1).after(["b"]),
        ])
        .intensity(Intensity::new(0, secs(10)))
    };
    let mut world = started(spec(1));
    ask(&mut world, "f", Ask::Pause).expect("paused");
    obey(&mut world);
    log(&mut world);
    assert!(matches!(reload(&mut world, spec(2)), Ok(Said::Reloaded)));
    assert_eq!(text(&log(&mut world)), "?e -e ?c -c ?b -b +b +c +e");
    assert_eq!(world.attempt("b").map(|b| b.generation), Some(1));
    assert_eq!(live(&world), ["a", "b", "c", "d", "e"], "`f` stays paused");
    // The same again is no change.
    assert!(matches!(reload(&mut world, spec(2)), Ok(Said::Reloaded)));
    assert_eq!(text(&log(&mut world)), "");
}

#[test]
fn what_is_new_starts_in_its_place_and_what_is_gone_stops_in_order() {
    let mut world = started(root(vec![
        made("a", 1),
        made("b", 1),
        made("c", 1),
        made("d", 1),
    ]));
    ask(&mut world, "", Ask::Add(worker("x"))).expect("added");
    log(&mut world);
    let spec = root(vec![
        made("e", 1),
        made("a", 1).after(["e"]),
        ChildSpec::supervisor("g", root(vec![made("h", 1)])),
        made("d", 1),
    ]);
    assert!(matches!(reload(&mut world, spec), Ok(Said::Reloaded)));
    assert_eq!(text(&log(&mut world)), "?c -c ?b -b +e +g +g/h");
    assert_eq!(world.differs(), None);
    let paths: Vec<String> = world
        .snapshot()
        .children
        .iter()
        .map(|child| child.path.to_string())
        .collect();
    assert_eq!(paths, ["e", "a", "g", "g/h", "d", "x"]);
    // The order is the new one.
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    let stopped: Vec<String> = log(&mut world)
        .into_iter()
        .filter(|line| line.starts_with('-'))
        .collect();
    assert_eq!(text(&stopped), "-x -d -g/h -g -a -e -/");
}

#[test]
fn a_child_that_becomes_something_else_never_has_two_copies() {
    let mut world = started(root(vec![made("a", 1), made("b", 1).after(["a"])]));
    log(&mut world);
    let spec = root(vec![
        ChildSpec::supervisor("a", root(vec![made("h", 1)])),
        made("b", 1).after(["a"]),
    ]);
    let ticket = world.reload(spec).expect("sound");
    world.check();
    assert_eq!(text(&log(&mut world)), "?b");
    obey(&mut world);
    world.check();
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert_eq!(text(&log(&mut world)), "-b ?a -a +a +a/h +b");
    assert_eq!(world.differs(), None);
}

#[test]
fn a_supervisor_that_is_down_has_the_new_configuration_when_it_starts_again() {
    let spec = |x, more: bool| {
        let mut inner = vec![made("a", x)];
        inner.extend(more.then(|| made("b", 1)));
        root(vec![ChildSpec::supervisor("s", root(inner)), made("z", 1)])
    };
    let mut world = started(spec(1, false));
    ask(&mut world, "s", Ask::Pause).expect("paused");
    obey(&mut world);
    log(&mut world);
    assert!(matches!(
        reload(&mut world, spec(2, true)),
        Ok(Said::Reloaded)
    ));
    assert_eq!(text(&log(&mut world)), "");
    ask(&mut world, "s", Ask::Resume).expect("resumed");
    world.check();
    assert_eq!(text(&log(&mut world)), "+s +s/a +s/b");
    assert_eq!(world.differs(), None);
}

#[test]
fn a_name_that_was_given_away_at_run_time_refuses_all_of_it() {
    let mut world = started(root(vec![made("a", 1)]));
    ask(&mut world, "", Ask::Add(worker("x"))).expect("added");
    log(&mut world);
    let refused = reload(&mut world, root(vec![made("a", 2), made("x", 1)]));
    assert!(matches!(refused, Err(SupervisorError::Taken { path }) if path == "x"));
    assert_eq!(text(&log(&mut world)), "");
    assert_eq!(world.differs(), None);
}

#[test]
fn a_new_child_that_fails_to_start_is_tried_again_and_holds_up_nobody() {
    let mut world = started(root(vec![made("a", 1)]));
    let ticket = world
        .reload(root(vec![
            made("a", 1),
            explicit("n").backoff(Backoff::constant(secs(2))),
            made("c", 1),
        ]))
        .expect("sound");
    log(&mut world);
    assert!(world.answer(ticket).is_none(), "`n` is starting");
    world.exit("n", Ends::Failed);
    world.check();
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert_eq!(live(&world), ["a", "c"]);
    world.jump();
    assert_eq!(live(&world), ["a", "c", "n"]);
    world.check();
}

#[test]
fn a_group_that_waits_is_let_go() {
    let spec = |strategy| {
        root(vec![
            worker("a"),
            worker("b").backoff(Backoff::constant(secs(5))),
            worker("c"),
        ])
        .strategy(strategy)
    };
    let mut world = started(spec(Strategy::OneForAll));
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), [""; 0]);
    assert!(matches!(
        reload(&mut world, spec(Strategy::OneForOne)),
        Ok(Said::Reloaded)
    ));
    assert_eq!(live(&world), ["a", "c"]);
    world.jump();
    world.check();
    assert_eq!(live(&world), ["a", "b", "c"]);
}

#[test]
fn a_group_that_starts_again_does_not_start_who_is_taken_out() {
    let spec = |both: bool| {
        let mut children = vec![made("a", 1)];
        children.extend(both.then(|| made("d", 1).readiness(Readiness::Explicit)));
        root(children).strategy(Strategy::OneForAll)
    };
    let mut world = started(spec(true));
    world.ready("d");
    world.exit("a", Ends::Failed);
    log(&mut world);
    // `d` would never be ready again, and the change would wait for it.
    let ticket = world.reload(spec(false)).expect("sound");
    obey(&mut world);
    world.check();
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert!(!log(&mut world).contains(&"+d".to_owned()));
    assert_eq!(live(&world), ["a"]);
    assert_eq!(world.differs(), None);
}

/// A supervisor whose start never ends as long as a child does not come up.
fn group_of(id: &str, children: Vec<ChildSpec>) -> ChildSpec {
    ChildSpec::supervisor(id, root(children).first_start(FirstStart::Retry))
        .restart(RestartPolicy::Permanent)
}

/// A worker whose start fails again and again.
fn hangs(world: &mut World, path: &str) {
    for _ in 0..5 {
        world.exit(path, Ends::Failed);
        world.check();
    }
    assert_eq!(world.state(path), Some(ChildState::Starting));
}

#[test]
fn a_tree_that_hangs_in_its_start_is_mended() {
    let spec = |x| {
        root(vec![
            made("a", 1),
            group_of("g", vec![made("h", x).readiness(Readiness::Explicit)]),
            made("z", 1),
        ])
        .intensity(Intensity::new(9, secs(1)))
    };
    let mut world = started(spec(1));
    hangs(&mut world, "g/h");
    log(&mut world);
    let ticket = world.reload(spec(2)).expect("sound");
    obey(&mut world);
    world.check();
    assert_eq!(text(&log(&mut world)), "?g/h -g/h +g/h");
    world.ready("g/h");
    world.check();
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert_eq!(text(&log(&mut world)), "+z", "the first start goes on");
    assert!(world.is_up());
}

#[test]
fn a_start_that_hangs_elsewhere_holds_up_no_reload() {
    let spec = |x, more: bool| {
        let mut children = vec![
            made("a", x),
            group_of("g", vec![explicit("h")]),
            made("z", 1),
        ];
        children.extend(more.then(|| made("n", 1)));
        root(children)
    };
    let mut world = started(spec(1, false));
    hangs(&mut world, "g/h");
    log(&mut world);
    // What is new has its turn in the first start.
    assert!(matches!(
        reload(&mut world, spec(2, true)),
        Ok(Said::Reloaded)
    ));
    assert_eq!(text(&log(&mut world)), "?a -a +a");
    assert_eq!(world.differs(), None);
    world.ready("g/h");
    world.check();
    assert_eq!(text(&log(&mut world)), "+z +n");
}

#[test]
fn a_group_whose_start_gives_way_to_a_reload_goes_on_with_it() {
    let spec = |x| {
        root(vec![
            made("a", x),
            group_of("g", vec![explicit("h")]),
            made("y", 1),
            made("z", 1),
        ])
        .strategy(Strategy::OneForAll)
    };
    let mut world = started(spec(1));
    world.ready("g/h");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    hangs(&mut world, "g/h");
    assert_eq!(live(&world), ["a", "g/h"]);
    log(&mut world);
    let ticket = world.reload(spec(2)).expect("sound");
    obey(&mut world);
    world.check();
    assert_eq!(text(&log(&mut world)), "?a -a +a", "`y` is after `g` (I3)");
    assert!(world.answer(ticket).is_none());
    world.ready("g/h");
    world.check();
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert_eq!(text(&log(&mut world)), "+y +z");
}

#[test]
fn a_reload_does_not_wait_for_ever_for_a_supervisor_that_it_has_added() {
    let spec = |more: bool| {
        let mut children = vec![made("a", 1)];
        if more {
            children.push(group_of("g", vec![explicit("h").ready_within(secs(9))]));
            children.push(made("z", 1));
        }
        root(children).intensity(Intensity::new(9, secs(1)))
    };
    let mut world = started(spec(false));
    log(&mut world);
    let ticket = world.reload(spec(true)).expect("sound");
    for after in [9, 18, 27] {
        world.jump();
        obey(&mut world);
        world.check();
        assert_eq!(world.now(), secs(after));
        assert!(world.answer(ticket).is_none());
    }
    world.jump();
    world.check();
    assert_eq!(world.now(), secs(30));
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    assert_eq!(live(&world), ["a", "g/h", "z"]);
    assert_eq!(world.state("g"), Some(ChildState::Starting));
    world.ready("g/h");
    world.check();
    assert_eq!(world.state("g"), Some(ChildState::Running));
}

#[test]
fn the_next_reload_waits_for_no_start_of_the_one_before() {
    let spec = |more: &[&str]| {
        let mut children = vec![made("a", 1), group_of("g", vec![explicit("h")])];
        children.extend(more.iter().map(|id| made(id, 1)));
        root(children)
    };
    let mut world = started(root(vec![made("a", 1)]));
    log(&mut world);
    let first = world.reload(spec(&["y"])).expect("sound");
    assert!(world.answer(first).is_none());
    let second = world.reload(spec(&["y", "z"])).expect("sound");
    world.check();
    assert!(matches!(world.answer(first), Some(Ok(Said::Reloaded))));
    assert!(world.answer(second).is_none());
    assert_eq!(text(&log(&mut world)), "+g +g/h");
    world.ready("g/h");
    world.check();
    assert_eq!(text(&log(&mut world)), "+y +z", "in order (I3)");
    assert!(matches!(world.answer(second), Some(Ok(Said::Reloaded))));
    assert_eq!(world.differs(), None);
}

#[test]
fn many_reloads_may_wait_for_one_stop() {
    let spec = |x: i64| root(vec![made("a", x)]);
    let mut world = started(spec(0));
    let tickets: Vec<u64> = (0..20_000)
        .map(|x| world.reload(spec(x % 2 + 1)).expect("sound"))
        .collect();
    obey(&mut world);
    world.check();
    for ticket in tickets {
        assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    }
    assert_eq!(world.differs(), None);
}

#[test]
fn a_child_that_takes_the_place_of_another_never_repeats_a_generation() {
    let temporary = || made("a", 1).restart(RestartPolicy::Temporary);
    let mut world = started(root(vec![temporary(), worker("b")]));
    world.exit("a", Ends::Failed);
    ask(&mut world, "", Ask::Add(temporary())).expect("the name is free");
    world.exit("a", Ends::Failed);
    // The declared one, which has been away since its first attempt, goes as well.
    let spec = root(vec![ChildSpec::supervisor("a", root(vec![])), worker("b")]);
    assert!(matches!(reload(&mut world, spec), Ok(Said::Reloaded)));
    let snapshot = world.snapshot();
    let generation = snapshot.child("a").expect("it is there").generation;
    assert_eq!(generation, Some(2));
}

#[test]
fn a_report_does_not_tell_of_children_that_a_reload_would_have_started() {
    let inner = |id| {
        root(vec![ChildSpec::supervisor(
            "s",
            root(vec![made("a", id), made("b", 1)]),
        )])
    };
    let mut world = started(inner(1));
    world.ask("", Ask::Shutdown);
    let other = ChildSpec::supervisor("a", root(vec![made("n", 1)]));
    let spec = root(vec![ChildSpec::supervisor(
        "s",
        root(vec![other, made("b", 1)]),
    )]);
    world.reload(spec).expect("sound");
    obey(&mut world);
    let report = world.report();
    let told: Vec<&str> = report.children.iter().map(|child| &*child.path).collect();
    assert_eq!(told, ["s/b", "s/a"]);
}

/// Visits of nodes, and steps of the longest call, of one reload.
fn cost(before: SupervisorSpec, after: SupervisorSpec) -> (u64, u32) {
    let mut world = started(before);
    obey(&mut world);
    world.skip_events();
    let visited = world.machine.nodes.visits.get();
    world.longest = 0;
    let ticket = world.reload(after).expect("sound");
    while world.has_wants() {
        obey(&mut world);
        world.skip_events();
    }
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    (world.machine.nodes.visits.get() - visited, world.longest)
}

#[test]
fn a_reload_costs_what_it_changes_and_a_list_once_over() {
    let tree = |count: usize, x: i64| {
        let children = (0..count).map(|i| made(&format!("c{i}"), x));
        root(children.collect())
    };
    let tuned = |count| {
        let mut after = tree(count, 1);
        after.children[0].settings.critical = false;
        cost(tree(count, 1), after).0
    };
    // The index looks into the arena where hashes collide.
    assert!(tuned(10_000) <= tuned(10) + 8);
    let all = |count| cost(tree(count, 1), tree(count, 2));
    let reversed = |count| {
        let mut after = tree(count, 1);
        after.children.reverse();
        cost(tree(count, 1), after)
    };
    let more = |count| cost(tree(count, 1), tree(2 * count, 1));
    for cost in [&all as &dyn Fn(usize) -> (u64, u32), &reversed, &more] {
        let (few, many) = (cost(500), cost(5_000));
        assert!(many.0 <= 12 * few.0, "{few:?} {many:?}");
        // What stops and starts does so in portions.
        assert!(many.1 <= 128, "{many:?}");
    }
}

fn pick<T: Copy>(random: &mut fastrand::Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}

fn random_child(
    random: &mut fastrand::Rng,
    id: &str,
    earlier: &[String],
    depth: usize,
) -> ChildSpec {
    let restarts = [
        RestartPolicy::Permanent,
        RestartPolicy::Transient,
        RestartPolicy::Temporary,
    ];
    let mut child = if depth < 2 && random.u8(..4) == 0 {
        ChildSpec::supervisor(id, random_tree(random, depth + 1)).restart(pick(random, &restarts))
    } else {
        let readiness = pick(
            random,
            &[
                Readiness::Immediate,
                Readiness::Immediate,
                Readiness::Explicit,
                Readiness::Completed,
            ],
        );
        let last = usize::from(readiness == Readiness::Completed);
        made(id, random.i64(0..2))
            .readiness(readiness)
            .ready_within(secs(random.u64(1..4)))
            .shutdown(pick(
                random,
                &[
                    Shutdown::Abort,
                    Shutdown::Within(secs(1)),
                    Shutdown::Within(secs(3)),
                ],
            ))
            .on_stuck(pick(random, &[OnStuck::Wait, OnStuck::Escalate]))
            .restart(pick(random, &restarts[last..]))
    };
    child = child
        .critical(random.u8(..4) > 0)
        .backoff(pick(random, &[Backoff::none(), Backoff::constant(secs(2))]));
    if random.u8(..5) == 0 {
        child = child.fuse(Intensity::new(random.u32(0..3), secs(5)));
    }
    if !earlier.is_empty() && random.u8(..3) == 0 {
        child = child.after([earlier[random.usize(..earlier.len())].as_str()]);
    }
    child
}

/// Trees of few names in any order: two of them have much in common, and little where it was.
fn random_tree(random: &mut fastrand::Rng, depth: usize) -> SupervisorSpec {
    let strategies = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::Dependents,
    ];
    let ended = [
        AutoShutdown::Never,
        AutoShutdown::Never,
        AutoShutdown::AllEnded,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ];
    let mut spec = root(vec![])
        .strategy(pick(random, &strategies))
        .intensity(Intensity::new(random.u32(2..30), secs(10)))
        .start(pick(random, &[StartOrder::Ordered, StartOrder::Concurrent]))
        .on_exhausted(pick(
            random,
            &[OnExhausted::Escalate, OnExhausted::Quarantine],
        ))
        .first_start(FirstStart::Retry);
    if depth > 0 {
        spec = spec.auto_shutdown(pick(random, &ended));
        if random.u8(..6) == 0 {
            return spec.pool(Pool::Unlimited);
        }
    }
    let mut names = ["a", "b", "c", "d", "e"].map(str::to_owned);
    random.shuffle(&mut names);
    let mut earlier: Vec<String> = Vec::new();
    for id in &names[..random.usize(0..=names.len())] {
        let mut child = random_child(random, id, &earlier, depth);
        let ends = child.settings.restart != Some(RestartPolicy::Permanent);
        let by_significance = matches!(
            spec.auto_shutdown,
            AutoShutdown::AnySignificant | AutoShutdown::AllSignificant
        );
        if ends && by_significance {
            child = child.significant(random.bool());
        }
        spec = spec.child(child);
        earlier.push(id.clone());
    }
    spec
}

fn storm(random: &mut fastrand::Rng, world: &mut World, tickets: &mut Vec<u64>) {
    let live = live(world);
    let paths: Vec<String> = world
        .snapshot()
        .children
        .iter()
        .map(|child| child.path.to_string())
        .collect();
    match random.u8(..16) {
        0..=5 if !live.is_empty() => {
            let ends = [
                Ends::Succeeded,
                Ends::Failed,
                Ends::Failed,
                Ends::Panicked,
                Ends::Ignored,
            ];
            world.exit(&live[random.usize(..live.len())], pick(random, &ends));
        }
        6..=8 if !live.is_empty() => _ = world.ready(&live[random.usize(..live.len())]),
        9..=10 => world.advance(ms(random.u64(0..2_500))),
        11 => _ = world.jump(),
        12 => {
            let at = if paths.is_empty() || random.bool() {
                String::new()
            } else {
                paths[random.usize(..paths.len())].clone()
            };
            let id = pick(random, &["x", "y", "a"]);
            tickets.push(world.ask(&at, Ask::Add(random_child(random, id, &[], 2))));
        }
        _ if !paths.is_empty() => {
            let at = paths[random.usize(..paths.len())].clone();
            let ask = match random.u8(..9) {
                0 => Ask::Stop,
                7 => Ask::Quarantine,
                1 => Ask::Pause,
                2..=4 => Ask::Resume,
                5 => Ask::Restart,
                6 => Ask::Remove,
                _ => Ask::Kill,
            };
            tickets.push(world.ask(&at, ask));
        }
        _ => {}
    }
    for (path, want) in world.wants() {
        if want != Want::Start && random.u8(..4) > 0 {
            let how = if want == Want::Stop {
                Ends::Cancelled
            } else {
                Ends::Aborted
            };
            world.exit(&path, how);
        }
    }
}

/// Shows what happens, for whoever looks for a mistake: `RELOAD_PRINT=1 RELOAD_SEED=n`.
fn print(world: &mut World) {
    if std::env::var("RELOAD_PRINT").is_ok() {
        for event in world.events() {
            println!("{event}: {}", event.state);
        }
        println!("--");
    }
}

fn run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let spec = random_tree(&mut random, 0);
    let mut world = World::with_seed(spec, seed).expect("the tree is sound");
    let mut views = views::Views::default();
    world.start();
    let (mut tickets, mut reloads) = (Vec::new(), Vec::new());
    for _ in 0..random.usize(1..8) {
        for _ in 0..random.usize(0..12) {
            storm(&mut random, &mut world, &mut tickets);
            print(&mut world);
            world.check();
            views.check(&mut world);
            world.skip_events();
        }
        let spec = random_tree(&mut random, 0);
        reloads.push(world.reload(spec).expect("the tree is sound"));
        print(&mut world);
        world.check();
        views.check(&mut world);
        world.skip_events();
    }
    for _ in 0..random.usize(0..12) {
        storm(&mut random, &mut world, &mut tickets);
        print(&mut world);
        world.check();
        views.check(&mut world);
        world.skip_events();
    }
    // Everybody obeys, and time passes, until nothing moves.
    for _ in 0..300 {
        obey(&mut world);
        for path in live(&world) {
            world.ready(&path);
            if world.state(&path) == Some(ChildState::Starting) {
                world.exit(&path, Ends::Succeeded);
            }
        }
        print(&mut world);
        world.check();
        if !world.has_wants() && !world.jump() {
            break;
        }
        world.check();
        views.check(&mut world);
        world.skip_events();
    }
    if !world.is_over() {
        assert_eq!(world.differs(), None, "it is not as it is declared");
    }
    for reload in reloads {
        assert!(world.answer(reload).is_some(), "{reload} does not end");
    }
    world.ask("", Ask::Shutdown);
    for _ in 0..300 {
        if world.is_over() {
            break;
        }
        obey(&mut world);
        world.jump();
    }
    assert!(world.is_over(), "it does not end");
    for path in live(&world) {
        world.exit(&path, Ends::Aborted);
    }
    world.check();
    for ticket in tickets {
        assert!(world.answer(ticket).is_some(), "{ticket} is not answered");
    }
}

#[test]
fn a_child_that_comes_with_its_supervisor_may_be_after_a_later_one() {
    let mut world = started(root(vec![made("a", 1)]));
    log(&mut world);
    let group = root(vec![made("x", 1).after(["y"]), made("y", 1)]).start(StartOrder::Concurrent);
    let spec = root(vec![made("a", 1), ChildSpec::supervisor("g", group)]);
    assert!(matches!(reload(&mut world, spec), Ok(Said::Reloaded)));
    assert_eq!(world.differs(), None);
    assert_eq!(text(&log(&mut world)), "+g waits g/x +g/y +g/x");
}

#[test]
fn whatever_happens_a_reload_comes_to_what_is_declared() {
    let seeds = std::env::var("RELOAD_SEEDS").ok();
    let seeds = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(500);
    let first = std::env::var("RELOAD_SEED").ok();
    let first: Option<u64> = first.and_then(|seed| seed.parse().ok());
    // Those that have found something once.
    let found = if first.is_none() {
        &[
            439, 1_727, 27_910, 67_397, 88_912, 101_970, 211_425, 321_408, 446_926, 1_013_856,
        ][..]
    } else {
        &[]
    };
    let first = first.unwrap_or(0);
    for seed in found.iter().copied().chain(first..first + seeds) {
        let ran = std::panic::catch_unwind(|| run(seed));
        assert!(ran.is_ok(), "seed {seed}");
    }
}

/// `a` hangs, and another is declared in its place: that one waits until it has gone.
fn replaced_while_it_hangs(order: StartOrder) -> World {
    let mut world = started(root(vec![made("a", 1), made("b", 1)]).start(order));
    let ticket = world.reload(root(vec![worker("a"), made("b", 1)]).start(order));
    let ticket = ticket.expect("sound");
    while world.answer(ticket).is_none() {
        assert!(world.jump(), "it gets stuck");
    }
    world.check();
    world
}

fn shown(world: &World, path: &str) -> Option<(ChildState, Operation)> {
    let snapshot = world.snapshot();
    let child = snapshot.child(path)?;
    Some((child.state, child.operation))
}

#[test]
fn whoever_is_declared_in_the_place_of_one_that_hangs_is_the_one_that_is_asked_for() {
    let mut world = replaced_while_it_hangs(StartOrder::Ordered);
    assert_eq!(
        shown(&world, "a"),
        Some((ChildState::NotStarted, Operation::Active))
    );
    let said = ask(&mut world, "a", Ask::Pause);
    assert!(
        matches!(said, Ok(Said::Found(ChildState::NotStarted))),
        "{said:?}"
    );
    assert_eq!(
        shown(&world, "a"),
        Some((ChildState::NotStarted, Operation::Paused))
    );
    world.check();
    // The path is free, and its heir is kept down.
    world.exit("a", Ends::Aborted);
    world.check();
    assert_eq!(live(&world), ["b"]);
    ask(&mut world, "a", Ask::Resume).expect("resumed");
    assert_eq!(live(&world), ["a", "b"]);
    world.check();
}

#[test]
fn whoever_is_declared_in_the_place_of_one_that_hangs_starts_when_that_has_gone() {
    for order in [StartOrder::Ordered, StartOrder::Concurrent] {
        let mut world = replaced_while_it_hangs(order);
        for again in [Ask::Restart, Ask::Resume] {
            ask(&mut world, "a", again).expect("accepted");
            assert!(world.attempt("a").is_some_and(|former| former.aborted));
            world.check();
        }
        world.exit("a", Ends::Aborted);
        assert!(world.attempt("a").is_some_and(|heir| !heir.asked));
        world.check();
    }
}

#[test]
fn what_waits_for_its_turn_is_done_to_whoever_is_declared_at_the_path_by_then() {
    let never = || Intensity::new(0, secs(10));
    let gone = explicit("a").restart(RestartPolicy::Temporary);
    let mut world = started(
        root(vec![gone.critical(false), explicit("b"), worker("c")])
            .first_start(FirstStart::Retry)
            .while_starting(WhileStarting::Wait),
    );
    world.exit("a", Ends::Failed);
    for (path, ask) in [("b", Ask::Pause), ("c", Ask::Pause), ("b", Ask::Restart)] {
        world.ask(path, ask);
    }
    while !is_stuck(&world, "b") {
        assert!(world.jump(), "it gets stuck");
    }
    // `c` stops: this waits for its turn, and nobody has the name now.
    let paused = world.ask("a", Ask::Pause);
    let other = explicit("d").critical(false);
    let hangs = made("a", 1)
        .readiness(Readiness::Explicit)
        .shutdown(Shutdown::Abort)
        .critical(false);
    let spec = root(vec![other, hangs]).intensity(never());
    world.reload(spec).expect("sound");
    obey(&mut world);
    world.jump();
    obey(&mut world);
    let spec = root(vec![worker("a").critical(false)]).intensity(never());
    world.reload(spec).expect("sound");
    while !is_stuck(&world, "a") {
        assert!(world.jump(), "it gets stuck");
    }
    assert!(world.answer(paused).is_some());
    world.check();
    let expected = Some((ChildState::NotStarted, Operation::Paused));
    assert_eq!(shown(&world, "a"), expected);
}

#[test]
fn a_copy_of_the_tree_that_is_kept_up_to_date_has_whoever_waits_for_one_that_hangs() {
    let mut world = started(root(vec![made("a", 1), made("b", 1)]));
    let mut views = views::Views::default();
    views.check(&mut world);
    let ticket = world.reload(root(vec![worker("a"), made("b", 1)]));
    let ticket = ticket.expect("sound");
    while world.answer(ticket).is_none() {
        assert!(world.jump(), "it gets stuck");
        views.check(&mut world);
    }
    assert_eq!(state(&world, "a"), ChildState::NotStarted);
    world.exit("a", Ends::Aborted);
    views.check(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_mirror_of_a_path_shows_whoever_has_it() {
    let group = || {
        let member = worker("x").restart(RestartPolicy::Permanent);
        ChildSpec::supervisor("g", root(vec![member]))
    };
    let mut world = started(root(vec![group(), worker("b")]));
    let id = world.machine.lookup("g/x").expect("there");
    let mirror = world.machine.mirror(id).expect("there");
    let removed = world.ask("g", Ask::Remove);
    obey(&mut world);
    assert!(matches!(world.answer(removed), Some(Ok(_))));
    ask(&mut world, "", Ask::Add(group())).expect("added");
    world.check();
    assert_eq!(state(&world, "g/x"), ChildState::Running);
    assert_eq!(mirror.seen().state(), ChildState::Running);
    assert_eq!(mirror.seen().generation(), Some(1));
}

#[test]
fn a_mirror_of_a_path_shows_whoever_is_declared_in_the_place_of_one_that_hangs() {
    let mut world = started(root(vec![made("a", 1), made("b", 1)]));
    let id = world.machine.lookup("a").expect("there");
    let before = world.machine.mirror(id).expect("there");
    let ticket = world.reload(root(vec![worker("a"), made("b", 1)]));
    let ticket = ticket.expect("sound");
    while world.answer(ticket).is_none() {
        assert!(world.jump(), "it gets stuck");
    }
    let id = world.machine.lookup("a").expect("there");
    let after = world.machine.mirror(id).expect("there");
    assert!(Arc::ptr_eq(&before, &after), "all handles show the same");
    let snapshot = world.snapshot();
    let child = snapshot.child("a").expect("there");
    assert_eq!(child.state, ChildState::NotStarted);
    assert_eq!(after.seen().state(), child.state);
    assert_eq!(after.seen().generation(), child.generation);
    world.exit("a", Ends::Aborted);
    assert_eq!(after.seen().state(), ChildState::Running);
    assert_eq!(after.seen().generation(), Some(1));
}

#[test]
fn a_name_that_a_reload_will_declare_is_not_given_away_before_its_turn() {
    let tree = |names: &[&str]| root(workers(names));
    let mut world = started(tree(&["a", "b"]));
    world.reload(tree(&["b"])).expect("sound");
    let reloaded = world.reload(tree(&["b", "x"])).expect("sound");
    let added = world.ask("", Ask::Add(worker("x")));
    obey(&mut world);
    world.check();
    let refused = world.answer(added);
    assert!(
        matches!(refused, Some(Err(SupervisorError::ChildExists { .. }))),
        "{refused:?}"
    );
    assert!(matches!(world.answer(reloaded), Some(Ok(Said::Reloaded))));
    assert_eq!(world.differs(), None);
}

#[test]
fn a_name_that_waits_to_be_added_is_not_declared_by_a_reload() {
    let tree = |names: &[&str]| root(workers(names));
    let mut world = started(tree(&["a", "b"]));
    world.reload(tree(&["b"])).expect("sound");
    let added = world.ask("", Ask::Add(worker("x")));
    let reloaded = world.reload(tree(&["b", "x"])).expect("sound");
    assert!(matches!(world.answer(reloaded), Some(Err(_))));
    obey(&mut world);
    world.check();
    assert!(matches!(world.answer(added), Some(Ok(Said::Started))));
}

#[test]
fn a_reload_does_not_wait_for_one_that_is_stuck_already() {
    let mut world = started(root(workers(&["a", "b"])));
    world.ask("a", Ask::Stop);
    while !is_stuck(&world, "a") {
        assert!(world.jump(), "it gets stuck");
    }
    let ticket = world.reload(root(workers(&["b"]))).expect("sound");
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Reloaded))));
    world.exit("a", Ends::Aborted);
    world.check();
    assert_eq!(world.state("a"), None);
    assert_eq!(live(&world), ["b"]);
}

#[test]
fn whoever_is_below_an_heir_is_told_of_when_it_takes_its_path() {
    let mut world = started(root(workers(&["a", "b"])));
    let group = ChildSpec::supervisor("a", root(workers(&["x", "y"])));
    world.reload(root(vec![group, worker("b")])).expect("sound");
    while !is_stuck(&world, "a") {
        assert!(world.jump(), "it gets stuck");
    }
    ask(&mut world, "a", Ask::Pause).expect("accepted");
    world.skip_events();
    world.exit("a", Ends::Aborted);
    world.check();
    let added = |event: &Event| matches!(event.kind, EventKind::Added);
    let told: Vec<_> = world.events().into_iter().filter(added).collect();
    let told: Vec<&str> = told.iter().map(|event| &*event.path).collect();
    assert_eq!(told, ["a", "a/x", "a/y"]);
}

#[test]
fn whoever_asks_for_an_heir_does_not_wait_for_the_one_that_hangs() {
    let tree = |child| root(vec![child, worker("b")]).while_starting(WhileStarting::Wait);
    let mut world = started(tree(made("a", 1)));
    let ticket = world.reload(tree(worker("a"))).expect("sound");
    while world.answer(ticket).is_none() {
        assert!(world.jump(), "it gets stuck");
    }
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    world.check();
    world.exit("a", Ends::Aborted);
    world.check();
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn nobody_starts_in_a_tree_that_closes_although_a_reload_lets_starts_run_their_course() {
    let of = |argument, mode| {
        let below = root(vec![made("a", argument)]).while_starting(mode);
        ChildSpec::supervisor("sub", below)
    };
    let mut world = started(root(vec![of(1, WhileStarting::Interrupt)]));
    let changed = root(vec![of(2, WhileStarting::Wait), worker("b")]);
    world.reload(changed).expect("sound");
    world.ask("", Ask::Shutdown);
    log(&mut world);
    world.exit("sub/a", Ends::Cancelled);
    world.exit("b", Ends::Cancelled);
    assert_eq!(text(&log(&mut world)), "-sub/a -b ?sub -sub -/");
    world.check();
}

#[test]
fn a_temporary_child_is_started_again_with_what_it_is_made_of_now() {
    let of = |argument| root(vec![made("a", argument).restart(RestartPolicy::Temporary)]);
    let mut world = started(of(1));
    world.reload(of(2)).expect("sound");
    obey(&mut world);
    assert_eq!(live(&world), ["a"]);
    world.check();
}

#[test]
fn before_its_turn_in_the_first_start_other_code_starts_nobody() {
    let of = |argument| root(vec![explicit("a"), made("b", argument)]);
    let mut world = started(of(1));
    world.reload(of(2)).expect("sound");
    assert_eq!(live(&world), ["a"]);
    world.ready("a");
    assert_eq!(live(&world), ["a", "b"]);
    world.check();
}

#[test]
fn the_nearest_of_the_shortest_deadlines_is_the_one_that_is_named() {
    let refused = |now| {
        let within = |seconds| root(vec![]).shutdown_within(secs(seconds));
        let mut world = started(within(8));
        let sub = ChildSpec::supervisor("sub", within(6));
        ask(&mut world, "", Ask::Add(sub)).expect("accepted");
        reload(&mut world, within(now)).expect("accepted");
        let child = worker("y").shutdown(secs(9));
        let refused = ask(&mut world, "sub", Ask::Add(child));
        refused.expect_err("it is too long").to_string()
    };
    let (nearest, above) = (refused(6), refused(5));
    assert!(nearest.contains("`sub`"), "{nearest}");
    assert!(above.contains("5s"), "{above}");
}

#[test]
fn whoever_is_declared_in_the_place_of_one_that_hangs_may_be_stopped() {
    for resumed in [false, true] {
        let mut world = replaced_while_it_hangs(StartOrder::Ordered);
        ask(&mut world, "a", Ask::Stop).expect("accepted");
        let expected = Some((ChildState::Stopped, Operation::Active));
        assert_eq!(shown(&world, "a"), expected);
        if resumed {
            ask(&mut world, "a", Ask::Resume).expect("accepted");
        }
        world.check();
        world.exit("a", Ends::Aborted);
        world.check();
        assert_eq!(world.attempt("a").is_some(), resumed);
    }
}

#[test]
fn whoever_is_added_may_be_after_one_that_waits_for_a_place() {
    let mut world = replaced_while_it_hangs(StartOrder::Ordered);
    let ticket = world.ask("", Ask::Add(worker("n").after(["a"])));
    world.check();
    assert_eq!(state(&world, "n"), ChildState::Waiting);
    world.exit("a", Ends::Aborted);
    assert!(matches!(world.answer(ticket), Some(Ok(Said::Started))));
    assert_eq!(live(&world), ["a", "b", "n"]);
}

//! Children that cannot be ended in time (I8).

use super::*;
use crate::event::stuck::{Doing, Stuck};
use crate::shutdown::report::ChildShutdownStatus;
use crate::spec::policy::{AutoShutdown, FirstStart, Strategy};

/// Lets the child miss its stop budget and its abort budget; others obey.
fn let_stick(world: &mut World, path: &str) {
    while !is_stuck(world, path) {
        for (other, want) in world.wants() {
            if &*other != path && want != Want::Start {
                world.exit(&other, Ends::Cancelled);
            }
        }
        assert!(world.jump(), "`{path}` must get stuck");
    }
}

fn three(strategy: Strategy) -> World {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b", "c"])).strategy(strategy));
    log(&mut world);
    world
}

#[test]
fn a_shutdown_does_not_wait_for_a_stuck_child_for_ever() {
    let mut world = three(Strategy::OneForOne);
    world.ask("", Ask::Shutdown);
    let_stick(&mut world, "c");
    obey(&mut world);
    assert!(world.is_over());
    assert_eq!(live(&world), ["c"]);
    let report = world.report();
    assert!(!report.is_clean());
    let stuck: Vec<_> = report.stuck().map(|child| &*child.path).collect();
    assert_eq!(stuck, ["c"]);
    world.exit("c", Ends::Aborted);
    assert_eq!(
        world.report(),
        report,
        "every later question gets the same report"
    );
    assert!(live(&world).is_empty());
}

#[test]
fn a_group_restart_leaves_a_stuck_child_out_and_starts_it_once_it_has_gone() {
    let mut world = three(Strategy::OneForAll);
    world.exit("a", Ends::Failed);
    let_stick(&mut world, "c");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b", "c"]);
    assert_eq!(state(&world, "c"), ChildState::Stuck);
    log(&mut world);
    world.exit("c", Ends::Aborted);
    assert_eq!(text(&log(&mut world)), "-c +c");
    assert_eq!(state(&world, "c"), ChildState::Running);
}

#[test]
fn the_fence_of_a_stuck_child_outlives_its_supervisor() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("a")];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    let_stick(&mut world, "sub/y");
    obey(&mut world);
    assert_eq!(
        state(&world, "sub/x"),
        ChildState::Running,
        "the new incarnation"
    );
    assert_eq!(state(&world, "sub/y"), ChildState::Stuck);
    world.exit("sub/y", Ends::Aborted);
    assert_eq!(state(&world, "sub/y"), ChildState::Running);
}

#[test]
fn an_added_child_that_is_stuck_does_not_come_back_with_its_supervisor() {
    let spec = vec![ChildSpec::supervisor(
        "sub",
        SupervisorSpec::root(workers(&["x"])),
    )];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "sub", Ask::Add(worker("added"))).expect("accepted");
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    let_stick(&mut world, "sub/added");
    obey(&mut world);
    assert_eq!(state(&world, "sub/x"), ChildState::Running);
    world.exit("sub/added", Ends::Aborted);
    assert_eq!(world.state("sub/added"), None);
}

#[test]
fn the_path_of_a_removed_child_is_fenced_until_it_has_gone() {
    let mut world = three(Strategy::OneForOne);
    ask(&mut world, "b", Ask::Remove).expect("accepted");
    let_stick(&mut world, "b");
    let refused = ask(&mut world, "", Ask::Add(worker("b")));
    assert!(refused.is_err(), "{refused:?}");
    world.exit("b", Ends::Aborted);
    assert_eq!(world.state("b"), None);
    ask(&mut world, "", Ask::Add(worker("b"))).expect("accepted");
    assert_eq!(
        world.attempt("b").map(|attempt| attempt.generation),
        Some(1)
    );
}

#[test]
fn a_removed_supervisor_leaves_a_fence_for_what_is_stuck_below_it() {
    let sub = || ChildSpec::supervisor("sub", SupervisorSpec::root(workers(&["x"])));
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    ask(&mut world, "", Ask::Add(sub())).expect("accepted");
    ask(&mut world, "sub", Ask::Remove).expect("accepted");
    let_stick(&mut world, "sub/x");
    obey(&mut world);
    assert_eq!(world.state("sub"), None);
    assert_eq!(live(&world), ["a", "sub/x"]);
    world.ask("", Ask::Add(sub()));
    obey(&mut world);
    assert_eq!(
        live(&world),
        ["a", "sub/x"],
        "the old copy is not joined by a new one"
    );
    world.exit("sub/x", Ends::Aborted);
    obey(&mut world);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    assert!(world.is_over());
    assert!(live(&world).is_empty());
}

#[test]
fn a_report_never_says_clean_when_it_was_not() {
    let mut world = three(Strategy::OneForAll);
    world.exit("a", Ends::Failed);
    let_stick(&mut world, "c");
    obey(&mut world);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    assert!(world.is_over());
    let report = world.report();
    assert_eq!(report.stuck().count(), 1, "stuck before the shutdown began");
    assert!(!report.is_clean());
}

#[test]
fn a_stuck_child_can_be_stopped_and_then_stays_down_when_it_has_gone() {
    let mut world = three(Strategy::OneForAll);
    world.exit("a", Ends::Failed);
    let_stick(&mut world, "c");
    obey(&mut world);
    ask(&mut world, "c", Ask::Stop).expect("accepted");
    world.exit("c", Ends::Aborted);
    assert_eq!(state(&world, "c"), ChildState::Stopped);
}

#[test]
fn a_restart_by_command_of_a_child_that_gets_stuck_starts_it_when_it_has_gone() {
    let mut world = three(Strategy::OneForOne);
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    let_stick(&mut world, "b");
    world.exit("b", Ends::Aborted);
    assert_eq!(state(&world, "b"), ChildState::Running);
}

#[test]
fn a_start_that_gets_stuck_lets_the_walk_go_on() {
    let spec = vec![
        explicit("a").critical(false).ready_within(secs(1)),
        worker("b"),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    let_stick(&mut world, "a");
    assert_eq!(live(&world), ["a", "b"]);
    assert!(world.is_up());
}

#[test]
fn a_killed_child_that_gets_stuck_is_restarted_when_it_has_gone() {
    let mut world = three(Strategy::OneForOne);
    ask(&mut world, "b", Ask::Kill).expect("accepted");
    let_stick(&mut world, "b");
    world.exit("b", Ends::Aborted);
    assert_eq!(state(&world, "b"), ChildState::Running);
}

#[test]
fn a_start_that_was_not_ready_in_time_fails_even_if_it_cannot_be_ended() {
    let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
    let_stick(&mut world, "b");
    obey(&mut world);
    assert!(world.is_over());
    assert_eq!(live(&world), ["b"]);
    assert!(world.failure().is_some());
    world.exit("b", Ends::Aborted);
    assert!(live(&world).is_empty());
}

#[test]
fn whoever_adds_a_child_that_gets_stuck_is_answered_when_it_does() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    let added = world.ask("", Ask::Add(explicit("x")));
    ask(&mut world, "x", Ask::Stop).expect("accepted");
    let_stick(&mut world, "x");
    assert!(matches!(
        world.answer(added),
        Some(Err(SupervisorError::StartInterrupted { .. }))
    ));
}

#[test]
fn a_start_does_not_wait_for_a_child_that_is_paused_and_stuck() {
    let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
    ask(&mut world, "b", Ask::Pause).expect("accepted");
    assert!(!world.is_up());
    let_stick(&mut world, "b");
    assert!(world.is_up());
    assert!(!world.snapshot().ready);
}

#[test]
fn a_resumed_child_that_gets_stuck_is_started_by_its_group_once_it_has_gone() {
    let spec = SupervisorSpec::root(vec![explicit("a"), worker("b")]).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.ready("a");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    let_stick(&mut world, "a");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.exit("a", Ends::Aborted);
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_static_child_waits_until_the_one_that_took_its_name_has_gone() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("a")];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "sub/x", Ask::Remove).expect("accepted");
    obey(&mut world);
    ask(&mut world, "sub", Ask::Add(worker("x"))).expect("accepted");
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    let_stick(&mut world, "sub/x");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "sub/x", "sub/y"]);
    let stuck = world.attempt("sub/x").map(|attempt| attempt.generation);
    assert_eq!(stuck, Some(1));
    world.exit("sub/x", Ends::Aborted);
    let heir = world.attempt("sub/x").map(|attempt| attempt.generation);
    assert_eq!(heir, Some(2), "the static one comes back");
    ask(&mut world, "sub/x", Ask::Pause).expect("it is found");
}

#[test]
fn the_one_that_holds_the_path_of_a_static_child_does_not_count_any_more() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let inner = inner.auto_shutdown(AutoShutdown::AllSignificant);
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("a")];
    let mut world = started(SupervisorSpec::root(spec));
    ask(&mut world, "sub/x", Ask::Remove).expect("accepted");
    obey(&mut world);
    let added = worker("x")
        .restart(RestartPolicy::Transient)
        .significant(true);
    ask(&mut world, "sub", Ask::Add(added)).expect("accepted");
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    let_stick(&mut world, "sub/x");
    obey(&mut world);
    world.check();
    world.exit("sub/x", Ends::Aborted);
    world.check();
    assert_eq!(live(&world), ["a", "sub/x", "sub/y"]);
}

#[test]
fn who_is_stuck_below_a_supervisor_that_comes_back_is_told_again() {
    let low = SupervisorSpec::root(workers(&["x"]));
    let inner = SupervisorSpec::root(vec![ChildSpec::supervisor("low", low)]);
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    ask(&mut world, "sub/low", Ask::Add(worker("added"))).expect("accepted");
    ask(&mut world, "sub/low", Ask::Remove).expect("accepted");
    let_stick(&mut world, "sub/low/added");
    obey(&mut world);
    world.check();
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    world.check();
    assert_eq!(live(&world), ["sub/low/added", "sub/low/x"]);
}

fn stuck(world: &World, path: &str) -> Option<Stuck> {
    world.snapshot().child(path).expect("it is there").stuck
}

#[test]
fn a_stuck_child_is_told_with_the_poll_that_it_is_inside_of_and_since_when() {
    let mut world = three(Strategy::OneForOne);
    world.turn_poll("b");
    world.advance(secs(10));
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.advance(secs(5));
    assert_eq!(stuck(&world, "b"), None, "only asked to stop so far");
    world.advance(secs(1));
    let expected = Stuck {
        doing: Doing::InPoll { at_least: secs(6) },
        since: Duration::ZERO,
    };
    assert_eq!(stuck(&world, "b"), Some(expected));
    let told = world
        .events()
        .into_iter()
        .find_map(|event| match event.kind {
            EventKind::Stuck(doing) => Some(doing),
            _ => None,
        });
    assert_eq!(told, Some(expected.doing));
    world.advance(secs(7));
    let expected = Stuck {
        doing: Doing::InPoll { at_least: secs(13) },
        since: secs(7),
    };
    assert_eq!(stuck(&world, "b"), Some(expected), "it gets older");
    world.exit("b", Ends::Aborted);
    assert_eq!(stuck(&world, "b"), None);
}

#[test]
fn a_poll_that_began_after_the_request_is_not_told_as_older_than_it_is() {
    let mut world = three(Strategy::OneForOne);
    world.turn_poll("b");
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    // It has come back, and gone in again.
    world.turn_poll("b");
    world.turn_poll("b");
    let_stick(&mut world, "b");
    let expected = Doing::InPoll { at_least: secs(1) };
    let doing = stuck(&world, "b").map(|stuck| stuck.doing);
    assert_eq!(doing, Some(expected), "seen when it was to be dropped");
}

#[test]
fn a_stuck_child_that_is_not_polled_is_not_accused_of_being_in_a_poll() {
    let mut world = three(Strategy::OneForOne);
    world.turn_poll("b");
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.turn_poll("b");
    let_stick(&mut world, "b");
    let doing = stuck(&world, "b").map(|stuck| stuck.doing);
    assert_eq!(doing, Some(Doing::Waiting));
}

#[test]
fn the_report_says_what_a_stuck_child_was_doing_when_the_tree_ended() {
    let mut world = three(Strategy::OneForOne);
    world.turn_poll("c");
    world.ask("", Ask::Shutdown);
    let_stick(&mut world, "c");
    world.advance(secs(2));
    obey(&mut world);
    assert!(world.is_over());
    world.advance(secs(60));
    let report = world.report();
    let child = report.stuck().next().expect("it is stuck");
    assert_eq!(child.status, ChildShutdownStatus::AbortFailed);
    assert_eq!(
        child.took,
        secs(6),
        "from the request until it was given up"
    );
    let expected = Stuck {
        doing: Doing::InPoll { at_least: secs(8) },
        since: secs(2),
    };
    assert_eq!(child.stuck, Some(expected));
    assert!(
        report
            .to_string()
            .contains("inside one poll for at least 8.0s"),
        "{report}"
    );
}

#[test]
fn what_is_stuck_below_a_supervisor_that_is_down_is_not_told_as_ended() {
    let inner = SupervisorSpec::root(workers(&["x"]));
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    ask(&mut world, "sub", Ask::Stop).expect("accepted");
    let_stick(&mut world, "sub/x");
    assert_eq!(state(&world, "sub"), ChildState::Stopped);
    world.ask("", Ask::Shutdown);
    assert!(world.is_over());
    let report = world.report();
    let stuck: Vec<&str> = report.stuck().map(|child| &*child.path).collect();
    assert_eq!(stuck, ["sub/x"], "{report}");
    assert!(!report.is_clean());
}

#[test]
fn a_report_tells_of_a_path_once_whoever_has_had_it() {
    for goes_first in [true, false] {
        let sub = SupervisorSpec::root(vec![worker("t").restart(RestartPolicy::Temporary)]);
        let sub = ChildSpec::supervisor("sub", sub);
        let mut world = started(SupervisorSpec::root(vec![sub, worker("last")]));
        world.exit("sub/t", Ends::Succeeded);
        ask(&mut world, "sub", Ask::Add(worker("t"))).expect("the name is free");
        ask(&mut world, "sub", Ask::Restart).expect("accepted");
        let_stick(&mut world, "sub/t");
        world.ask("", Ask::Shutdown);
        if goes_first {
            world.exit("sub/t", Ends::Aborted);
        }
        world.exit("last", Ends::Cancelled);
        let report = world.report();
        let told = report
            .children
            .iter()
            .map(|child| (&*child.path, child.status));
        let of_t: Vec<_> = told.filter(|(path, _)| *path == "sub/t").collect();
        let status = if goes_first {
            ChildShutdownStatus::LateReport
        } else {
            ChildShutdownStatus::AbortFailed
        };
        assert_eq!(of_t, [("sub/t", status)]);
    }
}

#[test]
fn a_first_start_that_was_stuck_is_tried_again_while_another_child_starts() {
    let spec = SupervisorSpec::root(vec![explicit("a"), explicit("b")]);
    let mut world = started(spec.first_start(FirstStart::Retry));
    ask(&mut world, "a", Ask::Kill).expect("accepted");
    world.jump();
    assert_eq!(state(&world, "a"), ChildState::Stuck);
    world.exit("a", Ends::Cancelled);
    world.ready("b");
    world.check();
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn who_is_looked_at_again_has_nothing_else_to_wait_for() {
    let a = worker("a").timeout(secs(9));
    let mut world = started(SupervisorSpec::root(vec![a, worker("b")]));
    ask(&mut world, "b", Ask::Pause).expect("paused");
    obey(&mut world);
    for path in ["a", "b"] {
        let id = world.machine.lookup(path).expect("there");
        let later = world.machine.now.after(secs(1));
        world.machine.look_again(id.ix, later);
    }
    world.check();
    assert_eq!(world.next_deadline(), Some(secs(9)));
}

#[test]
fn one_that_is_stopped_while_it_is_stuck_stays_down_in_the_group_that_starts_without_it() {
    let constant = || Backoff::constant(secs(9));
    for delayed in [false, true] {
        let backoff = if delayed { constant() } else { Backoff::none() };
        let a = explicit("a").backoff(backoff);
        let spec = SupervisorSpec::root(vec![a, worker("b")]).strategy(Strategy::OneForAll);
        let mut world = started(spec);
        world.ready("a");
        world.exit("a", Ends::Failed);
        let_stick(&mut world, "b");
        ask(&mut world, "b", Ask::Stop).expect("accepted");
        world.exit("b", Ends::Aborted);
        world.check();
        if delayed {
            assert_eq!(state(&world, "a"), ChildState::Backoff);
            world.jump();
        }
        world.ready("a");
        world.check();
        assert_eq!(live(&world), ["a"]);
        // The next one revives it (R20).
        world.exit("a", Ends::Failed);
        if delayed {
            world.jump();
        }
        world.ready("a");
        assert_eq!(live(&world), ["a", "b"]);
    }
}

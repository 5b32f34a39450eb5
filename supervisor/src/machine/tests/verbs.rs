//! What is asked of children while something is under way, and what that is answered.

use super::*;
use crate::event::command::CommandKind;
use crate::event::failure::Why;
use crate::machine::input::{Command, Input};
use crate::shutdown::report::ChildShutdownStatus as Status;
use crate::shutdown::stage::ShutdownCause;
use crate::spec::policy::{
    AutoShutdown, FirstStart, Intensity, StartOrder, Strategy, WhileStarting,
};

fn root(children: Vec<ChildSpec>) -> SupervisorSpec {
    SupervisorSpec::root(children)
}

/// Whether a command was answered that it changes nothing.
fn same(world: &mut World, path: &str, what: Ask) -> bool {
    matches!(ask(world, path, what), Ok(Said::FoundSo(_)))
}

#[test]
fn a_stop_of_a_child_that_its_group_has_yet_to_start_is_a_change_and_the_next_one_is_not() {
    let spec = root(vec![explicit("a"), worker("b"), worker("c")]);
    let mut world = started(spec.strategy(Strategy::OneForAll));
    world.ready("a");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(!same(&mut world, "c", Ask::Stop));
    assert!(same(&mut world, "c", Ask::Stop));
    world.ready("a");
    assert_eq!(live(&world), ["a", "b"]);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.ready("a");
    assert_eq!(live(&world), ["a", "b", "c"], "it was passed by once");
}

#[test]
fn a_stop_of_a_child_that_its_group_has_started_is_undone_by_the_next_restart() {
    let spec = root(vec![worker("a"), explicit("b")]);
    let mut world = started(spec.strategy(Strategy::OneForAll));
    world.ready("b");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.exit("a", Ends::Failed);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.ready("b");
    assert_eq!(live(&world), ["b"]);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.ready("b");
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_stop_in_a_back_off_of_its_own_is_undone_by_the_restart_of_its_group() {
    let spec = root(vec![
        worker("a"),
        worker("b").after(["a"]).backoff(secs(60)),
    ]);
    let mut world = started(spec.strategy(Strategy::Dependents));
    world.exit("b", Ends::Failed);
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_stop_in_the_back_off_of_its_group_is_a_change_for_those_behind_the_culprit_only() {
    let spec = vec![worker("a"), worker("b").backoff(secs(60)), worker("c")];
    let mut world = started(root(spec).strategy(Strategy::RestForOne));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(same(&mut world, "a", Ask::Stop));
    assert!(!same(&mut world, "c", Ask::Stop));
    world.jump();
    assert_eq!(live(&world), ["b"]);
}

#[test]
fn a_repeated_command_is_not_what_an_end_follows_from() {
    let mut world = started(root(vec![worker("a")]));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    let resumed = world.seq() + 1;
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    assert!(same(&mut world, "a", Ask::Resume));
    world.skip_events();
    world.exit("a", Ends::Cancelled);
    let events = world.events();
    assert!(!events.is_empty());
    assert!(events.iter().all(|event| event.correlation == resumed));
}

#[test]
fn whoever_starts_or_is_stopped_with_its_group_is_waited_for_where_commands_wait_their_turn() {
    let spec = root(vec![explicit("a"), worker("b")]).strategy(Strategy::OneForAll);
    let mut world = started(spec.while_starting(WhileStarting::Wait));
    let waits = |world: &World, path| {
        let id = |path| world.machine.lookup(path).expect("it is there");
        world
            .machine
            .waits_for(id(path), &Command::Children(id("")))
    };
    assert!(waits(&world, "a"), "it starts");
    world.ready("a");
    assert!(!waits(&world, "a"));
    assert!(!waits(&world, "b"));
    world.exit("a", Ends::Failed);
    assert!(waits(&world, "b"), "it is stopped with its group");
}

#[test]
fn a_shutdown_that_waits_for_a_start_is_heard_once() {
    let spec = root(vec![explicit("a")]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    log(&mut world);
    world.ask("", Ask::Shutdown);
    world.ask("", Ask::Shutdown);
    assert_eq!(text(&log(&mut world)), "?/");
}

#[test]
fn a_start_without_a_bound_does_not_come_before_a_stop_that_waits() {
    let spec = root(vec![explicit("a")]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    let below = |first_start| {
        let below = root(vec![]).while_starting(WhileStarting::Wait);
        ChildSpec::supervisor("sub", below.first_start(first_start))
    };
    let endless = world.ask("", Ask::Add(below(FirstStart::Retry)));
    let bounded = world.ask("", Ask::Add(below(FirstStart::Fail)));
    world.ask("", Ask::Shutdown);
    world.ready("a");
    obey(&mut world);
    let mut answer = |ticket| world.answer(ticket).expect("answered");
    assert!(matches!(
        answer(endless),
        Err(SupervisorError::ShuttingDown { .. })
    ));
    assert!(answer(bounded).is_ok());
}

#[test]
#[cfg(any(feature = "config", feature = "manifest"))]
fn a_name_without_code_is_resumed_to_no_effect() {
    let mut world = started(root(vec![]));
    let declared = ChildSpec::declared("a".into());
    ask(&mut world, "", Ask::Add(declared)).expect("accepted");
    assert!(same(&mut world, "a", Ask::Resume));
    ask(&mut world, "a", Ask::Pause).expect("accepted");
    assert!(!same(&mut world, "a", Ask::Resume));
    assert!(same(&mut world, "a", Ask::Resume));
}

#[test]
fn what_is_added_to_a_supervisor_that_has_come_back_waits_for_who_is_stuck_there() {
    let sub = || ChildSpec::supervisor("sub", root(workers(&["x"])));
    let mut world = started(root(vec![sub()]));
    ask(&mut world, "sub", Ask::Remove).expect("accepted");
    while state(&world, "sub/x") != ChildState::Stuck {
        world.jump();
    }
    let empty = ChildSpec::supervisor("sub", root(vec![]));
    ask(&mut world, "", Ask::Add(empty)).expect("accepted");
    let refused = ask(&mut world, "sub", Ask::Add(worker("x")));
    assert!(
        matches!(refused, Err(SupervisorError::Fenced { .. })),
        "{refused:?}"
    );
    world.exit("sub/x", Ends::Aborted);
    ask(&mut world, "sub", Ask::Add(worker("x"))).expect("accepted");
}

#[test]
fn a_runtime_that_goes_stops_the_tree_unless_that_is_under_way() {
    let mut world = started(root(workers(&["a"])));
    log(&mut world);
    world.tell(Input::RuntimeGone);
    world.tell(Input::RuntimeGone);
    assert_eq!(text(&log(&mut world)), "?/ ?a");
    obey(&mut world);
    assert!(world.is_over());
    assert_eq!(world.report().cause, ShutdownCause::RuntimeGone);

    let mut world = started(root(workers(&["a"])));
    world.ask("", Ask::Shutdown);
    world.tell(Input::RuntimeGone);
    obey(&mut world);
    let ShutdownCause::Requested(_) = world.report().cause else {
        panic!("{}", world.report());
    };
}

#[test]
fn whoever_goes_after_all_before_the_tree_has_ended_is_told_as_late() {
    let mut world = started(root(workers(&["a", "b"])));
    world.ask("", Ask::Shutdown);
    while state(&world, "b") != ChildState::Stuck {
        world.jump();
    }
    world.exit("b", Ends::Aborted);
    world.exit("a", Ends::Cancelled);
    let report = world.report();
    let told = report.children.iter();
    let told: Vec<_> = told.map(|child| (&*child.path, child.status)).collect();
    assert_eq!(told, [("b", Status::LateReport), ("a", Status::Graceful)]);
}

#[test]
fn the_rest_of_a_group_starts_although_the_place_of_its_culprit_has_been_used_again() {
    let sub = ChildSpec::supervisor("sub", root(vec![]));
    let mut world = started(root(vec![sub]).strategy(Strategy::RestForOne));
    for name in ["a", "b"] {
        ask(&mut world, "", Ask::Add(worker(name))).expect("accepted");
    }
    world.exit("a", Ends::Failed);
    ask(&mut world, "a", Ask::Remove).expect("accepted");
    ask(&mut world, "sub", Ask::Add(worker("x"))).expect("accepted");
    obey(&mut world);
    world.check();
    assert_eq!(live(&world), ["b", "sub/x"]);
}

/// Concurrent, so that `a` and `sub` are asked to stop when `b` has gone.
fn waiting_for_b() -> World {
    let sub = root(workers(&["x"])).intensity(Intensity::new(0, secs(10)));
    let spec = vec![
        worker("a"),
        ChildSpec::supervisor("sub", sub).backoff(Backoff::none()),
        worker("b").after(["a", "sub"]),
        worker("c"),
    ];
    let spec = root(spec).strategy(Strategy::OneForAll);
    let mut world = started(spec.start(StartOrder::Concurrent));
    // From its first failure on, the ends of a child are kept.
    for path in ["a", "sub/x"] {
        world.exit(path, Ends::Failed);
        obey(&mut world);
    }
    world.exit("c", Ends::Failed);
    world
}

#[test]
fn whoever_ends_before_the_stop_of_its_group_asks_it_has_ended_with_it() {
    use crate::event::history::Decision;
    let mut world = waiting_for_b();
    let events = world.events();
    let stops = events.iter().rev();
    let stops = stops.filter(|event| matches!(event.kind, EventKind::GroupStopping));
    let stop = stops.map(|event| event.correlation).next();
    world.exit("a", Ends::Failed);
    world.exit("sub/x", Ends::Failed);
    let events = world.events();
    let mut exited = events.iter();
    let exited = exited.find(|event| matches!(event.kind, EventKind::Exited(_)));
    assert_eq!(exited.map(|event| event.correlation), stop);
    for path in ["a", "sub"] {
        let last = world.ends(path).pop().expect("it is kept");
        assert_eq!(last.decision, Decision::Absorbed, "`{path}`");
    }
    log(&mut world);
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b", "c", "sub/x"]);
    assert_eq!(text(&log(&mut world)), "-b +a +sub waits b +c +sub/x +b");
}

#[test]
fn who_asked_for_the_end_of_a_supervisor_is_kept() {
    let sub = ChildSpec::supervisor("sub", root(workers(&["x"])));
    let mut world = started(root(vec![sub]));
    ask(&mut world, "sub", Ask::Stop).expect("accepted");
    obey(&mut world);
    let ends = world.ends("sub");
    let asked = ends[0].asked_by.as_ref().map(|asked| asked.command);
    assert_eq!((ends.len(), asked), (1, Some(CommandKind::Stop)));
}

#[test]
fn a_tree_that_ends_with_its_children_ends_when_the_last_is_removed_in_its_back_off() {
    use crate::spec::policy::AutoShutdown;
    let spec = root(vec![worker("a").backoff(secs(2))]);
    let mut world = started(spec.auto_shutdown(AutoShutdown::AllEnded));
    world.exit("a", Ends::Failed);
    ask(&mut world, "a", Ask::Remove).expect("accepted");
    world.check();
    assert!(world.is_over());
}

#[test]
fn who_is_removed_before_its_turn_to_start_holds_up_nobody_before_it() {
    let spec = vec![explicit("a"), worker("b"), worker("c"), worker("d")];
    let mut world = started(root(spec));
    ask(&mut world, "c", Ask::Remove).expect("accepted");
    world.ready("a");
    assert_eq!(live(&world), ["a", "b", "d"]);
}

#[test]
fn as_in_otp_the_rest_stays_down_when_the_culprit_is_stopped_before_it_is_tried_again() {
    let spec = vec![worker("a"), explicit("b"), worker("c")];
    let spec = root(spec).strategy(Strategy::RestForOne);
    let mut world = started(spec.while_starting(WhileStarting::Wait));
    world.ready("b");
    world.exit("b", Ends::Failed);
    obey(&mut world);
    world.ask("b", Ask::Stop);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a"]);
    assert_eq!(state(&world, "b"), ChildState::Stopped);
}

#[test]
fn what_is_added_comes_behind_what_a_call_has_left_to_the_next() {
    let mut world = started(root(workers(&["a"])).strategy(Strategy::OneForAll));
    world.interrupt(0);
    world.exit("a", Ends::Failed);
    world.ask("", Ask::Add(worker("x")));
    obey(&mut world);
    let generation = world.attempt("x").map(|attempt| attempt.generation);
    assert_eq!(
        generation,
        Some(0),
        "it was not there when the group stopped"
    );
}

#[test]
fn who_is_to_run_again_does_when_its_supervisor_has_taken_up_its_end() {
    for restart in [RestartPolicy::Transient, RestartPolicy::Temporary] {
        for verb in [|| Ask::Restart, || Ask::Resume] {
            let a = worker("a").restart(restart);
            let spec = SupervisorSpec::root(vec![a, worker("b")]);
            let mut world = started(spec.auto_shutdown(AutoShutdown::AllEnded));
            world.ask("", Ask::Add(explicit("n")));
            world.exit("a", Ends::Succeeded);
            assert_eq!(state(&world, "a"), ChildState::Exited);
            let said = ask(&mut world, "a", verb());
            assert!(matches!(said, Ok(Said::Found(_))), "{said:?}");
            let again = ask(&mut world, "a", verb());
            assert!(matches!(again, Ok(Said::FoundSo(_))), "{again:?}");
            world.check();
            world.ready("n");
            world.check();
            assert_eq!(live(&world), ["a", "b", "n"]);
        }
    }
}

#[test]
fn who_is_not_to_run_again_after_all_does_not() {
    let a = worker("a").restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![a]));
    world.ask("", Ask::Add(explicit("n")));
    world.exit("a", Ends::Succeeded);
    ask(&mut world, "a", Ask::Restart).expect("accepted");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.ready("n");
    world.check();
    assert_eq!(live(&world), ["n"]);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
}

#[test]
fn who_is_stopped_before_its_first_start_is_passed_by() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
    let said = ask(&mut world, "b", Ask::Stop);
    assert!(matches!(said, Ok(Said::Found(_))), "{said:?}");
    let again = ask(&mut world, "b", Ask::Stop);
    assert!(matches!(again, Ok(Said::FoundSo(_))), "{again:?}");
    world.ready("a");
    world.check();
    assert!(world.is_up() && !world.snapshot().ready);
    assert_eq!(live(&world), ["a"]);
    assert_eq!(state(&world, "b"), ChildState::Stopped);
    ask(&mut world, "b", Ask::Resume).expect("accepted");
    assert_eq!(live(&world), ["a", "b"]);
    assert!(world.snapshot().ready);
}

#[test]
fn who_is_stopped_before_its_first_start_and_resumed_starts_in_its_turn() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
    for verb in [Ask::Stop, Ask::Resume] {
        ask(&mut world, "b", verb).expect("accepted");
    }
    assert_eq!(live(&world), ["a"]);
    world.ready("a");
    world.check();
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_restart_of_its_group_starts_who_was_stopped_before_its_first_start() {
    let a = explicit("a").backoff(Backoff::constant(secs(1)));
    let spec = SupervisorSpec::root(vec![a, worker("b"), worker("c")])
        .first_start(FirstStart::Retry)
        .strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.check();
    world.jump();
    world.ready("a");
    assert_eq!(live(&world), ["a", "c"], "the first start goes on");
    world.exit("c", Ends::Failed);
    obey(&mut world);
    world.ready("a");
    assert_eq!(live(&world), ["a", "b", "c"]);
    world.check();
}

#[test]
fn a_stop_takes_no_removal_back() {
    for group in [false, true] {
        let spec = SupervisorSpec::root(workers(&["a", "b"])).strategy(Strategy::OneForAll);
        let mut world = started(spec);
        if group {
            world.exit("b", Ends::Failed);
        }
        ask(&mut world, "a", Ask::Remove).expect("accepted");
        let said = ask(&mut world, "a", Ask::Stop);
        assert!(matches!(said, Ok(Said::FoundSo(_))), "{said:?}");
        obey(&mut world);
        world.check();
        assert_eq!(world.state("a"), None);
        assert_eq!(live(&world), ["b"]);
    }
}

#[test]
fn a_start_that_took_too_long_and_hangs_has_failed_and_was_not_cut_short() {
    let mut world = started(SupervisorSpec::root(vec![]));
    let added = world.ask("", Ask::Add(explicit("b")));
    while state(&world, "b") != ChildState::Stuck {
        assert!(world.jump());
    }
    match world.answer(added) {
        Some(Err(SupervisorError::StartFailed { failure, .. })) => {
            assert_eq!(failure.why, Why::NotReady);
        }
        other => panic!("{other:?}"),
    }
    world.check();
}

//! The end of a tree: by request, by its children, and what it reports.

use super::*;
use crate::shutdown::report::ChildShutdownStatus as Status;
use crate::spec::policy::{AutoShutdown, FirstStart, Intensity, Shutdown, Strategy, WhileStarting};

fn statuses(world: &World) -> Vec<(String, Status)> {
    let report = world.report();
    report
        .children
        .iter()
        .map(|child| (child.path.to_string(), child.status))
        .collect()
}

#[test]
fn a_tree_stops_in_reverse_each_observed_before_the_next_is_asked() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b", "c"])));
    log(&mut world);
    world.ask("", Ask::Shutdown);
    assert_eq!(text(&log(&mut world)), "?/ ?c");
    world.exit("c", Ends::Panicked);
    assert_eq!(text(&log(&mut world)), "-c ?b");
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn a_child_that_does_not_go_is_dropped_when_its_budget_is_spent() {
    let spec = vec![
        worker("a").shutdown(secs(2)),
        worker("b").shutdown(Shutdown::Abort),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    log(&mut world);
    world.ask("", Ask::Shutdown);
    assert_eq!(text(&log(&mut world)), "?/ !b");
    world.exit("b", Ends::Aborted);
    assert_eq!(text(&log(&mut world)), "-b ?a");
    world.advance(ms(1_999));
    assert_eq!(text(&log(&mut world)), "");
    world.advance(ms(1));
    assert_eq!(text(&log(&mut world)), "!a");
    world.exit("a", Ends::Aborted);
    assert!(world.is_over());
    let expected = [
        ("b".to_owned(), Status::Aborted),
        ("a".to_owned(), Status::Aborted),
    ];
    assert_eq!(statuses(&world), expected);
}

#[test]
fn the_report_names_every_worker_once_in_the_order_in_which_it_ended() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let spec = vec![
        worker("a"),
        ChildSpec::supervisor("sub", inner),
        worker("done").restart(RestartPolicy::Transient),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("done", Ends::Succeeded);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    let names: Vec<String> = statuses(&world).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["done", "sub/y", "sub/x", "a"]);
    assert_eq!(statuses(&world)[0].1, Status::AlreadyExited);
    assert!(world.report().is_clean());
}

#[test]
fn a_batch_tree_ends_when_no_child_is_left_that_runs_or_will_run_again() {
    let spec = vec![
        worker("a")
            .restart(RestartPolicy::Transient)
            .backoff(secs(1)),
        worker("b").restart(RestartPolicy::Temporary),
    ];
    let spec = SupervisorSpec::root(spec).auto_shutdown(AutoShutdown::AllEnded);
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    world.exit("a", Ends::Failed);
    assert!(!world.is_over(), "`a` will run again");
    world.advance(secs(1));
    world.exit("a", Ends::Succeeded);
    assert!(world.is_over());
    assert!(world.failure().is_none());
}

#[test]
fn a_batch_tree_whose_last_child_is_stopped_by_command_ends_too() {
    for verb in [Ask::Stop, Ask::Remove] {
        let spec = SupervisorSpec::root(workers(&["a"])).auto_shutdown(AutoShutdown::AllEnded);
        let mut world = started(spec);
        let what = format!("{verb:?}");
        world.ask("a", verb);
        obey(&mut world);
        assert!(world.is_over(), "{what}");
    }
}

#[test]
fn a_batch_tree_that_completes_while_it_starts_has_been_up() {
    let migrate = worker("a")
        .readiness(Readiness::Completed)
        .restart(RestartPolicy::Transient);
    let spec = SupervisorSpec::root(vec![migrate]).auto_shutdown(AutoShutdown::AllEnded);
    let mut world = started(spec);
    world.exit("a", Ends::Succeeded);
    assert!(world.is_over());
    assert!(world.failure().is_none());
}

#[test]
fn nothing_starts_once_the_shutdown_has_begun() {
    let spec = vec![worker("a").backoff(secs(1)), worker("b"), worker("c")];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("a", Ends::Failed);
    world.ask("", Ask::Shutdown);
    for verb in [Ask::Resume, Ask::Restart] {
        let refused = ask(&mut world, "a", verb);
        assert!(
            matches!(refused, Err(SupervisorError::ShuttingDown { .. })),
            "{refused:?}"
        );
    }
    let refused = ask(&mut world, "", Ask::Add(worker("d")));
    assert!(
        matches!(refused, Err(SupervisorError::ShuttingDown { .. })),
        "{refused:?}"
    );
    world.exit("b", Ends::Failed);
    world.advance(secs(10));
    obey(&mut world);
    assert!(world.is_over());
    assert_eq!(
        log(&mut world)
            .iter()
            .filter(|line| line.starts_with("+a"))
            .count(),
        1
    );
}

#[test]
fn nothing_starts_anywhere_once_the_shutdown_of_the_tree_has_begun() {
    let inner = SupervisorSpec::root(vec![worker("x"), worker("y").backoff(secs(1))]);
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("a")];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("sub/y", Ends::Failed);
    world.ask("", Ask::Shutdown);
    log(&mut world);
    world.exit("sub/x", Ends::Failed);
    world.advance(secs(2));
    assert_eq!(live(&world), ["a"], "its supervisor has not been asked yet");
    world.exit("a", Ends::Cancelled);
    assert!(world.is_over());
    assert!(!log(&mut world).iter().any(|line| line.starts_with('+')));
}

#[test]
fn commands_that_are_queued_when_their_supervisor_goes_down_are_answered() {
    let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
    let adds: Vec<u64> = ["x", "y"]
        .map(|id| world.ask("", Ask::Add(worker(id))))
        .to_vec();
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
    for add in adds {
        assert!(matches!(
            world.answer(add),
            Some(Err(SupervisorError::ShuttingDown { .. }))
        ));
    }
}

#[test]
fn a_start_that_somebody_waits_for_is_answered_when_it_is_cut_short() {
    for cut in [Ask::Stop, Ask::Pause, Ask::Remove, Ask::Shutdown] {
        let what = format!("{cut:?}");
        let mut world = started(SupervisorSpec::root(workers(&["a"])));
        let add = world.ask("", Ask::Add(explicit("b")));
        let path = if matches!(cut, Ask::Shutdown) {
            ""
        } else {
            "b"
        };
        world.ask(path, cut);
        obey(&mut world);
        assert!(matches!(world.answer(add), Some(Err(_))), "{what}");
    }
}

#[test]
fn a_stop_that_lets_a_start_run_its_course_does_not_wait_for_one_that_is_tried_for_ever() {
    let inner =
        SupervisorSpec::root(vec![explicit("x").backoff(secs(2))]).first_start(FirstStart::Retry);
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("sub", inner)])
        .while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.exit("sub/x", Ends::Failed);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn nothing_is_restarted_below_a_supervisor_whose_turn_to_stop_has_not_come() {
    let inner = SupervisorSpec::root(workers(&["x"]));
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("b")];
    let mut world = started(SupervisorSpec::root(spec));
    world.ask("", Ask::Shutdown);
    let refused = ask(&mut world, "sub/x", Ask::Restart);
    assert!(
        matches!(refused, Err(SupervisorError::ShuttingDown { .. })),
        "{refused:?}"
    );
    assert!(world.attempt("sub/x").is_some_and(|attempt| !attempt.asked));
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn what_waits_to_be_added_when_a_stop_is_asked_for_is_started_and_then_stopped() {
    let spec = SupervisorSpec::root(vec![]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ask("", Ask::Add(explicit("x")));
    let before = world.ask("", Ask::Add(explicit("y")));
    world.ask("", Ask::Shutdown);
    let after = world.ask("", Ask::Add(explicit("z")));
    world.ready("x");
    world.ready("y");
    assert!(matches!(world.answer(before), Some(Ok(Said::Started))));
    obey(&mut world);
    assert!(matches!(
        world.answer(after),
        Some(Err(SupervisorError::ShuttingDown { .. }))
    ));
    assert!(world.is_over());
}

#[test]
fn what_waits_to_be_added_and_may_never_be_up_is_not_started_once_a_stop_is_asked_for() {
    let spec = SupervisorSpec::root(vec![]).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ask("", Ask::Add(explicit("x")));
    let sub = ChildSpec::supervisor("sub", SupervisorSpec::root(vec![explicit("y")]));
    let added = world.ask("", Ask::Add(sub));
    world.ask("", Ask::Shutdown);
    world.ready("x");
    assert!(matches!(
        world.answer(added),
        Some(Err(SupervisorError::ShuttingDown { .. }))
    ));
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn a_stop_does_not_wait_for_a_start_below_that_has_no_bound() {
    let inner = SupervisorSpec::root(vec![explicit("x"), explicit("y")]);
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("sub", inner)])
        .while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ready("sub/x");
    world.exit("sub/x", Ends::Failed);
    world.ready("sub/y");
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn a_child_that_fails_when_it_is_asked_to_stop_has_not_stopped_cleanly() {
    for (how, status) in [
        (Ends::Cancelled, Status::Graceful),
        (Ends::Succeeded, Status::Graceful),
        (Ends::Failed, Status::Failed),
        (Ends::Panicked, Status::Failed),
    ] {
        let mut world = started(SupervisorSpec::root(workers(&["a"])));
        world.ask("", Ask::Shutdown);
        world.exit("a", how);
        assert_eq!(statuses(&world), [("a".to_owned(), status)]);
        assert_eq!(world.report().is_clean(), status == Status::Graceful);
    }
}

#[test]
fn however_a_child_ends_after_its_budget_it_had_not_stopped_when_it_was_asked_to() {
    for how in [Ends::Succeeded, Ends::Panicked, Ends::Aborted] {
        let mut world = started(SupervisorSpec::root(workers(&["a"])));
        world.ask("", Ask::Shutdown);
        world.advance(secs(5));
        world.exit("a", how);
        assert_eq!(statuses(&world), [("a".to_owned(), Status::Aborted)]);
        assert!(!world.report().is_clean());
    }
}

#[test]
fn only_the_end_of_what_is_significant_ends_its_supervisor() {
    let tree = |auto_shutdown| {
        let done = |name| worker(name).restart(RestartPolicy::Transient);
        let children = vec![
            done("a").significant(true),
            done("b").significant(true),
            done("c"),
            worker("d"),
        ];
        started(SupervisorSpec::root(children).auto_shutdown(auto_shutdown))
    };
    let mut world = tree(AutoShutdown::AnySignificant);
    world.exit("c", Ends::Succeeded);
    assert_eq!(world.attempt("d").map(|it| it.asked), Some(false));
    world.exit("a", Ends::Succeeded);
    assert_eq!(world.attempt("d").map(|it| it.asked), Some(true));

    let mut world = tree(AutoShutdown::AllSignificant);
    world.exit("c", Ends::Succeeded);
    world.exit("a", Ends::Succeeded);
    assert_eq!(world.attempt("d").map(|it| it.asked), Some(false));
    world.exit("b", Ends::Succeeded);
    assert_eq!(world.attempt("d").map(|it| it.asked), Some(true));
}

/// A supervisor that lets its starts run their course, and is starting `x`, and behind that the
/// child.
fn starting_before(behind: ChildSpec) -> World {
    let sub = SupervisorSpec::root(vec![explicit("x"), behind])
        .while_starting(WhileStarting::Wait)
        .first_start(FirstStart::Fail);
    let mut world = started(SupervisorSpec::root(vec![]));
    world.ask("", Ask::Add(ChildSpec::supervisor("sub", sub)));
    world
}

/// Whether the start of `x` is let run its course when its supervisor is asked to stop.
fn is_let_start(world: &mut World) -> bool {
    assert_eq!(state(world, "sub/x"), ChildState::Starting);
    ask(world, "sub", Ask::Stop).expect("accepted");
    let asked = world.attempt("sub/x").is_some_and(|attempt| attempt.asked);
    obey(world);
    world.ready("sub/x");
    obey(world);
    assert_eq!(state(world, "sub"), ChildState::Stopped);
    !asked
}

#[test]
fn a_stop_lets_a_start_run_its_course_where_all_that_is_still_to_start_has_a_bound() {
    let nested = |mode, first_start, child| {
        let spec = SupervisorSpec::root(vec![child]).while_starting(mode);
        ChildSpec::supervisor("n", spec.first_start(first_start))
    };
    let (wait, interrupt) = (WhileStarting::Wait, WhileStarting::Interrupt);
    let (fail, retry) = (FirstStart::Fail, FirstStart::Retry);
    for (behind, waits) in [
        (worker("n"), true),
        (nested(wait, fail, worker("w")), true),
        (nested(wait, retry, worker("w")), false),
        (nested(interrupt, fail, worker("w")), false),
        (nested(wait, fail, nested(wait, fail, worker("w"))), true),
        (nested(wait, fail, nested(wait, retry, worker("w"))), false),
    ] {
        let what = format!("{behind:?}");
        assert_eq!(is_let_start(&mut starting_before(behind)), waits, "{what}");
    }
}

#[test]
fn what_comes_back_with_a_start_may_have_no_bound_either() {
    for (first_start, waits) in [(FirstStart::Fail, true), (FirstStart::Retry, false)] {
        let gone = SupervisorSpec::root(vec![worker("w")])
            .while_starting(WhileStarting::Wait)
            .first_start(first_start);
        let below = SupervisorSpec::root(vec![ChildSpec::supervisor("gone", gone)])
            .while_starting(WhileStarting::Wait)
            .first_start(FirstStart::Fail);
        let mut world = starting_before(ChildSpec::supervisor("n", below));
        world.ready("sub/x");
        world.ask("sub/n/gone", Ask::Remove);
        obey(&mut world);
        assert_eq!(world.state("sub/n/gone"), None);
        ask(&mut world, "sub", Ask::Restart).expect("accepted");
        obey(&mut world);
        assert_eq!(is_let_start(&mut world), waits, "{first_start:?}");
    }
}

#[test]
fn who_goes_with_its_runtime_has_not_ended_gracefully() {
    use crate::event::end::KeptEnd;
    use crate::event::exit::ExitKind;
    use crate::machine::input::Input;
    use crate::shutdown::report::ChildShutdownStatus;
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    world.ask("", Ask::Shutdown);
    let attempt = world.attempt("a").expect("it lives");
    let mut exit = World::record(attempt, Ends::Cancelled);
    exit.end = KeptEnd::of(ExitKind::RuntimeGone, attempt.generation, attempt.number);
    exit.class = exit.end.class();
    world.tell(Input::Exited(attempt.id(), attempt.generation, exit));
    let status = world.report().children[0].status;
    assert_eq!(status, ChildShutdownStatus::Aborted);
}

#[test]
fn a_child_that_its_group_starts_once_more_while_the_tree_comes_down_keeps_its_task() {
    let group = SupervisorSpec::root(workers(&["x"])).while_starting(WhileStarting::Wait);
    let spec = vec![ChildSpec::supervisor("sub", group), worker("b")];
    let spec = SupervisorSpec::root(spec).while_starting(WhileStarting::Wait);
    let mut world = started(spec);
    world.ask("", Ask::Shutdown);
    // It is not the turn of `sub` yet.
    world.exit("sub/x", Ends::Failed);
    world.check();
    assert!(world.attempt("sub/x").is_some_and(|attempt| !attempt.asked));
    obey(&mut world);
    world.check();
    assert!(world.is_over());
    assert_eq!(world.report().reconcile.tasks_left, 0);
}

#[test]
fn a_supervisor_that_has_not_heard_of_the_end_of_its_tree_restarts_one_that_gives_up() {
    let of = |children, restarts| {
        let spec = SupervisorSpec::root(children).while_starting(WhileStarting::Wait);
        spec.intensity(Intensity::new(restarts, secs(10)))
    };
    let low = ChildSpec::supervisor("low", of(workers(&["a", "b"]), 0)).backoff(Backoff::none());
    let high = ChildSpec::supervisor("high", of(vec![low], 1));
    let mut world = started(SupervisorSpec::root(vec![high, worker("c")]));
    world.ask("", Ask::Shutdown);
    log(&mut world);
    world.exit("high/low/a", Ends::Failed);
    world.exit("high/low/b", Ends::Cancelled);
    assert_eq!(
        text(&log(&mut world)),
        "-high/low/a gave up high/low ?high/low/b -high/low/b -high/low ~high/low \
         +high/low +high/low/a +high/low/b"
    );
    world.wants();
    world.exit("c", Ends::Cancelled);
    obey(&mut world);
    assert!(world.is_over());
    world.check();
}

#[test]
fn a_child_below_a_group_that_starts_once_more_while_the_tree_comes_down_keeps_its_task() {
    let waits = |spec: SupervisorSpec| spec.while_starting(WhileStarting::Wait);
    let sub = waits(SupervisorSpec::root(workers(&["x"])));
    let mid = vec![ChildSpec::supervisor("sub", sub), worker("y")];
    let mid = waits(SupervisorSpec::root(mid)).strategy(Strategy::OneForAll);
    let root = vec![ChildSpec::supervisor("mid", mid), worker("b")];
    let mut world = started(waits(SupervisorSpec::root(root)));
    world.ask("", Ask::Shutdown);
    // It is not the turn of `mid` yet: it restarts its group, and `sub` with that.
    world.exit("mid/y", Ends::Failed);
    world.check();
    assert!(
        world
            .attempt("mid/sub/x")
            .is_some_and(|attempt| attempt.asked)
    );
    world.exit("mid/sub/x", Ends::Cancelled);
    world.check();
    assert!(
        world
            .attempt("mid/sub/x")
            .is_some_and(|attempt| !attempt.asked)
    );
    obey(&mut world);
    world.check();
    assert!(world.is_over());
    assert_eq!(world.report().reconcile.tasks_left, 0);
}

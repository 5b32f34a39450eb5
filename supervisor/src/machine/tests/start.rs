//! "Starting": what completes a start, what fails it, and what may interrupt it.

use super::*;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::spec::policy::{
    FirstStart, Intensity, OnExhausted, StartOrder, Strategy, WhileStarting,
};

#[test]
fn an_immediate_start_is_complete_at_once() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    assert!(world.is_up());
    assert_eq!(text(&log(&mut world)), "+/ +a +b");
}

#[test]
fn an_explicit_start_holds_up_the_next_one_until_it_is_ready() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
    assert_eq!(live(&world), ["a"]);
    assert!(!world.is_up());
    assert!(world.ready("a"));
    assert_eq!(live(&world), ["a", "b"]);
    assert!(world.is_up());
}

#[test]
fn an_explicit_start_that_ends_before_it_is_ready_has_failed_whatever_the_result() {
    for how in [
        Ends::Succeeded,
        Ends::Cancelled,
        Ends::Failed,
        Ends::Panicked,
    ] {
        let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
        log(&mut world);
        world.exit("b", how);
        obey(&mut world);
        assert!(world.is_over(), "{how:?}");
        assert_eq!(text(&log(&mut world)), "-b gave up / ?a -a -/", "{how:?}");
        assert_eq!(&*world.failure().expect("a culprit").decisive().child, "b");
    }
}

#[test]
fn a_start_that_is_not_ready_in_time_is_ended_and_has_failed() {
    let spec = vec![explicit("a").ready_within(secs(3)).shutdown(secs(1))];
    let mut world = started(SupervisorSpec::root(spec));
    log(&mut world);
    world.advance(secs(3));
    assert_eq!(text(&log(&mut world)), "^a ?a");
    assert!(!world.is_over(), "it has not been observed to have ended");
    world.exit("a", Ends::Succeeded);
    assert!(world.is_over());
    let failure = world.failure().expect("a culprit");
    assert_eq!(failure.why, crate::event::failure::Why::NotReady);
}

#[test]
fn a_completed_start_is_complete_when_it_has_ended_normally() {
    let migrate = worker("migrate")
        .readiness(Readiness::Completed)
        .restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![migrate, worker("api")]));
    assert_eq!(live(&world), ["migrate"]);
    world.exit("migrate", Ends::Succeeded);
    assert_eq!(live(&world), ["api"]);
    assert!(world.is_up());
    assert_eq!(state(&world, "migrate"), ChildState::Finished);
    assert!(world.snapshot().ready);
}

#[test]
fn a_completed_start_with_any_other_end_has_failed() {
    for how in [Ends::Failed, Ends::Panicked, Ends::Aborted] {
        let migrate = worker("migrate")
            .restart(RestartPolicy::Transient)
            .readiness(Readiness::Completed);
        let mut world = started(SupervisorSpec::root(vec![migrate, worker("api")]));
        world.exit("migrate", how);
        assert!(world.is_over(), "{how:?}");
        assert!(live(&world).is_empty());
    }
}

#[test]
fn a_child_that_declines_is_a_success_without_a_process() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
    world.exit("a", Ends::Ignored);
    assert!(world.is_up());
    assert_eq!(live(&world), ["b"]);
    assert_eq!(state(&world, "a"), ChildState::Ignored);
    assert!(world.snapshot().ready);
}

#[test]
fn a_child_that_is_not_critical_does_not_fail_the_start_and_is_tried_again() {
    let spec = vec![explicit("a").critical(false).backoff(secs(1)), worker("b")];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["b"]);
    assert!(world.is_up());
    world.jump();
    assert_eq!(live(&world), ["a", "b"]);
    assert!(world.ready("a"));
    assert_eq!(state(&world, "a"), ChildState::Running);
}

#[test]
fn a_first_start_that_is_to_be_retried_goes_on_from_the_child_that_failed() {
    let spec = vec![explicit("a"), explicit("b").backoff(secs(1)), worker("c")];
    let mut world = started(SupervisorSpec::root(spec).first_start(FirstStart::Retry));
    world.ready("a");
    log(&mut world);
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), ["a"], "what has started keeps running");
    assert!(!world.is_up());
    world.jump();
    assert_eq!(text(&log(&mut world)), "-b ~b +b");
    world.ready("b");
    assert_eq!(live(&world), ["a", "b", "c"]);
    assert!(world.is_up());
}

#[test]
fn retries_of_the_first_start_count_against_the_intensity() {
    let spec = SupervisorSpec::root(vec![worker("a"), explicit("b")])
        .first_start(FirstStart::Retry)
        .intensity(Intensity::new(2, secs(10)));
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), ["a", "b"]);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn a_child_that_crashes_during_the_first_start_is_restarted_when_that_is_through() {
    let mut world = started(SupervisorSpec::root(vec![
        worker("a"),
        explicit("b"),
        worker("c"),
    ]));
    log(&mut world);
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["b"]);
    world.ready("b");
    assert_eq!(text(&log(&mut world)), "-a +c ~a +a");
    assert!(world.is_up());
}

#[test]
fn a_stop_interrupts_a_child_that_is_starting() {
    for verb in [Ask::Stop, Ask::Pause, Ask::Quarantine, Ask::Remove] {
        let what = format!("{verb:?}");
        let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
        ask(&mut world, "a", verb).expect("accepted");
        obey(&mut world);
        assert_eq!(live(&world), ["b"], "{what}");
        assert!(
            world.is_up(),
            "nobody waits for a child that is kept down: {what}"
        );
    }
}

#[test]
fn a_shutdown_interrupts_a_start() {
    let mut world = started(SupervisorSpec::root(vec![
        worker("a"),
        explicit("b"),
        worker("c"),
    ]));
    log(&mut world);
    ask(&mut world, "", Ask::Shutdown).expect("accepted");
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "?/ ?b -b ?a -a -/");
    assert!(world.is_over());
}

#[test]
fn where_starting_waits_a_stop_takes_its_turn_behind_the_start() {
    let spec = SupervisorSpec::root(vec![worker("a"), explicit("b"), worker("c")]);
    let mut world = started(spec.while_starting(WhileStarting::Wait));
    log(&mut world);
    let stop = world.ask("b", Ask::Stop);
    let shutdown = world.ask("", Ask::Shutdown);
    assert!(!world.has_wants() || world.answer(stop).is_none());
    world.ready("b");
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "?/ +c ?b -b ?c -c ?a -a -/");
    assert!(world.answer(stop).is_some() && world.answer(shutdown).is_some());
}

#[test]
fn a_child_added_while_a_start_is_in_flight_starts_when_that_is_complete() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), worker("b")]));
    log(&mut world);
    let add = world.ask("", Ask::Add(worker("c")));
    assert!(world.answer(add).is_none());
    world.ready("a");
    assert_eq!(text(&log(&mut world)), "+b +c");
    assert!(matches!(world.answer(add), Some(Ok(Said::Started))));
}

#[test]
fn a_child_added_while_a_restart_fails_starts_before_the_retry() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
    world.ready("a");
    world.exit("a", Ends::Failed);
    log(&mut world);
    let add = world.ask("", Ask::Add(worker("b")));
    world.exit("a", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-a +b ~a +a");
    assert!(matches!(world.answer(add), Some(Ok(Said::Started))));
}

#[test]
fn a_nested_supervisor_has_started_when_all_its_children_have() {
    let inner = SupervisorSpec::root(vec![explicit("x"), worker("y")]);
    let spec = vec![ChildSpec::supervisor("sub", inner), worker("b")];
    let mut world = started(SupervisorSpec::root(spec));
    assert_eq!(live(&world), ["sub/x"]);
    assert_eq!(state(&world, "sub"), ChildState::Starting);
    world.ready("sub/x");
    assert_eq!(live(&world), ["b", "sub/x", "sub/y"]);
    assert!(world.is_up());
}

fn with_init() -> SupervisorSpec {
    let inner = SupervisorSpec::root(workers(&["x"])).init(worker("init"));
    SupervisorSpec::root(vec![
        worker("a"),
        ChildSpec::supervisor("sub", inner),
        worker("b"),
    ])
}

#[test]
fn the_init_of_a_supervisor_runs_before_its_children_at_every_start() {
    let mut world = started(with_init());
    assert_eq!(live(&world), ["a", "sub/init"]);
    world.exit("sub/init", Ends::Succeeded);
    assert_eq!(live(&world), ["a", "b", "sub/x"]);
    assert_eq!(
        world.state("sub/init"),
        None,
        "it is forgotten when it has ended"
    );
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b", "sub/init"]);
    world.exit("sub/init", Ends::Succeeded);
    assert_eq!(live(&world), ["a", "b", "sub/x"]);
    assert!(world.snapshot().ready);
}

#[test]
fn a_supervisor_declines_when_its_init_does() {
    let mut world = started(with_init());
    world.exit("sub/init", Ends::Ignored);
    assert_eq!(live(&world), ["a", "b"]);
    assert_eq!(state(&world, "sub"), ChildState::Ignored);
    assert!(world.is_up());
    let said = ask(&mut world, "sub", Ask::Resume);
    assert!(said.is_ok(), "{said:?}");
    world.exit("sub/init", Ends::Succeeded);
    assert_eq!(live(&world), ["a", "b", "sub/x"]);
}

#[test]
fn a_supervisor_whose_init_fails_could_not_be_started() {
    let mut world = started(with_init());
    world.exit("sub/init", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
    assert_eq!(
        &*world.failure().expect("a culprit").first_cause().child,
        "sub/init"
    );
}

/// `b` runs once, when `a` is ready.
fn one_after_the_other() -> Vec<ChildSpec> {
    let b = worker("b").restart(RestartPolicy::Transient);
    vec![
        explicit("a"),
        b.readiness(Readiness::Completed).after(["a"]),
    ]
}

#[test]
fn the_tree_is_up_although_the_last_one_to_start_waits_for_one_that_is_kept_down() {
    let mut world = started(SupervisorSpec::root(one_after_the_other()));
    world.ready("a");
    ask(&mut world, "a", Ask::Pause).expect("accepted");
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(state(&world, "b"), ChildState::Waiting);
    assert!(world.is_up());
}

#[test]
fn the_tree_is_up_although_a_supervisor_started_again_is_up_without_a_child() {
    let inner = SupervisorSpec::root(one_after_the_other());
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", inner,
    )]));
    world.exit("sub/a", Ends::Ignored);
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    ask(&mut world, "sub/a", Ask::Pause).expect("accepted");
    obey(&mut world);
    assert_eq!(state(&world, "sub"), ChildState::Running);
    assert!(world.is_up());
}

#[test]
fn the_tree_is_up_although_a_supervisor_has_given_up_for_good() {
    let inner = SupervisorSpec::root(one_after_the_other());
    let sub = ChildSpec::supervisor("sub", inner).restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![sub, explicit("c")]));
    world.ready("sub/a");
    world.exit("sub/b", Ends::Succeeded);
    world.exit("sub/a", Ends::Fatal);
    world.ready("c");
    assert_eq!(state(&world, "sub"), ChildState::Failed);
    assert!(world.is_up());
}

#[test]
fn the_tree_is_not_up_while_a_child_that_was_is_being_restarted() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a"), explicit("b")]));
    world.ready("a");
    ask(&mut world, "a", Ask::Restart).expect("accepted");
    obey(&mut world);
    world.ready("b");
    assert_eq!(live(&world), ["a", "b"]);
    assert!(!world.is_up(), "`a` is on its way");
    world.ready("a");
    assert!(world.is_up());
}

#[test]
fn the_tree_is_not_up_while_its_group_waits_for_one_that_is_not_critical() {
    let culprit = worker("a").critical(false).backoff(secs(2));
    let spec = SupervisorSpec::root(vec![culprit, explicit("b"), worker("c")])
        .start(StartOrder::Concurrent)
        .strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    ask(&mut world, "c", Ask::Remove).expect("accepted");
    assert!(!world.is_up(), "`b` has yet to be started");
    world.advance(secs(2));
    world.ready("b");
    assert!(world.is_up());
}

#[test]
fn a_start_that_was_not_ready_in_time_fails_whoever_else_ends_meanwhile() {
    let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
    world.jump();
    assert_eq!(state(&world, "b"), ChildState::Stopping);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over(), "the start of the tree has failed");
}

#[test]
fn the_tree_is_up_although_a_child_that_is_not_critical_never_gets_ready() {
    let spec = vec![worker("a"), explicit("b").critical(false)];
    let mut world = started(SupervisorSpec::root(spec));
    assert!(!world.is_up());
    world.jump();
    obey(&mut world);
    assert_eq!(state(&world, "b"), ChildState::Starting);
    assert!(world.is_up(), "`b` is tried again");
}

#[test]
fn a_concurrent_start_is_over_when_nobody_is_on_the_way_but_who_waits_for_one_that_is_down() {
    let spec = |critical| {
        let inner = SupervisorSpec::root(vec![
            explicit("a").critical(critical),
            worker("b").critical(false).after(["a"]),
            worker("c").after(["b"]),
            explicit("d").critical(false),
        ])
        .start(StartOrder::Concurrent)
        .first_start(FirstStart::Retry)
        .on_exhausted(OnExhausted::Quarantine)
        .intensity(Intensity::new(0, secs(1)));
        SupervisorSpec::root(vec![ChildSpec::supervisor("sub", inner), worker("z")])
    };
    for critical in [true, false] {
        let mut world = started(spec(critical));
        assert_eq!(state(&world, "sub"), ChildState::Starting);
        world.exit("sub/a", Ends::Failed);
        world.check();
        // Whether `c` waits for `d` is not looked at.
        assert_eq!(state(&world, "sub"), ChildState::Starting);
        world.ready("sub/d");
        world.check();
        let quarantined = world.snapshot().child("sub/a").map(|child| child.operation);
        assert_eq!(quarantined, Some(Operation::Quarantined));
        assert_eq!(state(&world, "sub/c"), ChildState::Waiting);
        assert_eq!(state(&world, "sub"), ChildState::Running);
        assert_eq!(live(&world), ["sub/d", "z"], "its supervisor goes on");
        assert!(!world.snapshot().ready);
        ask(&mut world, "sub/a", Ask::Resume).expect("accepted");
        world.ready("sub/a");
        world.check();
        assert_eq!(live(&world), ["sub/a", "sub/b", "sub/c", "sub/d", "z"]);
        assert!(world.snapshot().ready);
    }
}

#[test]
fn a_concurrent_start_waits_for_whom_a_critical_child_is_after() {
    let spec = SupervisorSpec::root(vec![
        explicit("a").critical(false),
        worker("b").critical(false).after(["a"]),
        explicit("c").after(["b"]),
    ])
    .start(StartOrder::Concurrent);
    let mut world = started(spec);
    world.check();
    assert!(!world.is_up(), "`c` will come");
    world.ready("a");
    world.check();
    assert!(!world.is_up(), "`c` has started");
    world.ready("c");
    world.check();
    assert!(world.is_up());
}

#[test]
fn a_concurrent_start_does_not_wait_for_one_that_is_tried_again_and_again() {
    let spec = SupervisorSpec::root(vec![
        explicit("a").critical(false),
        worker("b").after(["a"]),
    ])
    .start(StartOrder::Concurrent)
    .intensity(Intensity::new(9, secs(1)));
    let mut world = started(spec);
    assert!(!world.is_up());
    world.exit("a", Ends::Failed);
    world.check();
    assert_eq!(
        state(&world, "a"),
        ChildState::Starting,
        "it has no back-off"
    );
    assert!(world.is_up());
    world.ready("a");
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_start_that_has_failed_holds_up_the_next_one_until_it_has_ended() {
    let a = explicit("a").ready_within(secs(1)).critical(false);
    let mut world = started(SupervisorSpec::root(vec![a, worker("b")]));
    log(&mut world);
    world.advance(secs(1));
    assert_eq!(text(&log(&mut world)), "^a ?a");
    // The supervisor looks whose turn it is.
    world.ask("", Ask::Add(worker("c")));
    assert_eq!(text(&log(&mut world)), "");
    world.exit("a", Ends::Cancelled);
    world.check();
    assert_eq!(live(&world), ["a", "b", "c"]);
}

#[test]
fn a_dependent_that_starts_late_does_not_end_a_first_start_that_is_held_up() {
    let a = explicit("a")
        .critical(false)
        .backoff(Backoff::constant(secs(1)));
    let c = explicit("c").backoff(Backoff::constant(secs(5)));
    let spec = SupervisorSpec::root(vec![a, worker("b").after(["a"]), c, worker("d")])
        .first_start(FirstStart::Retry)
        .intensity(Intensity::new(9, secs(1)));
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    world.exit("c", Ends::Failed);
    log(&mut world);
    world.jump();
    world.ready("a");
    world.check();
    assert_eq!(text(&log(&mut world)), "+a +b");
    assert!(!world.is_up());
    world.jump();
    world.ready("c");
    world.check();
    assert_eq!(text(&log(&mut world)), "+c +d");
    assert!(world.is_up());
}

#[test]
fn a_start_is_not_over_before_the_rest_of_a_group_has_been_started() {
    let a = worker("a").backoff(Backoff::constant(secs(5)));
    let spec = SupervisorSpec::root(vec![a, explicit("b")])
        .strategy(Strategy::OneForAll)
        .start(StartOrder::Concurrent);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), [""; 0]);
    ask(&mut world, "a", Ask::Stop).expect("stopped");
    world.check();
    assert_eq!(live(&world), ["b"]);
    assert!(!world.is_up());
    world.ready("b");
    assert!(world.is_up());
}

#[test]
fn a_start_is_over_although_children_that_nobody_needs_are_about_to_start() {
    let optional = |child: ChildSpec| child.critical(false);
    let c = worker("c").backoff(Backoff::constant(secs(9)));
    let (x, y) = (optional(explicit("x")), optional(worker("y")));
    let z = explicit("z").backoff(Backoff::constant(secs(1)));
    let spec = SupervisorSpec::root(vec![x, c, y, z]).first_start(FirstStart::Retry);
    let mut world = started(spec);
    world.ready("x");
    world.exit("z", Ends::Failed);
    world.exit("c", Ends::Failed);
    world.jump();
    world.ready("z");
    assert!(!world.is_up(), "`c` is tried again");
    for (path, ask) in [
        ("x", Ask::Restart),
        ("y", Ask::Stop),
        ("y", Ask::Resume),
        ("c", Ask::Stop),
    ] {
        world.ask(path, ask);
        obey(&mut world);
        world.check();
    }
    assert_eq!(live(&world), ["x", "z"], "`y` waits for its turn");
    assert!(world.is_up());
}

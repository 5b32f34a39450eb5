//! Every command in every phase (DESIGN, section 5).

use super::*;
use crate::event::history::Decision;
use crate::spec::policy::{AddPolicy, Intensity, StartOrder, Strategy, WhileStarting};

/// A child in one of the states that it can be in.
fn child_in(wanted: ChildState) -> World {
    let mut world;
    match wanted {
        ChildState::Waiting => {
            let spec = vec![worker("dep"), worker("a").after(["dep"])];
            world = started(SupervisorSpec::root(spec));
            ask(&mut world, "dep", Ask::Stop).expect("accepted");
            obey(&mut world);
            world.exit("a", Ends::Failed);
        }
        ChildState::Backoff => {
            world = started(SupervisorSpec::root(vec![worker("a").backoff(secs(60))]));
            world.exit("a", Ends::Failed);
        }
        ChildState::Starting => {
            world = started(SupervisorSpec::root(vec![worker("dep"), explicit("a")]));
        }
        ChildState::Finished => {
            let spec = vec![worker("a").restart(RestartPolicy::Transient)];
            world = started(SupervisorSpec::root(spec));
            world.exit("a", Ends::Succeeded);
        }
        ChildState::Ignored => {
            world = started(SupervisorSpec::root(vec![explicit("a")]));
            world.exit("a", Ends::Ignored);
        }
        ChildState::Failed => {
            world = started(SupervisorSpec::root(vec![explicit("a")]));
            world.ready("a");
            ask(&mut world, "a", Ask::Stop).expect("accepted");
            obey(&mut world);
            ask(&mut world, "a", Ask::Resume).expect("accepted");
            world.exit("a", Ends::Failed);
        }
        _ => {
            world = started(SupervisorSpec::root(workers(&["a", "b"])));
            match wanted {
                ChildState::Stopping => _ = ask(&mut world, "a", Ask::Stop),
                ChildState::Stopped => {
                    ask(&mut world, "a", Ask::Stop).expect("accepted");
                    obey(&mut world);
                }
                ChildState::Aborting => _ = ask(&mut world, "a", Ask::Kill),
                ChildState::Stuck => {
                    ask(&mut world, "a", Ask::Stop).expect("accepted");
                    world.jump();
                    world.jump();
                }
                _ => {}
            }
        }
    }
    assert_eq!(state(&world, "a"), wanted);
    log(&mut world);
    world
}

/// What is to be seen of `a` after a command and everything that follows from it.
fn after(wanted: ChildState, verb: Ask) -> String {
    let mut world = child_in(wanted);
    let ticket = world.ask("a", verb);
    if state_of(&world) == "stuck" {
        world.exit("a", Ends::Aborted);
    } else {
        obey(&mut world);
    }
    let said = world.answer(ticket);
    let said = match said {
        None => "unanswered",
        Some(Ok(Said::FoundSo(_))) => "same",
        Some(Ok(_)) => "done",
        Some(Err(_)) => "refused",
    };
    if world
        .attempt("a")
        .is_some_and(|attempt| !attempt.asked && !attempt.aborted)
    {
        world.ready("a");
    }
    assert!(world.live().filter(|path| *path == "a").count() <= 1);
    format!("{said}, {}", state_of(&world))
}

fn state_of(world: &World) -> String {
    world
        .state("a")
        .map_or_else(|| "gone".to_owned(), |state| state.to_string())
}

type Row = (ChildState, [&'static str; 8]);

/// Stop, pause, quarantine, resume, restart, remove, delete, kill.
const TABLE: &[Row] = &[
    (
        ChildState::Running,
        [
            "done, stopped",
            "done, stopped",
            "done, stopped",
            "same, running",
            "done, running",
            "done, gone",
            "refused, running",
            "done, running",
        ],
    ),
    (
        ChildState::Starting,
        [
            "done, stopped",
            "done, stopped",
            "done, stopped",
            "same, running",
            "done, running",
            "done, gone",
            "refused, running",
            "done, not started",
        ],
    ),
    (
        ChildState::Stopping,
        [
            "same, stopped",
            "done, stopped",
            "done, stopped",
            "done, running",
            "done, running",
            "done, gone",
            "refused, stopped",
            "done, stopped",
        ],
    ),
    (
        ChildState::Aborting,
        [
            "done, stopped",
            "done, stopped",
            "done, stopped",
            "same, running",
            "done, running",
            "done, gone",
            "refused, running",
            "same, running",
        ],
    ),
    (
        ChildState::Stuck,
        [
            "same, stopped",
            "done, stopped",
            "done, stopped",
            "done, running",
            "done, running",
            "done, gone",
            "refused, stopped",
            "same, stopped",
        ],
    ),
    (
        ChildState::Backoff,
        [
            "done, stopped",
            "done, stopped",
            "done, stopped",
            "same, backoff",
            "done, running",
            "done, gone",
            "refused, backoff",
            "same, backoff",
        ],
    ),
    (
        ChildState::Waiting,
        [
            "done, stopped",
            "done, stopped",
            "done, stopped",
            "same, waiting",
            "same, waiting",
            "done, gone",
            "refused, waiting",
            "same, waiting",
        ],
    ),
    (
        ChildState::Stopped,
        [
            "same, stopped",
            "done, stopped",
            "done, stopped",
            "done, running",
            "done, running",
            "done, gone",
            "done, gone",
            "same, stopped",
        ],
    ),
    (
        ChildState::Finished,
        [
            "same, finished",
            "done, finished",
            "done, finished",
            "done, running",
            "done, running",
            "done, gone",
            "done, gone",
            "same, finished",
        ],
    ),
    (
        ChildState::Ignored,
        [
            "same, ignored",
            "done, ignored",
            "done, ignored",
            "done, running",
            "done, running",
            "done, gone",
            "done, gone",
            "same, ignored",
        ],
    ),
    (
        ChildState::Failed,
        [
            "same, failed",
            "done, failed",
            "done, failed",
            "done, running",
            "done, running",
            "done, gone",
            "done, gone",
            "same, failed",
        ],
    ),
];

#[test]
fn every_command_in_every_state_does_what_the_table_says() {
    let mut wrong = Vec::new();
    for (state, row) in TABLE {
        let verbs = [
            Ask::Stop,
            Ask::Pause,
            Ask::Quarantine,
            Ask::Resume,
            Ask::Restart,
            Ask::Remove,
            Ask::Delete,
            Ask::Kill,
        ];
        for (verb, expected) in verbs.into_iter().zip(row) {
            let what = format!("{verb:?} of a child that is {state}");
            let got = after(*state, verb);
            if got != *expected {
                wrong.push(format!("{what}: expected `{expected}`, got `{got}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_repeated_restart_is_merged() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    log(&mut world);
    assert!(matches!(
        ask(&mut world, "a", Ask::Restart),
        Ok(Said::Found(_))
    ));
    assert!(matches!(
        ask(&mut world, "a", Ask::Restart),
        Ok(Said::FoundSo(_))
    ));
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "?a -a +a");
}

#[test]
fn commands_never_count_against_the_intensity() {
    use crate::spec::policy::Intensity;
    let spec = SupervisorSpec::root(workers(&["a"])).intensity(Intensity::new(0, secs(1)));
    let mut world = started(spec);
    for _ in 0..100 {
        ask(&mut world, "a", Ask::Restart).expect("accepted");
        obey(&mut world);
        ask(&mut world, "a", Ask::Stop).expect("accepted");
        obey(&mut world);
        ask(&mut world, "a", Ask::Resume).expect("accepted");
    }
    assert_eq!(live(&world), ["a"]);
}

#[test]
fn a_kill_is_an_abnormal_exit_like_any_other() {
    use crate::spec::policy::Strategy;
    let spec = SupervisorSpec::root(workers(&["a", "b"])).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    log(&mut world);
    ask(&mut world, "a", Ask::Kill).expect("accepted");
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "!a -a ~a ?b -b +a +b");
}

#[test]
fn what_survives_a_restart_of_the_supervisor() {
    let sub = SupervisorSpec::root(workers(&["stopped", "paused", "quarantined", "removed"]));
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", sub,
    )]));
    ask(&mut world, "sub", Ask::Add(worker("added"))).expect("accepted");
    for (path, verb) in [
        ("sub/stopped", Ask::Stop),
        ("sub/paused", Ask::Pause),
        ("sub/quarantined", Ask::Quarantine),
        ("sub/removed", Ask::Remove),
    ] {
        ask(&mut world, path, verb).expect("accepted");
        obey(&mut world);
    }
    assert_eq!(live(&world), ["sub/added"]);
    ask(&mut world, "sub", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["sub/removed", "sub/stopped"]);
    let names: Vec<String> = world
        .snapshot()
        .children
        .iter()
        .map(|child| child.path.to_string())
        .collect();
    let all = [
        "sub",
        "sub/stopped",
        "sub/paused",
        "sub/quarantined",
        "sub/removed",
    ];
    assert_eq!(names, all, "in the order of the specification");
}

/// Wants a child paused that may not exist.
fn intend(world: &mut World, path: &str, ticket: u64) {
    use crate::machine::input::{Command, Input, Token};
    use crate::machine::intents::Intended;
    let audit = crate::control::audit::Audit::of_program("test");
    let root = world.machine.lookup("").expect("there");
    let command = Command::Intended(Intended::Pause, root, path.into());
    let now = world.machine.now();
    let input = Input::Command(Token(u64::MAX - ticket), audit, command);
    world.machine.handle(now, input);
}

#[test]
fn what_was_wanted_of_a_name_is_applied_when_it_is_added() {
    let mut world = started(SupervisorSpec::root(vec![]));
    intend(&mut world, "a", 0);
    ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
    assert!(live(&world).is_empty());
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    assert_eq!(live(&world), ["a"]);
}

#[test]
fn restart_in_a_supervisor_that_is_busy_waits_its_turn() {
    use crate::spec::policy::Strategy;
    let spec = SupervisorSpec::root(workers(&["a", "b"])).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_stop_takes_back_a_restart_that_a_child_which_has_ended_was_still_to_have() {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c"])).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    ask(&mut world, "b", Ask::Restart).expect("accepted");
    world.exit("b", Ends::Failed);
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "c"]);
    assert_eq!(state(&world, "b"), ChildState::Stopped);
}

#[test]
fn a_stop_in_the_middle_of_a_group_restart_is_not_undone_by_it() {
    let mut children = workers(&["b", "c"]);
    children.insert(0, worker("a").backoff(secs(1)));
    let spec = SupervisorSpec::root(children).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    world.exit("c", Ends::Cancelled);
    ask(&mut world, "c", Ask::Stop).expect("accepted");
    obey(&mut world);
    ask(&mut world, "b", Ask::Stop).expect("accepted");
    world.advance(secs(1));
    assert_eq!(live(&world), ["a"]);
    world.exit("a", Ends::Failed);
    world.advance(secs(1));
    assert_eq!(live(&world), ["a", "b", "c"], "the next one revives them");
}

#[test]
fn a_child_added_while_its_group_is_being_stopped_starts_when_that_is_over() {
    let spec = SupervisorSpec::root(workers(&["a", "b"]))
        .strategy(Strategy::OneForAll)
        .start(StartOrder::Concurrent);
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    let added = world.ask("", Ask::Add(worker("x")));
    assert_eq!(live(&world), ["a"]);
    obey(&mut world);
    assert!(matches!(world.answer(added), Some(Ok(Said::Started))));
    assert_eq!(live(&world), ["a", "b", "x"]);
    ask(&mut world, "x", Ask::Pause).expect("accepted");
    obey(&mut world);
    assert_eq!(live(&world), ["a", "b"]);
}

#[test]
fn a_killed_supervisor_takes_everything_below_it_along() {
    let inner = SupervisorSpec::root(vec![worker("y"), worker("z")]);
    let sub = SupervisorSpec::root(vec![worker("x"), ChildSpec::supervisor("inner", inner)]);
    let sub = ChildSpec::supervisor("sub", sub).backoff(Backoff::none());
    let mut world = started(SupervisorSpec::root(vec![sub, worker("a")]));
    world.wants();
    world.ask("sub", Ask::Kill);
    let mut wants = world.wants();
    wants.sort_by(|(one, _), (other, _)| one.cmp(other));
    let aborted = ["sub/inner/y", "sub/inner/z", "sub/x"].map(|path| (path.into(), Want::Abort));
    assert_eq!(wants, aborted, "nobody is asked, and all are dropped");
    obey(&mut world);
    for path in ["sub/inner/y", "sub/inner/z", "sub/x"] {
        world.exit(path, Ends::Aborted);
    }
    assert_eq!(
        world.state("sub"),
        Some(ChildState::Running),
        "it is started again"
    );
    assert_eq!(world.attempt("a").map(|attempt| attempt.asked), Some(false));
}

#[test]
fn what_is_added_must_be_allowed_and_have_a_name_that_is_free() {
    let closed = SupervisorSpec::root(workers(&["x"])).add(AddPolicy::No);
    let closed = ChildSpec::supervisor("closed", closed);
    let mut world = started(SupervisorSpec::root(vec![closed, worker("a"), worker("b")]));
    let refused = ask(&mut world, "closed", Ask::Add(worker("y")));
    assert!(
        matches!(refused, Err(SupervisorError::AddingNotAllowed { .. })),
        "{refused:?}"
    );
    world.ask("b", Ask::Stop);
    let refused_as = |world: &mut World, name, found, text: &str| {
        let refused = ask(world, "", Ask::Add(worker(name)));
        let Err(error @ SupervisorError::ChildExists { state, .. }) = &refused else {
            panic!("{name}: {refused:?}");
        };
        assert_eq!(*state, found, "{name}");
        assert!(error.to_string().contains(text), "{error}");
    };
    refused_as(&mut world, "a", ChildState::Running, "it is running");
    refused_as(&mut world, "b", ChildState::Stopping, "it is stopping");
    while state(&world, "b") != ChildState::Stuck {
        world.jump();
    }
    refused_as(&mut world, "b", ChildState::Stuck, "it is stuck");
    world.exit("b", Ends::Aborted);
    refused_as(&mut world, "b", ChildState::Stopped, "it is stopped");
    world.ask("b", Ask::Remove);
    assert!(
        ask(&mut world, "", Ask::Add(worker("b"))).is_ok(),
        "the name is free"
    );
}

#[test]
fn a_command_that_changes_nothing_tells_no_change() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    let changes = |world: &mut World| {
        let events = world.events();
        let change = |event: &&Event| matches!(event.kind, EventKind::Operation(_));
        events.iter().filter(change).count()
    };
    changes(&mut world);
    for (wanted, told) in [
        (Ask::Resume, 0),
        (Ask::Pause, 1),
        (Ask::Pause, 0),
        (Ask::Resume, 1),
        (Ask::Restart, 0),
    ] {
        world.ask("a", wanted);
        obey(&mut world);
        assert_eq!(changes(&mut world), told);
    }
}

#[test]
fn whoever_waits_for_a_start_is_answered_when_its_supervisor_gives_up_instead() {
    let sub = SupervisorSpec::root(vec![explicit("a"), worker("b")])
        .while_starting(WhileStarting::Wait)
        .intensity(Intensity::new(2, secs(10)));
    let mut world = started(SupervisorSpec::root(vec![ChildSpec::supervisor(
        "sub", sub,
    )]));
    world.ask("sub/a", Ask::Restart);
    let resumed = world.ask("sub/a", Ask::Resume);
    world.ready("sub/a");
    obey(&mut world);
    world.exit("sub/a", Ends::Fatal);
    assert_eq!(
        live(&world),
        ["sub/b"],
        "it is asked to stop and has not gone"
    );
    let answer = world.answer(resumed);
    assert!(
        matches!(answer, Some(Err(SupervisorError::StartFailed { .. }))),
        "{answer:?}"
    );
}

/// How the supervisors have ended that have.
fn supervisor_ends(world: &mut World) -> Vec<String> {
    let ends = world.events().into_iter().filter_map(|event| {
        let EventKind::SupervisorEnded(end) = event.kind else {
            return None;
        };
        Some(format!("{} {end:?}", event.path))
    });
    ends.collect()
}

#[test]
fn a_supervisor_that_is_killed_while_it_comes_down_has_ended_for_what_it_came_down_for() {
    for (gives_up, end) in [(true, "sub GaveUp"), (false, "sub Killed")] {
        let inner = SupervisorSpec::root(workers(&["x", "y"]));
        let inner = inner.intensity(Intensity::new(0, secs(1)));
        let sub = ChildSpec::supervisor("sub", inner).restart(RestartPolicy::Transient);
        let mut world = started(SupervisorSpec::root(vec![sub]));
        if gives_up {
            world.exit("sub/x", Ends::Failed);
        } else {
            ask(&mut world, "sub", Ask::Stop).expect("accepted");
        }
        world.ask("sub", Ask::Kill);
        world.exit("sub/y", Ends::Aborted);
        world.exit("sub/x", Ends::Aborted);
        let ends = supervisor_ends(&mut world);
        assert_eq!(ends.first().map(String::as_str), Some(end), "{ends:?}");
    }
}

/// What was decided on the last end of a child.
fn last_decision(world: &World, path: &str) -> Option<Decision> {
    let ends = world.ends(path);
    ends.last().map(|ended| ended.decision)
}

#[test]
fn a_kill_of_one_that_was_asked_to_stop_makes_its_end_no_failure() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.ask("a", Ask::Kill);
    world.exit("a", Ends::Aborted);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
    assert_eq!(last_decision(&world, "a"), Some(Decision::Asked));
}

#[test]
fn a_restart_of_one_that_is_outside_a_group_comes_when_the_group_is_through() {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c"])).strategy(Strategy::RestForOne);
    let mut world = started(spec);
    world.ask("a", Ask::Restart);
    world.exit("b", Ends::Failed);
    assert!(world.attempt("c").is_some_and(|attempt| attempt.asked));
    world.exit("a", Ends::Cancelled);
    assert_eq!(live(&world), ["c"]);
    obey(&mut world);
    world.exit("c", Ends::Cancelled);
    assert_eq!(live(&world), ["a", "b", "c"]);
}

#[test]
fn a_temporary_child_that_is_kept_down_outlives_a_restart_of_its_group() {
    let spec = vec![worker("a"), worker("t").restart(RestartPolicy::Temporary)];
    let spec = SupervisorSpec::root(spec).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    ask(&mut world, "t", Ask::Pause).expect("accepted");
    obey(&mut world);
    let before = world.state("t");
    world.exit("a", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["a"]);
    assert_eq!(world.state("t"), before);
}

#[test]
fn a_stop_of_a_child_that_is_stuck_makes_its_end_no_failure() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    ask(&mut world, "a", Ask::Kill).expect("accepted");
    while state(&world, "a") != ChildState::Stuck {
        world.jump();
    }
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.exit("a", Ends::Aborted);
    assert_eq!(state(&world, "a"), ChildState::Stopped);
    assert_eq!(last_decision(&world, "a"), Some(Decision::Asked));
}

#[test]
fn a_culprit_that_is_taken_out_while_its_group_stops_does_not_come_back_with_it() {
    for verb in [Ask::Remove, Ask::Quarantine] {
        let is_removed = matches!(verb, Ask::Remove);
        let spec = SupervisorSpec::root(workers(&["a", "b"])).strategy(Strategy::OneForAll);
        let mut world = started(spec);
        world.exit("a", Ends::Failed);
        ask(&mut world, "a", verb).expect("accepted");
        obey(&mut world);
        world.check();
        assert_eq!(live(&world), ["b"]);
        let left = (!is_removed).then_some(ChildState::Stopped);
        assert_eq!(world.state("a"), left);
    }
}

#[test]
fn the_children_of_a_supervisor_are_told_in_their_order() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let spec = vec![
        worker("b"),
        ChildSpec::supervisor("sub", inner),
        worker("a"),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    let mut names = |path: &str| match ask(&mut world, path, Ask::Children) {
        Ok(Said::Children(children)) => {
            let children = children.iter().map(|child| child.path.to_string());
            children.collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(names(""), "b sub a");
    assert_eq!(names("sub"), "sub/x sub/y");
}

#[test]
fn a_stop_of_a_group_holds_up_whoever_is_in_it_and_nobody_else() {
    let inner = SupervisorSpec::root(workers(&["x"]));
    let spec = vec![
        worker("a"),
        worker("b"),
        ChildSpec::supervisor("sub", inner),
    ];
    let spec = SupervisorSpec::root(spec).strategy(Strategy::RestForOne);
    let mut world = started(spec);
    let held = |world: &World| {
        let id = |path| world.machine.lookup(path).expect("it is there");
        ["a", "b", "sub", "sub/x"].map(|path| world.machine.holds_up_stop(id(""), id(path)))
    };
    assert_eq!(held(&world), [false; 4], "nothing is stopped");
    world.exit("b", Ends::Failed);
    assert_eq!(held(&world), [false, true, true, true]);
    world.ask("", Ask::Shutdown);
    assert_eq!(held(&world), [false; 4], "nobody is served any more");
}

#[test]
fn what_is_wanted_of_a_name_is_told_once_and_may_be_taken_back() {
    use crate::control::outcome::ChildControlOperation as Operation;
    let mut world = started(SupervisorSpec::root(vec![]));
    world.skip_events();
    intend(&mut world, "a", 0);
    intend(&mut world, "a", 1);
    let wanted = |event: &Event| matches!(event.kind, EventKind::Intent(_));
    let told: Vec<_> = world.events().into_iter().filter(wanted).collect();
    let told: Vec<_> = told.iter().map(|event| event.operation).collect();
    assert_eq!(told, [Operation::Paused]);
    assert!(world.machine.has_intent("a"));
    let refused = ask(&mut world, "a", Ask::Stop);
    assert!(refused.is_err(), "{refused:?}");
    let taken_back = ask(&mut world, "a", Ask::Resume);
    assert!(matches!(taken_back, Ok(Said::Intended)), "{taken_back:?}");
    assert!(!world.machine.has_intent("a"));
    world.check();
    ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
    assert_eq!(live(&world), ["a"]);
}

#[test]
fn so_many_names_and_no_more_are_remembered() {
    use crate::machine::intents::CAPACITY;
    let mut world = started(SupervisorSpec::root(vec![]));
    for (name, ticket) in (0..=CAPACITY).zip(0..) {
        intend(&mut world, &format!("n{name}"), ticket);
    }
    let remembered = |name: usize| world.machine.has_intent(&format!("n{name}"));
    assert!(remembered(CAPACITY - 1));
    assert!(!remembered(CAPACITY));
}

#[test]
fn the_children_of_a_supervisor_are_told_unless_it_comes_down() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    let Ok(Said::Children(children)) = ask(&mut world, "", Ask::Children) else {
        panic!("they are told");
    };
    let paths: Vec<&str> = children.iter().map(|child| &*child.path).collect();
    assert_eq!(paths, ["a", "b"]);
    world.ask("", Ask::Shutdown);
    let refused = ask(&mut world, "", Ask::Children);
    assert!(
        matches!(refused, Err(SupervisorError::ShuttingDown { .. })),
        "{refused:?}"
    );
}

#[test]
fn what_is_added_fits_into_the_shortest_deadline_above_it() {
    let sub = SupervisorSpec::root(workers(&["x"])).shutdown_within(secs(5));
    let sub = ChildSpec::supervisor("sub", sub);
    let mut world = started(SupervisorSpec::root(vec![sub]).shutdown_within(secs(30)));
    let child = |within| worker("y").shutdown(within);
    for (above, within) in [("sub", secs(6)), ("", secs(31))] {
        let refused = ask(&mut world, above, Ask::Add(child(within)));
        assert!(
            matches!(refused, Err(SupervisorError::InvalidSpec(_))),
            "{refused:?}"
        );
    }
    for (above, within) in [("sub", secs(4)), ("", secs(29))] {
        ask(&mut world, above, Ask::Add(child(within))).expect("it fits");
    }
}

#[test]
fn a_start_that_waits_for_its_turn_is_not_asked_for_twice() {
    use crate::spec::policy::Strategy;
    for again in [Ask::Resume, Ask::Restart] {
        let spec = SupervisorSpec::root(workers(&["a", "b", "c"])).strategy(Strategy::RestForOne);
        let mut world = started(spec);
        ask(&mut world, "a", Ask::Stop).expect("accepted");
        obey(&mut world);
        world.exit("b", Ends::Failed);
        let first = ask(&mut world, "a", Ask::Resume);
        assert!(matches!(first, Ok(Said::Found(_))), "{first:?}");
        let second = ask(&mut world, "a", again);
        assert!(matches!(second, Ok(Said::FoundSo(_))), "{second:?}");
        obey(&mut world);
        assert_eq!(live(&world), ["a", "b", "c"]);
        assert_eq!(world.attempt("a").map(|a| a.generation), Some(1));
    }
}

#[test]
fn what_is_wanted_of_a_name_stays_told_whatever_else_is_told_of_the_one_that_had_it() {
    for hangs in [false, true] {
        let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
        world.ask("a", Ask::Remove);
        if hangs {
            while world.jump() {}
            assert_eq!(state(&world, "a"), ChildState::Stuck);
            world.exit("a", Ends::Aborted);
        } else {
            obey(&mut world);
        }
        intend(&mut world, "a", 0);
        assert!(ask(&mut world, "a", Ask::Stop).is_err());
        world.check();
        ask(&mut world, "", Ask::Add(worker("a"))).expect("accepted");
        world.check();
        assert_eq!(live(&world), ["b"], "it is paused");
    }
}

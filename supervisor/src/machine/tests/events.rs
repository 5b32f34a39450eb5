//! What events tell, and what each of them follows from.

use super::*;
use crate::event::command::{CommandKind, Refused};
use crate::event::journal::Entry;
use crate::event::kind::SupervisorEnd;
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::policy::{Intensity, Strategy, WhileStarting};

/// Who is told what, after what: `7 inner/a Started`.
fn told(world: &mut World) -> Vec<String> {
    let told = world.events().into_iter().map(|event| {
        let kind = match &event.kind {
            EventKind::Commanded(asked) => format!("told to {}", asked.command),
            EventKind::Exited(_) => "exited".to_owned(),
            EventKind::GaveUp(_) => "gave up".to_owned(),
            EventKind::Restarting { .. } => "restarting".to_owned(),
            kind => format!("{kind:?}").to_lowercase(),
        };
        let path = if event.path.is_empty() {
            "/"
        } else {
            &event.path
        };
        format!("{} {path} {kind}", event.correlation)
    });
    told.collect()
}

fn only(world: &mut World, correlation: u64) -> String {
    let own = format!("{correlation} ");
    let told = told(world);
    let own: Vec<&str> = told.iter().filter_map(|it| it.strip_prefix(&own)).collect();
    own.join(", ")
}

#[test]
fn a_crash_is_what_its_delayed_restart_follows_from() {
    let slow = worker("a").backoff(Backoff::constant(secs(4)));
    let mut world = started(SupervisorSpec::root(vec![slow, worker("b")]));
    world.skip_events();
    let crash = world.seq() + 1;
    world.exit("a", Ends::Failed);
    // Something else happens while it waits.
    world.exit("b", Ends::Failed);
    world.advance(secs(4));
    assert_eq!(
        only(&mut world, crash),
        "a exited, / unready, a restarting, a started, / ready"
    );
    world.check();
}

#[test]
fn a_crash_is_what_its_group_and_its_escalation_follow_from() {
    let inner = SupervisorSpec::root(vec![worker("a"), worker("b")])
        .strategy(Strategy::OneForAll)
        .intensity(Intensity::new(1, secs(60)));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::constant(secs(2)));
    let mut world = started(SupervisorSpec::root(vec![inner]));
    world.skip_events();
    let crash = world.seq() + 1;
    world.exit("inner/a", Ends::Failed);
    obey(&mut world);
    assert_eq!(
        only(&mut world, crash),
        "inner/a exited, inner unready, / unready, inner/a restarting, \
         inner budgetlow { budget: intensity, left: 0, of: 1 }, inner groupstopping, \
         inner/b stopping, inner/b exited, inner/a due, inner groupstarting, inner/a started, \
         inner/b started, inner ready, / ready"
    );
    let crash = world.seq() + 1;
    world.exit("inner/b", Ends::Failed);
    obey(&mut world);
    world.advance(secs(2));
    assert_eq!(
        only(&mut world, crash),
        "inner/b exited, inner unready, / unready, inner/b escalated, inner gave up, \
         inner/b stopped, inner/a stopping, inner/a exited, inner supervisorended(gaveup), \
         inner restarting, inner started, inner/a started, inner/b started, inner ready, / ready"
    );
    world.check();
}

#[test]
fn a_command_is_told_with_who_asked_and_so_is_its_refusal() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    world.skip_events();
    let first = world.seq() + 1;
    ask(&mut world, "a", Ask::Restart).expect("accepted");
    let refused = world.seq() + 1;
    ask(&mut world, "a", Ask::Delete).expect_err("it runs");
    let unknown = world.seq() + 1;
    ask(&mut world, "nobody", Ask::Resume).expect_err("it is not there");
    obey(&mut world);
    let events = world.events();
    let command = |seq: u64| {
        let event = events.iter().find(|event| event.seq == seq);
        let event = event.expect("written");
        let EventKind::Commanded(asked) = &event.kind else {
            panic!("{event}");
        };
        assert_eq!(&*asked.audit.requested_by, "program");
        assert_eq!(event.correlation, seq, "it begins something");
        (asked.command, event.state)
    };
    assert_eq!(
        command(first),
        (CommandKind::Restart, ChildState::Running),
        "written before it takes effect"
    );
    assert_eq!(command(refused).0, CommandKind::Delete);
    assert_eq!(command(unknown), (CommandKind::Resume, ChildState::Removed));
    let followed = |from: u64| -> Vec<&EventKind> {
        let own = events.iter().filter(|event| event.correlation == from);
        own.map(|event| &event.kind).skip(1).collect()
    };
    assert!(matches!(
        followed(refused)[..],
        [EventKind::Refused(Refused::NotDown)]
    ));
    assert!(matches!(
        followed(unknown)[..],
        [EventKind::Refused(Refused::Unknown)]
    ));
    assert!(
        matches!(
            followed(first)[..],
            [
                EventKind::Stopping,
                EventKind::Exited(_),
                EventKind::Unready,
                EventKind::Started,
                EventKind::Ready
            ] | [
                EventKind::Stopping,
                EventKind::Unready,
                EventKind::Exited(_),
                EventKind::Started,
                EventKind::Ready
            ]
        ),
        "{:?}",
        followed(first)
    );
}

#[test]
fn a_command_that_waits_its_turn_is_what_follows_from_it_then() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
    let ticket = world.ask("", Ask::Add(worker("late")));
    let command = world.seq();
    world.skip_events();
    world.ready("a");
    assert!(world.answer(ticket).expect("answered").is_ok());
    assert_eq!(
        only(&mut world, command),
        "late added, / unready, late started, / ready"
    );
}

#[test]
fn the_last_command_is_what_an_end_follows_from() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    let restart = world.seq() + 1;
    ask(&mut world, "a", Ask::Restart).expect("accepted");
    world.skip_events();
    obey(&mut world);
    let told = only(&mut world, restart);
    assert!(
        told.contains("a exited") && told.contains("a started"),
        "{told}"
    );
}

#[test]
fn what_was_stuck_is_told_to_have_gone_after_its_end() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    world.skip_events();
    let stop = world.seq() + 1;
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    world.advance(secs(60));
    assert_eq!(state(&world, "a"), ChildState::Stuck);
    world.exit("a", Ends::Aborted);
    let told = only(&mut world, stop);
    assert!(
        told.starts_with("a told to stop, a stopping, a aborting") && told.contains("a stuck"),
        "{told}"
    );
    assert!(told.contains("a exited, a unstuck"), "{told}");
    world.check();
}

#[test]
fn a_limit_that_is_exceeded_begins_something() {
    let late = explicit("a").ready_within(secs(1));
    let spec = SupervisorSpec::root(vec![late]);
    let mut world = started(spec);
    world.skip_events();
    let missed = world.seq() + 1;
    world.advance(secs(1));
    obey(&mut world);
    let told = only(&mut world, missed);
    assert!(told.starts_with("a timedout"), "{told}");
    assert!(told.contains("a exited, a escalated, / gave up"), "{told}");
}

#[test]
fn every_event_says_what_its_child_does_after_it() {
    let slow = worker("a").backoff(Backoff::constant(secs(4)));
    let mut world = started(SupervisorSpec::root(vec![slow]));
    world.exit("a", Ends::Failed);
    world.advance(secs(4));
    ask(&mut world, "a", Ask::Pause).expect("accepted");
    obey(&mut world);
    let states: Vec<(ChildState, bool)> = world
        .events()
        .iter()
        .filter(|event| &*event.path == "a")
        .map(|event| (event.state, event.ready))
        .collect();
    assert_eq!(
        states,
        [
            (ChildState::Running, true),  // started
            (ChildState::Exited, true),   // exited
            (ChildState::Backoff, false), // restarting
            (ChildState::Running, true),  // started
            (ChildState::Running, true),  // told to pause
            (ChildState::Running, true),  // paused
            (ChildState::Stopping, true), // stopping
            (ChildState::Stopped, false), // exited
        ]
    );
}

#[test]
fn a_shutdown_is_what_everything_after_it_follows_from() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    world.skip_events();
    let shutdown = world.seq() + 1;
    ask(&mut world, "", Ask::Shutdown).expect("accepted");
    obey(&mut world);
    let events = world.events();
    assert!(events.iter().all(|event| event.correlation == shutdown));
    let phases: Vec<ShutdownPhase> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Shutdown(phase) => Some(phase),
            _ => None,
        })
        .collect();
    assert_eq!(
        phases,
        [
            ShutdownPhase::RequestStop,
            ShutdownPhase::GracefulDrain,
            ShutdownPhase::Reconcile,
            ShutdownPhase::Completed
        ]
    );
    let ended = events.iter().find_map(|event| match event.kind {
        EventKind::SupervisorEnded(end) => Some(end),
        _ => None,
    });
    assert_eq!(ended, Some(SupervisorEnd::Requested));
}

#[test]
fn an_event_is_small() {
    assert!(
        size_of::<Entry>() <= 96,
        "{} bytes, 16 384 times",
        size_of::<Entry>()
    );
}

#[test]
fn a_refusal_tells_what_the_child_is_doing_when_it_is_refused() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    world.ask("", Ask::Add(explicit("x")));
    world.events();
    ask(&mut world, "x", Ask::Stop).expect("accepted");
    obey(&mut world);
    let events = world.events();
    let told = events.iter().map(|event| (&event.kind, event.state));
    let told: Vec<_> = told
        .skip_while(|(kind, _)| !matches!(kind, EventKind::Exited(_)))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                (EventKind::Exited(_), ChildState::Stopped),
                (
                    EventKind::Refused(Refused::Interrupted),
                    ChildState::Stopped
                ),
            ]
        ),
        "{told:?}"
    );
}

#[test]
fn a_message_that_came_too_late_tells_of_whoever_has_the_path_now() {
    let child = worker("t").restart(RestartPolicy::Temporary);
    let mut world = started(SupervisorSpec::root(vec![child]));
    world.exit("t", Ends::Succeeded);
    ask(&mut world, "", Ask::Add(worker("t"))).expect("the name is free");
    world.events();
    // It sends messages of the attempt that has ended.
    world.check();
    let events = world.events();
    assert!(!events.is_empty());
    for event in events {
        assert!(matches!(event.kind, EventKind::Stale));
        assert_eq!(event.state, ChildState::Running, "{event:?}");
    }
}

#[test]
fn every_event_has_the_time_of_the_clock_on_the_wall() {
    use std::time::{SystemTime, UNIX_EPOCH};
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    let machine = &mut world.machine;
    let (now, wall) = (machine.now(), |at| UNIX_EPOCH + secs(at));
    assert!(machine.wants_wall(now), "it has not been told yet");
    machine.observe_wall(now, wall(1_000));
    assert!(!machine.wants_wall(now));
    assert!(!machine.wants_wall(now.after(ms(999))));
    assert!(machine.wants_wall(now.after(secs(1))));
    assert_eq!(machine.wall_clock_at(now.after(secs(3))), wall(1_003));
    world.advance(secs(5));
    world.skip_events();
    world.exit("a", Ends::Failed);
    let times: Vec<SystemTime> = world.events().iter().map(|event| event.wall).collect();
    assert!(!times.is_empty() && times.iter().all(|&time| time == wall(1_005)));
}

#[test]
fn a_question_that_is_refused_in_its_turn_is_not_told_as_the_command_behind_it() {
    let slow = worker("b1").readiness(Readiness::Explicit);
    let inner = SupervisorSpec::root(vec![slow])
        .while_starting(WhileStarting::Wait)
        .intensity(Intensity::new(0, secs(10)));
    let inner = ChildSpec::supervisor("a0", inner)
        .restart(RestartPolicy::Temporary)
        .backoff(Backoff::none())
        .critical(false);
    let mut world = started(SupervisorSpec::root(vec![inner]));
    let question = world.ask("a0", Ask::Children);
    let successor = ChildSpec::supervisor("a0", SupervisorSpec::root(vec![worker("q0")]));
    let add = world.ask("", Ask::Add(successor));
    world.exit("a0/b1", Ends::Failed);
    assert!(world.answer(question).expect("answered").is_err());
    assert!(world.answer(add).expect("answered").is_ok());
    let events = world.events();
    let refused = |event: &&Event| matches!(event.kind, EventKind::Refused(_));
    assert!(!events.iter().any(|event| refused(&event)), "{events:#?}");
}

//! What is remembered of a child's ends, and what was decided on them.

use super::*;
use crate::event::command::CommandKind;
use crate::event::failure::Why;
use crate::event::history::{Because, Decision, Ended};
use crate::spec::policy::{Intensity, Strategy};

fn ends(world: &World, path: &str) -> Vec<Ended> {
    world.ends(path)
}

fn decisions(world: &World, path: &str) -> Vec<Decision> {
    let ends = ends(world, path);
    ends.iter().map(|end| end.decision).collect()
}

fn restart(because: Because) -> Decision {
    Decision::Restart {
        because,
        delay: Duration::ZERO,
    }
}

#[test]
fn a_child_that_never_failed_has_no_history_and_costs_nothing() {
    let spec = vec![
        worker("a"),
        worker("b").restart(RestartPolicy::Transient),
        worker("c").restart(RestartPolicy::Temporary),
        worker("d"),
    ];
    let spec = SupervisorSpec::root(spec).strategy(Strategy::RestForOne);
    let mut world = started(spec);
    world.exit("b", Ends::Succeeded);
    world.exit("c", Ends::Failed);
    for path in ["a", "b", "d"] {
        let id = world.machine.lookup(path).expect("it is there");
        assert!(world.machine.node(id.ix).history.is_none(), "{path}");
    }
}

#[test]
fn an_end_that_somebody_asked_for_is_kept_with_who_that_was() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    let [stop] = &ends(&world, "a")[..] else {
        panic!("kept once");
    };
    assert_eq!(stop.decision, Decision::Asked);
    let asked = stop.asked_by.as_ref().expect("somebody did");
    assert_eq!(asked.command, CommandKind::Stop);
    assert_eq!(&*asked.audit.requested_by, "program");
}

#[test]
fn every_end_says_how_it_came_when_and_what_was_decided_and_why() {
    let spec = vec![
        worker("a"),
        worker("b")
            .restart(RestartPolicy::Transient)
            .backoff(Backoff::constant(secs(1))),
    ];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("a", Ends::Succeeded);
    assert_eq!(decisions(&world, "a"), [restart(Because::Permanent)]);
    world.advance(ms(5));
    world.exit("b", Ends::Panicked);
    world.advance(secs(1));
    world.exit("b", Ends::Succeeded);
    let ends = ends(&world, "b");
    assert_eq!(ends.len(), 2);
    assert_eq!(
        (ends[0].at, ends[0].generation, ends[0].attempt),
        (ms(5), 0, 1)
    );
    assert_eq!((ends[1].generation, ends[1].attempt), (1, 2));
    let Decision::Restart { because, delay } = ends[0].decision else {
        panic!("{:?}", ends[0]);
    };
    assert_eq!(because, Because::Abnormal);
    assert!(delay >= ms(500) && delay <= secs(1), "{delay:?}");
    assert_eq!(ends[1].decision, Decision::Finished(Because::Normal));
    let exit = ends[0].exit.as_ref().expect("of an attempt");
    assert_eq!(exit.to_string(), "panicked: panicked");
}

#[test]
fn an_end_before_a_back_off_is_kept_with_what_was_decided_unless_none_are() {
    for how in [Ends::Failed, Ends::Succeeded] {
        for limit in [0, 1] {
            let waits = worker("a").backoff(Backoff::constant(secs(1)));
            let mut world = started(SupervisorSpec::root(vec![waits]).history(limit));
            world.exit("a", how);
            let kept = decisions(&world, "a");
            let because = kept.iter().map(|decision| match decision {
                Decision::Restart { because, .. } => *because,
                other => panic!("{other:?}"),
            });
            let because: Vec<_> = because.collect();
            assert_eq!(because, vec![Because::Permanent; limit], "{how:?}");
            let id = world.machine.lookup("a").expect("it is there");
            assert_eq!(world.machine.node(id.ix).history.is_some(), limit > 0);
        }
    }
}

#[test]
fn the_last_ends_are_kept_and_no_more_than_asked_for() {
    for (limit, kept) in [(None, 8), (Some(3), 3), (Some(1), 1), (Some(0), 0)] {
        let intensity = Intensity::new(100, secs(1));
        // What the root says holds below it, too.
        let inner = SupervisorSpec::root(workers(&["x"])).intensity(intensity);
        let sub = ChildSpec::supervisor("sub", inner);
        let spec = SupervisorSpec::root(vec![worker("a"), sub]).intensity(intensity);
        let mut world = started(match limit {
            Some(limit) => spec.history(limit),
            None => spec,
        });
        for path in ["a", "sub/x"] {
            for _ in 0..10 {
                world.exit(path, Ends::Failed);
            }
            let ends = ends(&world, path);
            assert_eq!(ends.len(), kept, "{path}");
            let last = ends.last().map(|end| end.generation);
            assert_eq!(last, (kept > 0).then_some(9));
            assert!(
                world
                    .snapshot()
                    .child(path)
                    .expect("there")
                    .last_exit
                    .is_some()
            );
        }
    }
}

#[test]
fn what_its_group_took_up_and_what_was_asked_for_is_told_apart() {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c"])).strategy(Strategy::OneForAll);
    let mut world = started(spec);
    world.exit_together(&[("a", Ends::Failed), ("b", Ends::Failed)]);
    obey(&mut world);
    let group = Decision::RestartGroup {
        because: Because::Permanent,
        delay: Duration::ZERO,
    };
    assert_eq!(decisions(&world, "a"), [group]);
    assert_eq!(decisions(&world, "b"), [Decision::Absorbed]);
    assert_eq!(decisions(&world, "c"), [], "it has not failed");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert_eq!(decisions(&world, "a"), [group, Decision::Asked]);
}

#[test]
fn a_supervisor_that_gave_up_is_remembered_with_its_failure() {
    let limit = Intensity::new(0, secs(1));
    let inner = SupervisorSpec::root(workers(&["x"])).intensity(limit);
    let sub = ChildSpec::supervisor("sub", inner).backoff(Backoff::none());
    let mut world = started(SupervisorSpec::root(vec![sub]));
    world.exit("sub/x", Ends::Failed);
    let ends = ends(&world, "sub");
    assert_eq!(ends.len(), 1);
    let failure = ends[0].failure.as_ref().expect("it gave up");
    assert_eq!(
        (&*failure.decisive().child, failure.why),
        ("sub/x", Why::Intensity(limit))
    );
    assert_eq!(ends[0].decision, restart(Because::Permanent));
    let below = decisions(&world, "sub/x");
    assert_eq!(below, [Decision::GaveUp(Why::Intensity(limit))]);
}

#[test]
fn a_start_that_fails_is_remembered_with_what_was_decided() {
    let mut world = started(SupervisorSpec::root(vec![explicit("a")]));
    world.ready("a");
    world.exit("a", Ends::Failed);
    world.exit("a", Ends::Failed);
    world.ready("a");
    let expected = [restart(Because::Permanent), restart(Because::StartFailed)];
    assert_eq!(decisions(&world, "a"), expected);
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    ask(&mut world, "a", Ask::Resume).expect("accepted");
    world.exit("a", Ends::Failed);
    let last = decisions(&world, "a").pop();
    assert_eq!(last, Some(Decision::StartFailed(Why::StartFailed)));
}

#[test]
fn the_account_of_a_child_says_what_it_does_since_when_and_how_it_has_ended() {
    let mut world = started(SupervisorSpec::root(vec![worker("a").backoff(secs(2))]));
    world.advance(secs(3));
    world.exit("a", Ends::Failed);
    let id = world.machine.lookup("a").expect("it is there");
    let account = world.machine.account(id).expect("it is there");
    assert_eq!((&*account.path, account.state), ("a", ChildState::Backoff));
    assert_eq!(account.as_of_seq, world.seq());
    assert!(account.restart_in.is_some_and(|delay| delay <= secs(2)));
    assert_eq!(account.ends.len(), 1);
    assert_eq!(account.ends[0].at, secs(3));
}

#[test]
fn an_end_that_the_tree_has_brought_about_is_kept_as_a_failure_and_a_good_one_is_not() {
    let late = worker("late").timeout(secs(3));
    let done = worker("done").restart(RestartPolicy::Transient);
    let mut world = started(SupervisorSpec::root(vec![late, done]));
    world.ending("done");
    world.exit("done", Ends::Succeeded);
    assert!(ends(&world, "done").is_empty());
    world.advance(secs(3));
    world.exit("late", Ends::Cancelled);
    assert_eq!(decisions(&world, "late"), [restart(Because::Permanent)]);
}

#[test]
fn neither_a_good_end_nor_one_of_the_shutdown_begins_a_history() {
    let spec = vec![worker("a"), worker("b").restart(RestartPolicy::Transient)];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("b", Ends::Succeeded);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    assert_eq!(decisions(&world, "a"), []);
    assert_eq!(decisions(&world, "b"), []);
}

#[test]
fn whoever_was_killed_has_failed_however_it_ends() {
    let limit = Intensity::new(0, secs(10));
    let sub = SupervisorSpec::root(vec![worker("a")]).intensity(limit);
    let sub = ChildSpec::supervisor("sub", sub).backoff(Backoff::none());
    let mut world = started(SupervisorSpec::root(vec![sub]));
    ask(&mut world, "sub/a", Ask::Kill).expect("accepted");
    world.exit("sub/a", Ends::Succeeded);
    let gave_up = Decision::GaveUp(Why::Intensity(limit));
    assert_eq!(decisions(&world, "sub/a"), [gave_up]);
}

#[test]
fn an_end_that_a_command_came_before_is_not_left_undecided() {
    for verb in [Ask::Stop, Ask::Pause, Ask::Quarantine] {
        let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
        world.ready("b");
        world.ask("b", Ask::Restart);
        obey(&mut world);
        world.exit("a", Ends::Failed);
        assert_eq!(
            decisions(&world, "a"),
            [Decision::Pending],
            "`b` is starting"
        );
        ask(&mut world, "a", verb).expect("accepted");
        assert_eq!(decisions(&world, "a"), [Decision::Overtaken]);
    }
}

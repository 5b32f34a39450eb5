//! What a report of a shutdown says besides who stopped how.

use super::*;
use crate::machine::TreePhase;
use crate::machine::input::Input;
use crate::machine::time::Nanos;
use crate::shutdown::report::{ChildShutdownStatus as Status, ResourceReconcileStatus as Tasks};
use crate::shutdown::stage::ShutdownPhase;
use crate::spec::policy::{FirstStart, Intensity, Shutdown, WhileStarting};

#[test]
fn a_shutdown_is_complete_when_the_last_task_has_gone() {
    let mut world = started(SupervisorSpec::root(workers(&["a"])));
    let attempt = world.attempt("a").expect("it lives");
    let before = world.report();
    assert_eq!(before.reconcile.tasks_left, 1);
    world.advance(secs(7));
    world.ask("", Ask::Shutdown);
    world.advance(secs(2));
    // Its task is there until it says that it has gone.
    let exit = World::record(attempt, Ends::Cancelled);
    let now = Nanos::from(world.now());
    let ended = Input::Exited(attempt.id(), attempt.generation, exit);
    world.machine.handle(now, ended);
    assert!(matches!(world.machine.tree_phase(), TreePhase::Ended(_)));
    world.machine.observe_time(now.after(secs(30)));
    let report = world.report();
    assert_eq!(report.phase, ShutdownPhase::Reconcile);
    let left = (report.reconcile.tasks_left, report.reconcile.task_status);
    assert_eq!(left, (1, Tasks::Failed), "it is not known why it is left");
    assert_eq!(report.took, secs(2), "until the tree had ended");
    let gone = Input::Released(attempt.id());
    world.machine.handle(now.after(secs(31)), gone);
    let report = world.report();
    assert_eq!(report.phase, ShutdownPhase::Completed);
    let left = (report.reconcile.tasks_left, report.reconcile.task_status);
    assert_eq!(left, (0, Tasks::Cleaned));
    assert_eq!(report.took, secs(2));
}

#[test]
fn whatever_is_below_a_supervisor_that_was_down_had_ended_already() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let sub = ChildSpec::supervisor("sub", inner);
    let mut world = started(SupervisorSpec::root(vec![sub, worker("a")]));
    ask(&mut world, "sub", Ask::Stop).expect("accepted");
    obey(&mut world);
    world.advance(secs(5));
    world.ask("", Ask::Shutdown);
    world.advance(secs(1));
    obey(&mut world);
    let report = world.report();
    let told = report.children.iter();
    let told: Vec<_> = told
        .map(|child| (&*child.path, child.status, child.took))
        .collect();
    assert_eq!(
        told,
        [
            ("a", Status::Graceful, secs(1)),
            ("sub/y", Status::AlreadyExited, Duration::ZERO),
            ("sub/x", Status::AlreadyExited, Duration::ZERO),
        ]
    );
}

/// The phases of a shutdown, and when each was reached.
fn phases(world: &World) -> Vec<(ShutdownPhase, Duration)> {
    let report = world.report();
    let reached = report.phases.iter();
    reached.map(|it| (it.phase, it.after)).collect()
}

#[test]
fn only_who_was_given_time_and_did_not_use_it_is_a_straggler() {
    let drop = SupervisorSpec::root(vec![worker("a").shutdown(Shutdown::Abort)]);
    let mut world = started(drop);
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    let at_once = [
        (ShutdownPhase::RequestStop, Duration::ZERO),
        (ShutdownPhase::GracefulDrain, Duration::ZERO),
        (ShutdownPhase::Reconcile, Duration::ZERO),
        (ShutdownPhase::Completed, Duration::ZERO),
    ];
    assert_eq!(phases(&world), at_once);

    let slow = SupervisorSpec::root(vec![worker("a").shutdown(secs(3))]);
    let mut world = started(slow);
    world.ask("", Ask::Shutdown);
    world.advance(secs(3));
    obey(&mut world);
    while !world.is_over() {
        world.jump();
    }
    let phases = phases(&world);
    assert!(
        phases.contains(&(ShutdownPhase::AbortStragglers, secs(3))),
        "{phases:?}"
    );
}

#[test]
fn who_was_missing_is_known_of_a_start_that_failed_and_of_no_other() {
    let spec = SupervisorSpec::root(vec![worker("a"), explicit("b"), worker("c")]);
    let mut world = started(spec);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
    let missing: Vec<_> = world.machine.missing_at_failure().to_vec();
    assert_eq!(missing, ["b".into(), "c".into()]);

    let once = Intensity::new(0, secs(1));
    let spec = SupervisorSpec::root(vec![worker("a"), worker("b").critical(false)]);
    let mut world = started(spec.intensity(once));
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    obey(&mut world);
    world.exit("b", Ends::Failed);
    assert!(world.is_over() && world.failure().is_some());
    assert!(world.machine.missing_at_failure().is_empty(), "it was up");

    let inner = SupervisorSpec::root(workers(&["x"])).intensity(once);
    let inner = ChildSpec::supervisor("sub", inner).restart(RestartPolicy::Transient);
    let spec = vec![inner.critical(false), explicit("b")];
    let mut world = started(SupervisorSpec::root(spec));
    world.exit("sub/x", Ends::Failed);
    assert!(world.machine.missing_at_failure().is_empty(), "it goes on");
}

fn told(world: &World) -> Vec<(String, Status)> {
    let report = world.report();
    let children = report.children.iter();
    children
        .map(|child| (child.path.to_string(), child.status))
        .collect()
}

#[test]
fn whoever_was_stuck_and_goes_before_it_is_asked_had_ended_already() {
    let mut world = started(SupervisorSpec::root(workers(&["a", "b"])));
    world.ending("a");
    while state(&world, "a") != ChildState::Stuck {
        assert!(world.jump());
    }
    world.ask("", Ask::Shutdown);
    world.exit("a", Ends::Failed);
    world.exit("b", Ends::Cancelled);
    assert_eq!(
        told(&world),
        [
            ("b".to_owned(), Status::Graceful),
            ("a".to_owned(), Status::AlreadyExited),
        ]
    );
}

#[test]
fn whoever_is_stuck_below_a_supervisor_that_is_down_is_told_so_as_soon_as_the_stop_comes_to_it() {
    let sub = ChildSpec::supervisor("sub", SupervisorSpec::root(workers(&["x"])));
    let mut world = started(SupervisorSpec::root(vec![worker("a"), sub]));
    ask(&mut world, "sub", Ask::Stop).expect("accepted");
    while state(&world, "sub/x") != ChildState::Stuck {
        assert!(world.jump());
    }
    world.ask("", Ask::Shutdown);
    assert!(!world.is_over());
    assert_eq!(told(&world), [("sub/x".to_owned(), Status::AbortFailed)]);
}

#[test]
fn a_path_is_told_once_although_another_came_back_to_it_in_a_tree_that_closes() {
    let below = SupervisorSpec::root(vec![explicit("a"), worker("b"), explicit("c")]);
    let below = below
        .first_start(FirstStart::Retry)
        .while_starting(WhileStarting::Wait)
        .intensity(Intensity::new(0, secs(10)));
    let sub = ChildSpec::supervisor("sub", below).backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![sub]).intensity(Intensity::new(0, secs(10)));
    let mut world = started(spec);
    world.ask("sub/b", Ask::Pause);
    for _ in 0..3 {
        world.jump();
    }
    world.ask("sub/b", Ask::Delete);
    world.ask("sub", Ask::Add(worker("b")));
    world.ask("", Ask::Shutdown);
    obey(&mut world);
    let told = told(&world);
    let of_b = told.iter().filter(|told| told.0 == "sub/b");
    assert_eq!(of_b.count(), 1, "{told:?}");
}

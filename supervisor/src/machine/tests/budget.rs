//! Whose limit a restart counts against, and what follows when it is exceeded.

use super::*;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::event::failure::Why;
use crate::event::history::Decision;
use crate::event::kind::Quarantine;
use crate::spec::policy::{FirstStart, Intensity, OnExhausted, Strategy};

fn operation(world: &World, path: &str) -> Operation {
    let snapshot = world.snapshot();
    snapshot.child(path).expect("is there").operation
}

/// What the budgets of a tree say, in order.
fn budgets(world: &mut World) -> Vec<String> {
    let told = |event: Event| match event.kind {
        EventKind::BudgetLow { budget, left, of } => {
            Some(format!("/{} {budget:?} {left} of {of}", event.path))
        }
        EventKind::Quarantined(why) => Some(format!("/{} {why:?}", event.path)),
        EventKind::GaveUp(_) => Some(format!("/{} gave up", event.path)),
        _ => None,
    };
    world.events().into_iter().filter_map(told).collect()
}

fn fused(id: &str, restarts: u32) -> ChildSpec {
    worker(id).fuse(Intensity::new(restarts, secs(10)))
}

#[test]
fn a_fuse_blows_at_one_more_than_it_says_and_the_others_go_on() {
    let spec = SupervisorSpec::root(vec![fused("a", 2), worker("b")]);
    let mut world = started(spec);
    for _ in 0..2 {
        assert!(world.exit("a", Ends::Failed));
        assert_eq!(state(&world, "a"), ChildState::Running);
    }
    world.exit("a", Ends::Failed);
    assert_eq!(state(&world, "a"), ChildState::Failed);
    assert_eq!(operation(&world, "a"), Operation::Quarantined);
    assert_eq!(live(&world), ["b"]);
    assert!(!world.snapshot().ready, "it is critical");
    assert_eq!(budgets(&mut world), ["/a Fuse 0 of 2", "/a Fuse"]);
    world.check();
}

#[test]
fn restarts_of_a_child_with_a_fuse_count_only_there() {
    let spec = SupervisorSpec::root(vec![fused("a", 5), worker("b")])
        .intensity(Intensity::new(1, secs(10)));
    let mut world = started(spec);
    for _ in 0..5 {
        world.exit("a", Ends::Failed);
    }
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), ["a", "b"]);
    world.exit("b", Ends::Failed);
    assert!(!world.is_up(), "those of `b` count as ever");
}

#[test]
fn a_fuse_counts_within_its_window() {
    let mut world = started(SupervisorSpec::root(vec![fused("a", 1)]));
    for _ in 0..10 {
        world.exit("a", Ends::Failed);
        assert_eq!(state(&world, "a"), ChildState::Running);
        world.advance(secs(10));
    }
}

#[test]
fn who_is_resumed_has_a_fuse_that_is_whole() {
    for again in [Ask::Resume, Ask::Restart] {
        let mut world = started(SupervisorSpec::root(vec![fused("a", 1)]));
        world.exit("a", Ends::Failed);
        world.exit("a", Ends::Failed);
        assert_eq!(operation(&world, "a"), Operation::Quarantined);
        ask(&mut world, "a", again).expect("starts");
        assert_eq!(operation(&world, "a"), Operation::Active);
        world.exit("a", Ends::Failed);
        assert_eq!(state(&world, "a"), ChildState::Running);
        world.exit("a", Ends::Failed);
        assert_eq!(operation(&world, "a"), Operation::Quarantined);
        world.check();
    }
}

#[test]
fn a_blown_fuse_and_its_count_survive_a_restart_of_the_supervisor() {
    let inner = SupervisorSpec::root(vec![fused("a", 1), fused("b", 1), worker("c")])
        .intensity(Intensity::new(0, secs(10)));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
    let mut world = started(SupervisorSpec::root(vec![inner]));
    world.exit("inner/a", Ends::Failed);
    world.exit("inner/a", Ends::Failed);
    world.exit("inner/b", Ends::Failed);
    world.exit("inner/c", Ends::Failed);
    obey(&mut world);
    assert_eq!(live(&world), ["inner/b", "inner/c"]);
    assert_eq!(operation(&world, "inner/a"), Operation::Quarantined);
    world.exit("inner/b", Ends::Failed);
    assert_eq!(
        operation(&world, "inner/b"),
        Operation::Quarantined,
        "its second one"
    );
    world.check();
}

#[test]
fn the_group_of_a_child_whose_fuse_has_blown_starts_again_without_it() {
    let spec = SupervisorSpec::root(vec![worker("a"), fused("b", 0), worker("c")])
        .strategy(Strategy::OneForAll);
    let mut world = started(spec);
    log(&mut world);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-b ?c -c ?a -a +a +c");
    assert_eq!(operation(&world, "b"), Operation::Quarantined);
    world.check();
}

#[test]
fn a_supervisor_can_have_a_fuse() {
    let inner = SupervisorSpec::root(vec![worker("a")]).intensity(Intensity::new(0, secs(10)));
    let inner = ChildSpec::supervisor("inner", inner)
        .backoff(Backoff::none())
        .fuse(Intensity::new(1, secs(10)));
    let mut world = started(SupervisorSpec::root(vec![inner, worker("b")]));
    world.exit("inner/a", Ends::Failed);
    assert_eq!(live(&world), ["b", "inner/a"]);
    world.exit("inner/a", Ends::Failed);
    assert_eq!(live(&world), ["b"]);
    assert_eq!(operation(&world, "inner"), Operation::Quarantined);
    ask(&mut world, "inner", Ask::Resume).expect("starts");
    assert_eq!(live(&world), ["b", "inner/a"]);
    world.check();
}

#[test]
fn quarantine_on_exhaustion_takes_the_culprit_and_counts_anew() {
    let spec = SupervisorSpec::root(workers(&["a", "b"]))
        .intensity(Intensity::new(2, secs(10)))
        .on_exhausted(OnExhausted::Quarantine);
    let mut world = started(spec);
    for path in ["a", "b", "a"] {
        world.exit(path, Ends::Failed);
    }
    assert_eq!(operation(&world, "a"), Operation::Quarantined);
    assert_eq!(live(&world), ["b"]);
    for _ in 0..2 {
        world.exit("b", Ends::Failed);
        assert_eq!(live(&world), ["b"], "the window has been cleared");
    }
    world.exit("b", Ends::Failed);
    assert_eq!(live(&world), Vec::<String>::new());
    assert!(world.is_up(), "the supervisor stays up");
    world.check();
}

#[test]
fn quarantine_on_exhaustion_starts_the_rest_of_the_group() {
    let spec = SupervisorSpec::root(workers(&["a", "b", "c"]))
        .strategy(Strategy::RestForOne)
        .intensity(Intensity::new(0, secs(10)))
        .on_exhausted(OnExhausted::Quarantine);
    let mut world = started(spec);
    log(&mut world);
    world.exit("b", Ends::Failed);
    obey(&mut world);
    assert_eq!(text(&log(&mut world)), "-b ?c -c +c");
    assert_eq!(operation(&world, "b"), Operation::Quarantined);
    world.check();
}

#[test]
fn quarantine_lets_a_first_start_go_on_without_the_child() {
    let spec = SupervisorSpec::root(vec![explicit("a"), worker("b")])
        .first_start(FirstStart::Retry)
        .intensity(Intensity::new(1, secs(10)))
        .on_exhausted(OnExhausted::Quarantine);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["a"], "held up");
    world.exit("a", Ends::Failed);
    assert_eq!(live(&world), ["b"]);
    assert!(world.is_up());
    world.check();
}

#[test]
fn shutdown_on_exhaustion_ends_the_whole_tree_with_the_cause() {
    let inner = SupervisorSpec::root(vec![worker("a")])
        .intensity(Intensity::new(0, secs(10)))
        .on_exhausted(OnExhausted::Shutdown);
    let spec = SupervisorSpec::root(vec![worker("z"), ChildSpec::supervisor("inner", inner)]);
    let mut world = started(spec);
    world.exit("inner/a", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
    let failure = world.failure().expect("it gave up");
    assert_eq!(
        (&*failure.supervisor, &*failure.decisive().child),
        ("inner", "inner/a")
    );
    assert!(matches!(failure.why, Why::Intensity(_)));
    assert_eq!(budgets(&mut world), ["/inner gave up", "/ gave up"]);
    world.check();
}

#[test]
fn a_fatal_error_is_treated_like_a_budget_that_is_spent() {
    for (child, on_exhausted, quarantined) in [
        (worker("a"), OnExhausted::Escalate, false),
        (worker("a"), OnExhausted::Shutdown, false),
        (worker("a"), OnExhausted::Quarantine, true),
        (fused("a", 9), OnExhausted::Escalate, true),
    ] {
        let spec = SupervisorSpec::root(vec![child]).on_exhausted(on_exhausted);
        let mut world = started(spec);
        world.exit("a", Ends::Fatal);
        assert_eq!(world.is_over(), !quarantined, "{on_exhausted:?}");
        if quarantined {
            assert_eq!(budgets(&mut world), ["/a Fatal"]);
            let last = world.ends("a").pop().expect("kept");
            assert_eq!(last.decision, Decision::Quarantined(Quarantine::Fatal));
        }
        world.check();
    }
}

#[test]
fn a_budget_is_told_once_before_it_is_spent_and_again_when_it_has_recovered() {
    let spec = SupervisorSpec::root(vec![worker("a")]).intensity(Intensity::new(5, secs(10)));
    let mut world = started(spec);
    let mut told = Vec::new();
    for _ in 0..5 {
        world.exit("a", Ends::Failed);
        told.push(budgets(&mut world).len());
    }
    assert_eq!(told, [0, 0, 0, 1, 0]);
    world.advance(secs(10));
    for _ in 0..4 {
        world.exit("a", Ends::Failed);
    }
    assert_eq!(budgets(&mut world), ["/ Intensity 1 of 5"]);
}

#[test]
fn a_quarantined_child_that_is_not_critical_leaves_its_tree_ready() {
    let spec = SupervisorSpec::root(vec![fused("a", 0).critical(false), worker("b")]);
    let mut world = started(spec);
    world.exit("a", Ends::Failed);
    assert_eq!(operation(&world, "a"), Operation::Quarantined);
    assert!(world.snapshot().ready);
}

#[test]
fn only_who_was_quarantined_begins_with_a_fuse_that_is_whole() {
    for (kept_down, after) in [
        (Ask::Quarantine, Operation::Active),
        (Ask::Pause, Operation::Quarantined),
    ] {
        let mut world = started(SupervisorSpec::root(vec![fused("a", 1)]));
        world.exit("a", Ends::Failed);
        ask(&mut world, "a", kept_down).expect("accepted");
        obey(&mut world);
        ask(&mut world, "a", Ask::Resume).expect("starts");
        world.exit("a", Ends::Failed);
        assert_eq!(operation(&world, "a"), after);
    }
}

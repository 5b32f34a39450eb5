//! What is said to follow from a failure is what then follows.

use super::random::{Rng, random_event, random_supervisor};
use super::*;
use crate::event::explanation::{Explanation, StepKind};
use crate::event::kind::{Budget, Quarantine};
use crate::spec::policy::{Intensity, OnExhausted, Shutdown, StartOrder, Strategy, WhileStarting};

fn steps(explanation: &Explanation) -> String {
    said(&explanation.steps)
}

fn said(steps: &[crate::event::explanation::Step]) -> String {
    let said = steps.iter().map(|step| {
        let sign = match step.what {
            StepKind::Drops => "!",
            StepKind::Ends => "-",
            StepKind::Finishes => "done ",
            StepKind::GivesUp => "gave up ",
            StepKind::IsQuarantined(_) => "quarantined ",
            StepKind::IsRemoved => "removed ",
            StepKind::Restarts { .. } => "~",
            StepKind::ShutsDown => "down ",
            StepKind::Starts => "+",
            StepKind::Stops => "?",
            StepKind::Waits => "waits ",
        };
        let path = if step.path.is_empty() {
            "/"
        } else {
            &step.path
        };
        format!("{sign}{path}")
    });
    said.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_restart_of_a_group_is_told_in_its_order_with_its_delay() {
    let slow = explicit("b").backoff(Backoff::constant(secs(4)));
    let spec = SupervisorSpec::root(vec![worker("a"), slow, worker("c")])
        .strategy(Strategy::RestForOne)
        .intensity(Intensity::new(3, secs(60)));
    let mut world = started(spec);
    world.behave();
    let explanation = world.explain("b");
    assert_eq!(steps(&explanation), "~b ?c +b +c");
    assert_eq!(
        explanation.steps[0].what,
        StepKind::Restarts {
            from: secs(2),
            to: secs(4)
        }
    );
    let limit = &explanation.budgets[0];
    assert_eq!((&*limit.path, limit.budget), ("", Budget::Intensity));
    assert_eq!((limit.left.left, limit.left.of), (3, 3));
    assert_eq!(
        said(&explanation.when_spent),
        "gave up / down / ?c ?a -/",
        "what the root does when nothing is left"
    );
    // At the fastest it fails every two seconds.
    let alone = explanation.spends_alone.expect("it can");
    assert_eq!((alone.restarts, alone.after), (4, secs(6)));
    assert_eq!(
        world.explain("b"),
        explanation,
        "nothing has changed by asking"
    );
}

#[test]
fn escalation_is_told_up_to_where_it_ends() {
    let inner = SupervisorSpec::root(workers(&["x", "y"])).intensity(Intensity::new(1, secs(60)));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
    let spec = SupervisorSpec::root(vec![worker("a"), inner, worker("c")])
        .intensity(Intensity::new(2, secs(60)));
    let world = started(spec);
    let explanation = world.explain("inner/y");
    assert_eq!(steps(&explanation), "~inner/y +inner/y");
    assert_eq!(
        said(&explanation.when_spent),
        "gave up inner ?inner/x -inner ~inner +inner +inner/x +inner/y"
    );
    let limits: Vec<_> = explanation
        .budgets
        .iter()
        .map(|limit| &*limit.path)
        .collect();
    assert_eq!(limits, ["inner", ""]);
    assert_eq!(
        explanation.to_string(),
        "if `inner/y` fails now:\n  \
         inner/y is restarted at once\n  \
         inner/y starts\n\
         the intensity of `inner` has 1 of 1 restarts in 60s left\n\
         the intensity of `/` has 2 of 2 restarts in 60s left\n\
         once that of `inner` is spent:\n  \
         inner gives up\n  \
         inner/x stops\n  \
         inner has ended\n  \
         inner is restarted at once\n  \
         inner, inner/x, inner/y start\n\
         if it fails at once each time, it spends that alone: with restart 2, after 0.0ns"
    );
}

#[test]
fn a_fuse_that_blows_is_told() {
    let spec = SupervisorSpec::root(vec![worker("a").fuse(Intensity::new(0, secs(1)))]);
    let explanation = started(spec).explain("a");
    assert_eq!(steps(&explanation), "quarantined a");
    let limit = &explanation.budgets[0];
    assert_eq!((&*limit.path, limit.budget), ("a", Budget::Fuse));
    assert_eq!(
        explanation.steps[0].what,
        StepKind::IsQuarantined(Quarantine::Fuse)
    );
    assert!(explanation.when_spent.is_empty());
}

#[test]
fn a_supervisor_fails_by_giving_up() {
    let inner = SupervisorSpec::root(workers(&["x", "y"]));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
    let world = started(SupervisorSpec::root(vec![inner]));
    assert_eq!(
        steps(&world.explain("inner")),
        "gave up inner ?inner/y ?inner/x -inner ~inner +inner +inner/x +inner/y"
    );
}

#[test]
fn what_does_not_run_cannot_fail() {
    let mut world = started(SupervisorSpec::root(vec![worker("a")]));
    ask(&mut world, "a", Ask::Pause).expect("pauses");
    world.behave();
    let explanation = world.explain("a");
    assert!(explanation.steps.is_empty() && explanation.when_spent.is_empty());
    assert!(
        explanation
            .to_string()
            .starts_with("`a` is stopped; it cannot fail now")
    );
}

#[test]
fn a_back_off_that_paces_is_told_not_to_spend_the_budget() {
    let paced = worker("a").backoff(Backoff::constant(secs(10)));
    let spec = SupervisorSpec::root(vec![paced]).intensity(Intensity::new(3, secs(10)));
    assert_eq!(started(spec).explain("a").spends_alone, None);
}

#[test]
fn the_whole_tree_that_ends_is_told() {
    let inner = SupervisorSpec::root(vec![worker("x").shutdown(Shutdown::Abort)])
        .intensity(Intensity::new(0, secs(1)))
        .on_exhausted(OnExhausted::Shutdown);
    let spec = SupervisorSpec::root(vec![worker("a"), ChildSpec::supervisor("inner", inner)]);
    let explanation = started(spec).explain("inner/x");
    assert_eq!(
        steps(&explanation),
        "gave up inner gave up / down / -inner ?a -/"
    );
    assert_eq!(explanation.gives_up().collect::<Vec<_>>(), ["inner", ""]);
}

#[test]
fn each_kind_of_step_is_told() {
    let group = |children| SupervisorSpec::root(children).strategy(Strategy::OneForAll);
    let dropped = vec![worker("a").shutdown(Shutdown::Abort), worker("b")];
    let world = started(group(dropped));
    assert_eq!(steps(&world.explain("b")), "~b !a +a +b");

    let once = worker("a").restart(RestartPolicy::Temporary);
    let world = started(group(vec![once, worker("b")]));
    let explanation = world.explain("a");
    assert_eq!(steps(&explanation), "done a removed a");
    assert!(explanation.when_spent.is_empty(), "it spends nothing");

    let behind = vec![explicit("a"), worker("b").after(["a"])];
    let mut world = started(group(behind).start(StartOrder::Concurrent));
    world.ready("a");
    assert_eq!(steps(&world.explain("a")), "~a ?b +a waits b +b");

    let migrate = worker("m")
        .readiness(Readiness::Completed)
        .restart(RestartPolicy::Transient);
    let mut world = started(group(vec![migrate, worker("a")]));
    world.exit("m", Ends::Succeeded);
    assert_eq!(steps(&world.explain("a")), "~a +m +a", "it completes again");
}

#[test]
fn whoever_is_on_the_way_gets_there_first() {
    let serial =
        |children| started(SupervisorSpec::root(children).while_starting(WhileStarting::Wait));
    let mut world = serial(workers(&["a"]));
    world.ask("", Ask::Add(explicit("x")));
    assert_eq!(state(&world, "x"), ChildState::Starting);
    assert_eq!(steps(&world.explain("a")), "~a +a");
    for stop in [Shutdown::Within(secs(1)), Shutdown::Abort] {
        let mut world = serial(vec![worker("a"), worker("x").shutdown(stop)]);
        world.ask("x", Ask::Stop);
        assert_eq!(steps(&world.explain("a")), "~a +a", "{stop:?}");
    }
}

#[test]
fn a_start_can_fail_too() {
    let mut world = started(SupervisorSpec::root(vec![worker("a"), explicit("b")]));
    assert_eq!(steps(&world.explain("b")), "gave up / down / ?a -/");
    world.ready("b");
    ask(&mut world, "a", Ask::Stop).expect("accepted");
    assert_eq!(state(&world, "a"), ChildState::Stopping);
    assert_eq!(steps(&world.explain("a")), "", "its end is no failure");
}

#[test]
fn back_off_is_told_from_where_it_is() {
    let a = worker("a").backoff(Backoff::exponential(secs(1), secs(64)));
    let spec = SupervisorSpec::root(vec![a]).intensity(Intensity::new(4, secs(1_000)));
    let mut world = started(spec);
    let after = |world: &World| {
        let alone = world.explain("a").spends_alone.expect("it can");
        (alone.restarts, alone.after)
    };
    // Half of 1, 2, 4 and 8 seconds.
    assert_eq!(after(&world), (5, ms(7_500)));
    world.exit("a", Ends::Failed);
    while state(&world, "a") != ChildState::Running {
        world.jump();
    }
    // Half of 2, 4, 8 and 16.
    assert_eq!(after(&world), (5, secs(15)));
    world.advance(secs(3_600));
    assert_eq!(after(&world), (5, ms(7_500)), "it has been healthy");
}

/// Brings a random tree into a random state, and lets a random child fail.
fn compare(seed: u64) -> bool {
    let mut random = Rng {
        random: fastrand::Rng::with_seed(seed),
        otp: seed % 8 == 0,
    };
    let spec = random_supervisor(&mut random, 0);
    let mut world = World::with_seed(spec, seed).expect("the tree is sound");
    world.start();
    let (mut tickets, mut added) = (Vec::new(), 0);
    for _ in 0..random.usize(0..12) {
        random_event(&mut random, &mut world, &mut tickets, &mut added);
        world.skip_events();
    }
    world.behave();
    // What has not been asked for anything may still be starting.
    for path in live(&world) {
        if world.state(&path) == Some(ChildState::Starting) {
            world.ready(&path);
            world.behave();
        }
    }
    let may_fail = |path: &String| world.state(path) == Some(ChildState::Running);
    let candidates: Vec<String> = live(&world).into_iter().filter(may_fail).collect();
    let settled =
        |path: &String| matches!(state(&world, path), ChildState::Running | ChildState::Stuck);
    if candidates.is_empty() || !live(&world).iter().all(settled) {
        return false;
    }
    let path = &candidates[random.usize(..candidates.len())];
    let explanation = world.explain(path);
    let spent = random.bool() && !explanation.when_spent.is_empty();
    let expected = if spent {
        assert!(world.spend(path));
        &explanation.when_spent
    } else {
        &explanation.steps
    };
    assert_eq!(explanation.as_of_seq, world.seq());
    let story = world.seq() + 1;
    assert!(world.exit(path, Ends::Failed));
    world.behave();
    while world.is_delayed(story) {
        world.jump();
        world.behave();
    }
    assert_eq!(said(expected), said(&world.followed(story)), "{path}");
    assert_eq!(*expected, world.followed(story));
    true
}

#[test]
fn what_is_explained_is_what_happens_on_random_trees() {
    let seeds = std::env::var("RANDOM_SEEDS").ok();
    let seeds = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(3_000);
    let mut compared = 0;
    for seed in 0..seeds {
        let ran = std::panic::catch_unwind(|| compare(seed));
        assert!(ran.is_ok(), "seed {seed}");
        compared += u64::from(ran.unwrap_or(false));
    }
    assert!(
        compared > seeds / 5,
        "only {compared} of {seeds} say anything"
    );
}

#[test]
fn what_is_delayed_is_the_back_off_of_that_failure_and_nothing_else() {
    let a = worker("a").backoff(Backoff::constant(secs(1)));
    let a = a.timeout(secs(9));
    let mut world = started(SupervisorSpec::root(vec![a, worker("b")]));
    let before = world.seq();
    world.exit("a", Ends::Failed);
    assert!(world.is_delayed(before + 1));
    assert!(!world.is_delayed(before), "it is another story");
    world.jump();
    assert!(
        !world.is_delayed(before + 1),
        "`a` runs, and has a deadline"
    );
}

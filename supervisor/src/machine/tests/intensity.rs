//! What back-off paces and what intensity stops.

use super::*;
use crate::spec::policy::Intensity;

fn with_defaults(id: &str) -> ChildSpec {
    ChildSpec::from_fn(id, |_| std::future::pending::<()>())
}

/// Every child fails `every` after it was started, until the tree has ended or time is up.
fn run_failing(world: &mut World, every: Duration, until: Duration) {
    let mut failing: Vec<(Duration, String)> = Vec::new();
    loop {
        for (path, want) in world.wants() {
            match want {
                Want::Start => failing.push((world.now() + every, path.to_string())),
                Want::Stop | Want::Abort => _ = world.exit(&path, Ends::Cancelled),
            }
        }
        if world.has_wants() {
            continue;
        }
        failing.retain(|(_, path)| world.attempt(path).is_some());
        let next = failing
            .iter()
            .map(|(at, _)| *at)
            .chain(world.next_deadline())
            .min();
        let Some(next) = next.filter(|next| *next <= until && !world.is_over()) else {
            return;
        };
        world.advance(next.saturating_sub(world.now()));
        let (due, later) = failing.drain(..).partition(|(at, _)| *at <= next);
        failing = later;
        let due: Vec<(Duration, String)> = due;
        for (_, path) in due {
            world.exit(&path, Ends::Failed);
        }
    }
}

fn seeded(children: Vec<ChildSpec>, seed: u64) -> World {
    let mut world = World::with_seed(SupervisorSpec::root(children), seed).expect("sound");
    world.start();
    world
}

#[test]
fn one_child_that_fails_for_ever_never_ends_the_tree() {
    for seed in 0..200 {
        let mut world = seeded(vec![with_defaults("a"), with_defaults("b")], seed);
        // Only `a` fails: `b` is asked to do so far beyond the end.
        for _ in 0..2_000 {
            if world.attempt("a").is_some() {
                world.exit("a", Ends::Failed);
            } else {
                assert!(world.jump());
            }
            world.events();
        }
        assert!(world.is_up(), "seed {seed}");
    }
}

#[test]
fn one_child_alone_that_fails_at_once_and_for_ever_never_ends_the_tree() {
    for seed in 0..200 {
        let mut world = seeded(vec![with_defaults("a")], seed);
        run_failing(&mut world, ms(0), secs(3_600));
        assert!(world.is_up(), "seed {seed}");
    }
}

#[test]
fn twenty_children_survive_an_outage_of_three_seconds() {
    for seed in 0..200 {
        let names: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
        let children = names.iter().map(|name| with_defaults(name)).collect();
        let mut world = seeded(children, seed);
        run_failing(&mut world, ms(1), secs(3));
        assert!(world.is_up(), "seed {seed}");
        world.advance(secs(10));
        assert_eq!(world.live().count(), 20, "all are back, seed {seed}");
    }
}

#[test]
fn a_hot_loop_without_back_off_ends_the_tree() {
    for seed in 0..200 {
        let mut world = seeded(vec![with_defaults("a").backoff(Backoff::none())], seed);
        run_failing(&mut world, ms(1), secs(10));
        assert!(world.is_over(), "seed {seed}");
        let failure = world.failure().expect("it gave up");
        assert_eq!(&*failure.decisive().child, "a");
    }
}

#[test]
fn a_written_intensity_is_a_plain_number_whatever_the_number_of_children() {
    let spec =
        SupervisorSpec::root(workers(&["a", "b", "c"])).intensity(Intensity::new(2, secs(10)));
    let mut world = started(spec);
    for path in ["a", "b"] {
        world.exit(path, Ends::Failed);
        assert!(world.is_up());
    }
    world.exit("c", Ends::Failed);
    obey(&mut world);
    assert!(world.is_over());
}

#[test]
fn giving_up_stops_in_reverse_and_names_the_first_cause() {
    let inner = SupervisorSpec::root(workers(&["x", "y"])).intensity(Intensity::new(0, secs(1)));
    let spec = SupervisorSpec::root(vec![worker("a"), ChildSpec::supervisor("sub", inner)])
        .intensity(Intensity::new(0, secs(1)));
    let mut world = started(spec);
    log(&mut world);
    world.exit("sub/x", Ends::Panicked);
    obey(&mut world);
    assert_eq!(
        text(&log(&mut world)),
        "-sub/x gave up sub ?sub/y -sub/y -sub gave up / ?a -a -/"
    );
    let failure = world.failure().expect("it gave up");
    assert_eq!(&*failure.decisive().child, "sub");
    assert_eq!(&*failure.first_cause().child, "sub/x");
}

#[test]
fn a_fatal_end_is_never_restarted_whatever_the_restart_type() {
    for restart in [
        RestartPolicy::Permanent,
        RestartPolicy::Transient,
        RestartPolicy::Temporary,
    ] {
        let spec = SupervisorSpec::root(vec![worker("a").restart(restart), worker("b")]);
        let mut world = started(spec);
        world.exit("a", Ends::Fatal);
        obey(&mut world);
        assert!(world.is_over(), "{restart:?}");
    }
}

#[test]
fn a_failed_start_during_a_restart_counts_and_is_tried_again() {
    let spec = SupervisorSpec::root(vec![explicit("a")]).intensity(Intensity::new(3, secs(10)));
    let mut world = started(spec);
    world.ready("a");
    for _ in 0..3 {
        world.exit("a", Ends::Failed);
        assert!(world.attempt("a").is_some());
    }
    world.exit("a", Ends::Failed);
    assert!(world.is_over());
}

#[test]
fn a_supervisor_that_is_started_again_has_its_whole_budget() {
    let below = SupervisorSpec::root(workers(&["x"])).intensity(Intensity::new(1, secs(60)));
    let sub = ChildSpec::supervisor("sub", below).backoff(Backoff::none());
    let mut world = started(SupervisorSpec::root(vec![sub]));
    let restarts_of_sub = |world: &World| world.snapshot().child("sub").map(|it| it.generation);
    for incarnation in 0..3 {
        assert_eq!(restarts_of_sub(&world), Some(Some(incarnation)));
        // The first is restarted, and the second is one too many (R24).
        world.exit("sub/x", Ends::Failed);
        assert_eq!(restarts_of_sub(&world), Some(Some(incarnation)));
        world.exit("sub/x", Ends::Failed);
    }
}

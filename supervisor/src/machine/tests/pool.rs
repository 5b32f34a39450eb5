//! Pools: instances that are added at run time (R11, R39, R40).

use super::*;
use crate::spec::policy::{Intensity, Pool, WhileStarting};

fn pool(limit: impl Into<Pool>) -> World {
    let inner = SupervisorSpec::root(vec![])
        .pool(limit)
        .intensity(Intensity::new(5, secs(10)));
    let mut world = started(SupervisorSpec::root(vec![
        ChildSpec::supervisor("pool", inner).backoff(Backoff::none()),
    ]));
    log(&mut world);
    world
}

fn add(world: &mut World, id: &str) {
    assert!(ask(world, "pool", Ask::Add(worker(id))).is_ok(), "{id}");
}

#[test]
fn instances_are_restarted_one_by_one() {
    let mut world = pool(true);
    add(&mut world, "i1");
    add(&mut world, "i2");
    log(&mut world);
    world.exit("pool/i1", Ends::Failed);
    assert_eq!(text(&log(&mut world)), "-pool/i1 ~pool/i1 +pool/i1");
}

#[test]
fn instances_start_without_waiting_for_each_other() {
    let mut world = pool(true);
    for id in ["i1", "i2"] {
        world.ask("pool", Ask::Add(explicit(id)));
    }
    assert_eq!(live(&world), ["pool/i1", "pool/i2"]);
}

#[test]
fn instances_are_stopped_together() {
    let mut world = pool(true);
    for id in ["i1", "i2", "i3"] {
        add(&mut world, id);
    }
    log(&mut world);
    ask(&mut world, "pool", Ask::Stop).expect("accepted");
    assert_eq!(text(&log(&mut world)), "?pool ?pool/i3 ?pool/i2 ?pool/i1");
    obey(&mut world);
    assert_eq!(state(&world, "pool"), ChildState::Stopped);
    ask(&mut world, "pool", Ask::Resume).expect("accepted");
    assert!(
        live(&world).is_empty(),
        "instances die with their pool (R38)"
    );
    assert_eq!(world.snapshot().children.len(), 1);
}

#[test]
fn an_instance_is_forgotten_when_it_ends_or_is_stopped() {
    let mut world = pool(true);
    let transient = worker("i1").restart(RestartPolicy::Transient);
    assert!(ask(&mut world, "pool", Ask::Add(transient)).is_ok());
    add(&mut world, "i2");
    world.exit("pool/i1", Ends::Succeeded);
    ask(&mut world, "pool/i2", Ask::Stop).expect("accepted");
    obey(&mut world);
    assert_eq!(world.snapshot().children.len(), 1);
}

#[test]
fn a_stop_of_an_instance_is_for_whichever_attempt_has_its_name() {
    let waits = SupervisorSpec::root(vec![])
        .pool(true)
        .intensity(Intensity::new(5, secs(10)))
        .while_starting(WhileStarting::Wait);
    let mut world = started(SupervisorSpec::root(vec![
        ChildSpec::supervisor("pool", waits).backoff(Backoff::none()),
    ]));
    let add = world.ask("pool", Ask::Add(explicit("i")));
    world.ready("pool/i");
    assert!(matches!(world.answer(add), Some(Ok(Said::Started))));
    world.exit("pool/i", Ends::Failed);
    log(&mut world);
    // The first attempt has gone, and the second is on its way.
    let stop = world.ask("pool/i", Ask::Stop);
    world.ready("pool/i");
    assert!(matches!(
        world.answer(stop),
        Some(Ok(Said::Found(ChildState::Running)))
    ));
    assert_eq!(text(&log(&mut world)), "?pool/i");
    obey(&mut world);
    assert!(live(&world).is_empty());
}

#[test]
fn a_pool_has_at_most_as_many_instances_as_its_limit() {
    let mut world = pool(2);
    add(&mut world, "i1");
    add(&mut world, "i2");
    let refused = ask(&mut world, "pool", Ask::Add(worker("i3")));
    assert!(
        matches!(refused, Err(SupervisorError::LimitReached { .. })),
        "{refused:?}"
    );
    ask(&mut world, "pool/i1", Ask::Stop).expect("accepted");
    obey(&mut world);
    add(&mut world, "i3");
}

#[test]
fn instances_share_one_counter_and_a_pool_that_gives_up_starts_empty() {
    let mut world = pool(true);
    add(&mut world, "i1");
    add(&mut world, "i2");
    for path in ["i1", "i2", "i1", "i2", "i1", "i2"] {
        world.exit(&format!("pool/{path}"), Ends::Failed);
    }
    obey(&mut world);
    assert_eq!(
        state(&world, "pool"),
        ChildState::Running,
        "its parent has restarted it"
    );
    assert!(live(&world).is_empty());
}

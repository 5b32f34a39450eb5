//! Trees of every shape, with every setting.

use fastrand::Rng;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{
    AutoShutdown, FirstStart, Intensity, OnExhausted, OnStuck, RestartPolicy, StartOrder, Strategy,
    WhileStarting,
};
use rust_supervisor::{ChildSpec, SupervisorSpec};
use supervisor_tests::Log;

use crate::MS;
use crate::children::worker;

pub(crate) fn random(
    rng: &mut Rng,
    path: &str,
    log: &Log,
    seed: u64,
    paths: &mut Vec<String>,
) -> SupervisorSpec {
    let strategy = pick(
        rng,
        &[
            Strategy::Dependents,
            Strategy::OneForAll,
            Strategy::OneForOne,
            Strategy::RestForOne,
        ],
    );
    let auto_shutdown = pick(
        rng,
        &[
            AutoShutdown::AllEnded,
            AutoShutdown::AllSignificant,
            AutoShutdown::AnySignificant,
            AutoShutdown::Never,
        ],
    );
    let counts_significant = matches!(
        auto_shutdown,
        AutoShutdown::AllSignificant | AutoShutdown::AnySignificant
    );
    let mut children = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for place in 0..rng.usize(1..6) {
        let name = format!("{}{place}", ["a", "b", "c"][path.matches('/').count()]);
        let own = match path {
            "" => name.clone(),
            above => format!("{above}/{name}"),
        };
        paths.push(own.clone());
        let nested = path.len() < 4 && rng.u8(..4) == 0;
        let restart = pick(
            rng,
            &[
                RestartPolicy::Permanent,
                RestartPolicy::Transient,
                RestartPolicy::Temporary,
            ],
        );
        let mut child = if nested {
            ChildSpec::supervisor(name.as_str(), random(rng, &own, log, seed, paths))
        } else {
            let on_stuck = pick(rng, &[OnStuck::Escalate, OnStuck::Wait]);
            worker(&own, log, seed, restart).on_stuck(on_stuck)
        };
        if rng.u8(..4) == 0 {
            child = child.after(names.last().cloned());
        }
        if restart != RestartPolicy::Temporary && rng.u8(..6) == 0 {
            child = child.fuse(Intensity::new(rng.u32(1..20), MS * 100));
        }
        if restart != RestartPolicy::Permanent && counts_significant {
            child = child.significant(rng.bool());
        }
        child = child.critical(rng.u8(..4) > 0);
        names.push(name);
        children.push(child.restart(restart).backoff(delay(rng)));
    }
    let mut spec = SupervisorSpec::root(children)
        .strategy(strategy)
        .auto_shutdown(auto_shutdown)
        .intensity(Intensity::new(rng.u32(3..200), MS * 1_000));
    if rng.u8(..3) == 0 {
        spec = spec.start(StartOrder::Concurrent);
    }
    if rng.u8(..3) == 0 {
        spec = spec.first_start(FirstStart::Fail);
    }
    if rng.u8(..4) == 0 {
        spec = spec.while_starting(WhileStarting::Wait);
    }
    if rng.u8(..3) == 0 {
        spec = spec.shutdown_within(MS * rng.u32(10..20) * depths_below(path));
    }
    if rng.u8(..3) == 0 {
        spec = spec.on_exhausted(pick(rng, &[OnExhausted::Quarantine, OnExhausted::Shutdown]));
    }
    spec
}

/// A supervisor must have more time than any below it.
fn depths_below(path: &str) -> u32 {
    match path.matches('/').count() {
        0 if path.is_empty() => 4,
        0 => 2,
        _ => 1,
    }
}

fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

fn delay(rng: &mut Rng) -> Backoff {
    match rng.u8(..3) {
        0 => Backoff::none(),
        1 => Backoff::constant(MS),
        _ => Backoff::exponential(MS, 8 * MS),
    }
}

//! Random trees under random events: what must hold after every step, and that everything ends.

use super::*;
use crate::spec::policy::{
    AutoShutdown, FirstStart, Intensity, OnExhausted, Pool, Shutdown, StartOrder, Strategy,
    WhileStarting,
};

/// A source of random numbers, and whether the tree behaves as OTP's.
pub(super) struct Rng {
    pub(super) random: fastrand::Rng,
    pub(super) otp: bool,
}

impl std::ops::Deref for Rng {
    type Target = fastrand::Rng;

    fn deref(&self) -> &fastrand::Rng {
        &self.random
    }
}

impl std::ops::DerefMut for Rng {
    fn deref_mut(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }
}

fn pick<T: Copy>(random: &mut Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}

fn random_child(random: &mut Rng, id: &str, earlier: &[String], depth: usize) -> ChildSpec {
    let restart = [
        RestartPolicy::Permanent,
        RestartPolicy::Transient,
        RestartPolicy::Temporary,
    ];
    let mut child = if depth < 2 && random.u8(..4) == 0 {
        ChildSpec::supervisor(id, random_supervisor(random, depth + 1))
    } else {
        let readiness = [
            Readiness::Immediate,
            Readiness::Explicit,
            Readiness::Completed,
        ];
        let stop = [
            Shutdown::Abort,
            Shutdown::Within(secs(1)),
            Shutdown::Within(secs(3)),
        ];
        worker(id)
            .readiness(pick(random, &readiness))
            .ready_within(secs(random.u64(1..5)))
            .shutdown(pick(random, &stop))
    };
    child = child
        .restart(pick(random, &restart))
        .critical(random.u8(..4) > 0)
        .backoff(pick(random, &[Backoff::none(), Backoff::constant(secs(2))]));
    if random.u8(..4) == 0 {
        child = child.fuse(Intensity::new(random.u32(0..3), secs(10)));
    }
    if matches!(child.settings.readiness, Readiness::Completed) {
        child = child.restart(pick(random, &restart[1..]));
    }
    if !earlier.is_empty() && random.u8(..3) == 0 {
        child = child.after([earlier[random.usize(..earlier.len())].as_str()]);
    }
    child
}

pub(super) fn random_supervisor(random: &mut Rng, depth: usize) -> SupervisorSpec {
    let strategies = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::Dependents,
    ];
    let mut spec = SupervisorSpec::root(vec![])
        .strategy(pick(random, &strategies))
        .intensity(Intensity::new(random.u32(0..8), secs(10)))
        .auto_shutdown(pick(
            random,
            &[
                AutoShutdown::Never,
                AutoShutdown::Never,
                AutoShutdown::AllEnded,
            ],
        ))
        .start(pick(random, &[StartOrder::Ordered, StartOrder::Concurrent]))
        .first_start(pick(random, &[FirstStart::Fail, FirstStart::Retry]))
        .on_exhausted(pick(
            random,
            &[
                OnExhausted::Escalate,
                OnExhausted::Escalate,
                OnExhausted::Quarantine,
                OnExhausted::Shutdown,
            ],
        ));
    if random.otp {
        spec = spec
            .first_start(FirstStart::Fail)
            .while_starting(WhileStarting::Wait);
    }
    if depth > 0 && random.u8(..5) == 0 {
        return spec.pool(Pool::Unlimited);
    }
    let mut names: Vec<String> = Vec::new();
    for i in 0..random.usize(0..5) {
        let id = format!("{}{i}", ["a", "b", "c"][depth]);
        spec = spec.child(random_child(random, &id, &names, depth));
        names.push(id);
    }
    spec
}

pub(super) fn random_event(
    random: &mut Rng,
    world: &mut World,
    tickets: &mut Vec<u64>,
    added: &mut u32,
) {
    let paths: Vec<String> = world
        .snapshot()
        .children
        .iter()
        .map(|child| child.path.to_string())
        .collect();
    let live = live(world);
    let path = |random: &mut Rng| match random.usize(..=paths.len()) {
        0 => String::new(),
        place => paths[place - 1].clone(),
    };
    match random.u8(..20) {
        0..=5 if !live.is_empty() => {
            let ends = [
                Ends::Succeeded,
                Ends::Failed,
                Ends::Failed,
                Ends::Panicked,
                Ends::Ignored,
                Ends::Cancelled,
            ];
            let how = if random.u8(..100) == 0 {
                Ends::Fatal
            } else {
                pick(random, &ends)
            };
            world.exit(&live[random.usize(..live.len())], how);
        }
        6..=9 if !live.is_empty() => {
            world.ready(&live[random.usize(..live.len())]);
        }
        10..=11 => world.advance(ms(random.u64(0..2_500))),
        12 => _ = world.jump(),
        13 => {
            let names = ["x", "y", "z"];
            *added += 1;
            let id = if random.bool() {
                pick(random, &names).to_owned()
            } else {
                format!("n{added}")
            };
            let child = random_child(random, &id, &[], 1);
            let at = path(random);
            tickets.push(world.ask(&at, Ask::Add(child)));
        }
        14 if random.u8(..20) == 0 => tickets.push(world.ask("", Ask::Shutdown)),
        _ => {
            let at = path(random);
            let ask = match random.u8(..9) {
                0 => Ask::Stop,
                1 => Ask::Pause,
                2 => Ask::Quarantine,
                3 | 4 => Ask::Resume,
                5 => Ask::Restart,
                6 => Ask::Remove,
                7 => Ask::Delete,
                _ => Ask::Kill,
            };
            tickets.push(world.ask(&at, ask));
        }
    }
    // Some obey, some take their time, some never yield.
    for (path, want) in world.wants() {
        if want != Want::Start && random.u8(..4) > 0 {
            let how = if want == Want::Stop {
                Ends::Cancelled
            } else {
                Ends::Aborted
            };
            world.exit(&path, how);
        }
    }
}

fn random_tree(seed: u64) -> (Rng, SupervisorSpec) {
    let mut random = Rng {
        random: fastrand::Rng::with_seed(seed),
        otp: seed % 4 == 0,
    };
    let spec = random_supervisor(&mut random, 0);
    (random, spec)
}

fn run(seed: u64) {
    let (mut random, spec) = random_tree(seed);
    let mut world = World::with_seed(spec, seed).expect("the tree is sound");
    // Others come in the middle of what a call leaves to the next; that is not recorded.
    let interrupts = seed % 2 == 1;
    #[cfg(feature = "recorder")]
    if !interrupts {
        views::record(&mut world, random_tree(seed).1);
    }
    let mut views = views::Views::default();
    views.check(&mut world);
    world.start();
    world.check();
    views.check(&mut world);
    let (mut tickets, mut added) = (Vec::new(), 0);
    for _ in 0..random.usize(10..120) {
        if interrupts && random.u8(..4) == 0 {
            world.interrupt(random.u32(..8));
        }
        random_event(&mut random, &mut world, &mut tickets, &mut added);
        if !world.has_more() {
            world.check();
            views.check(&mut world);
        }
        world.skip_events();
    }
    world.resume();
    let stop = world.ask("", Ask::Shutdown);
    tickets.push(stop);
    for _ in 0..1_000 {
        if world.is_over() {
            break;
        }
        world.wants();
        let going: Vec<String> = live(&world);
        for path in going {
            let attempt = world.attempt(&path);
            if attempt.is_some_and(|attempt| attempt.asked || attempt.aborted) {
                world.exit(&path, Ends::Cancelled);
                world.check();
            }
        }
        if !world.is_over() && !world.has_wants() {
            world.jump();
        }
        world.check();
        views.check(&mut world);
    }
    assert!(world.is_over(), "it does not end");
    for path in live(&world) {
        world.exit(&path, Ends::Aborted);
        world.check();
    }
    #[cfg(feature = "recorder")]
    if !interrupts {
        views::replays(&world);
    }
    for ticket in tickets {
        assert!(world.answer(ticket).is_some(), "{ticket} is not answered");
    }
}

#[test]
fn whatever_happens_the_machine_stays_consistent_and_everything_ends() {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = number("RANDOM_SEED").unwrap_or(0);
    let seeds = number("RANDOM_SEEDS").unwrap_or(2_000);
    for seed in first..first + seeds {
        let ran = std::panic::catch_unwind(|| run(seed));
        assert!(ran.is_ok(), "seed {seed}");
    }
}

//! Random scripts on random trees, which shrink when they break a rule.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rust_supervisor::__world::Ends;
use rust_supervisor::spec::policy::{
    AutoShutdown, FirstStart, OnExhausted, OnStuck, Readiness, RestartPolicy, Shutdown, StartOrder,
    Strategy as Restarts, WhileStarting,
};

use crate::player::{Failure, Finish, Player, Step, Verb, attempt};
use crate::tree::{Child, Sup};
use crate::{Budget, fail, number};

/// Scripts from one seed.
const ROUND: u32 = 64;

pub(crate) struct Ran {
    scripts: u64,
    steps: u64,
    took: Duration,
}

pub(crate) fn run(budget: Budget) -> Ran {
    let began = Instant::now();
    let first = number("MODEL_SEED").unwrap_or(0);
    let mut seed = first;
    let mut ran = Ran {
        scripts: 0,
        steps: 0,
        took: Duration::ZERO,
    };
    while !budget.is_spent(seed - first) {
        round(seed, &mut ran);
        seed += 1;
    }
    ran.took = began.elapsed();
    ran
}

fn round(seed: u64, ran: &mut Ran) {
    let config = Config {
        cases: ROUND,
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let reloads = proptest::bool::weighted(0.25);
    let case = (sup(2), vec(step(), 1..80), finish(), reloads);
    let broken = RefCell::new(None);
    let counts = RefCell::new(ran);
    let done = TestRunner::new_with_rng(config, rng).run(&case, |case| {
        let (mut tree, mut drafts, finish, reloads) = case;
        tree.make_sound(Naming::default());
        drafts.retain(|draft| reloads || !matches!(draft, Draft::Reload(..)));
        let played = play(&tree, &drafts, finish);
        let mut counts = counts.borrow_mut();
        counts.scripts += 1;
        counts.steps += drafts.len() as u64;
        played.map_err(|failure| {
            // The last one to fail is the smallest.
            let rule = failure.rule.clone();
            broken.replace(Some(failure));
            TestCaseError::fail(rule)
        })
    });
    if let (Err(_), Some(failure)) = (done, broken.take()) {
        eprintln!("with MODEL_SEED={seed}");
        fail(*failure);
    }
}

fn play(tree: &Sup, drafts: &[Draft], finish: Finish) -> Result<(), Box<Failure>> {
    let steps = RefCell::new(Vec::new());
    let over = RefCell::new(None);
    let played = attempt(|| {
        let mut player = Player::new(tree);
        player.check();
        let mut paths = tree.paths();
        paths.insert(0, String::new());
        for draft in drafts {
            let Some(step) = draft.resolve(&player, &mut paths) else {
                continue;
            };
            steps.borrow_mut().push(step.clone());
            player.apply(&step);
            player.check();
        }
        over.replace(Some(finish));
        player.finish(finish);
    });
    played.map_err(|rule| {
        Box::new(Failure {
            tree: tree.clone(),
            steps: steps.take(),
            finish: over.take(),
            finishing: Vec::new(),
            rule,
        })
    })
}

/// A step that does not know yet which paths there will be.
#[derive(Clone, Debug)]
enum Draft {
    Add(usize, usize, Child),
    Ask(usize, Verb),
    Beat(usize),
    End(usize, Ends, Option<(usize, Ends)>),
    Ending(usize),
    Stalled(usize),
    Starve(usize),
    Unstalled(usize),
    Fixed(Step),
    /// One that has been asked to stop, does.
    Heed(usize),
    Ready(usize),
    Reload(Box<Sup>, Naming),
    Short(u32, Box<Self>),
    TurnPoll(usize),
}

impl Draft {
    fn resolve(&self, player: &Player, paths: &mut Vec<String>) -> Option<Step> {
        let live = |at: usize| {
            let live: Vec<&str> = player.world.live().collect();
            Some(live.get(at.checked_rem(live.len())?)?.to_string())
        };
        Some(match self {
            Self::Add(at, name, child) => {
                // Now and then a name that is there, or was.
                let known = &paths[name % paths.len()];
                let known = known.rsplit('/').next().filter(|known| !known.is_empty());
                let new = ["x", "y", "z"].get(*name).copied();
                let mut child = Child {
                    name: new.or(known)?.to_owned(),
                    after: Vec::new(),
                    ..child.clone()
                };
                child.make_sound(false, 'p', Naming::default());
                let sup = paths[at % paths.len()].clone();
                let path = if sup.is_empty() {
                    child.name.clone()
                } else {
                    format!("{sup}/{}", child.name)
                };
                if !paths.contains(&path) {
                    paths.push(path);
                }
                Step::Add(sup, child)
            }
            Self::Ask(at, verb) => Step::Ask(paths[at % paths.len()].clone(), *verb),
            Self::Beat(at) => Step::Beat(live(*at)?),
            Self::End(at, how, also) => {
                let mut ends = vec![(live(*at)?, *how)];
                let also = also.and_then(|(at, how)| Some((live(at)?, how)));
                ends.extend(also.filter(|(path, _)| *path != ends[0].0));
                Step::End(ends)
            }
            Self::Fixed(step) => step.clone(),
            Self::Heed(at) => {
                let asked = player.asked();
                let path = asked.get(at.checked_rem(asked.len())?)?;
                Step::End(vec![(path.clone(), Ends::Cancelled)])
            }
            Self::Ending(at) => Step::Ending(live(*at)?),
            Self::Stalled(at) => Step::Stalled(live(*at)?),
            Self::Starve(at) => Step::Starve(live(*at)?),
            Self::Unstalled(at) => Step::Unstalled(live(*at)?),
            Self::Ready(at) => Step::Ready(live(*at)?),
            Self::Reload(tree, naming) => {
                let mut tree = tree.clone();
                tree.make_sound(*naming);
                let new = tree.paths().into_iter();
                let new: Vec<String> = new.filter(|path| !paths.contains(path)).collect();
                paths.extend(new);
                Step::Reload(tree)
            }
            Self::Short(steps, draft) => {
                Step::Short(*steps, Box::new(draft.resolve(player, paths)?))
            }
            Self::TurnPoll(at) => Step::TurnPoll(live(*at)?),
        })
    }
}

fn step() -> impl Strategy<Value = Draft> {
    (proptest::option::weighted(0.1, 0_u32..8), whole_step()).prop_map(|(steps, draft)| match steps
    {
        Some(steps) => Draft::Short(steps, Box::new(draft)),
        None => draft,
    })
}

fn whole_step() -> impl Strategy<Value = Draft> {
    let verbs = select(vec![
        Verb::Delete,
        Verb::Kill,
        Verb::Pause,
        Verb::Quarantine,
        Verb::Remove,
        Verb::Restart,
        Verb::Resume,
        Verb::Resume,
        Verb::Stop,
        Verb::Children,
    ]);
    let also = proptest::option::weighted(0.2, (0_usize..32, ends()));
    prop_oneof![
        6 => (0_usize..32).prop_map(Draft::Ready),
        4 => Just(Draft::Fixed(Step::Obey)),
        4 => (0_usize..32).prop_map(Draft::Heed),
        6 => (0_usize..32, ends(), also).prop_map(|(at, how, also)| Draft::End(at, how, also)),
        2 => (0_usize..32).prop_map(Draft::Ending),
        1 => (0_usize..32).prop_map(Draft::Stalled),
        2 => (0_usize..32).prop_map(Draft::Starve),
        1 => (0_usize..32).prop_map(Draft::Unstalled),
        3 => Just(Draft::Fixed(Step::Jump)),
        2 => (0_u64..2_500).prop_map(|ms| Draft::Fixed(Step::Pass(Duration::from_millis(ms)))),
        8 => (0_usize..32, verbs).prop_map(|(at, verb)| Draft::Ask(at, verb)),
        2 => (0_usize..32, 0_usize..6, child(1))
            .prop_map(|(at, name, child)| Draft::Add(at, name, child)),
        2 => (0_usize..32).prop_map(Draft::Beat),
        1 => (0_usize..32).prop_map(Draft::TurnPoll),
        2 => (sup(2), 1_usize..5, 0_usize..5).prop_map(|(tree, stride, shift)| {
            Draft::Reload(Box::new(tree), Naming { stride, shift })
        }),
        1 => Just(Draft::Ask(0, Verb::Shutdown)),
        1 => (0_u64..6_000)
            .prop_map(|ms| Draft::Fixed(Step::ShutdownWithin(Duration::from_millis(ms)))),
    ]
}

fn ends() -> impl Strategy<Value = Ends> {
    prop_oneof![
        8 => Just(Ends::Failed),
        6 => Just(Ends::Succeeded),
        2 => Just(Ends::Ignored),
        1 => Just(Ends::Panicked),
        1 => Just(Ends::Aborted),
        1 => Just(Ends::Fatal),
    ]
}

fn finish() -> impl Strategy<Value = Finish> {
    select(vec![Finish::Obedient, Finish::Deaf, Finish::Calm])
}

fn sup(depth: u32) -> BoxedStrategy<Sup> {
    let first_start = select(vec![FirstStart::Fail, FirstStart::Retry]);
    let waits = prop_oneof![3 => Just(WhileStarting::Interrupt), 1 => Just(WhileStarting::Wait)];
    let start = prop_oneof![2 => Just(StartOrder::Ordered), 1 => Just(StartOrder::Concurrent)];
    let strategy = select(vec![
        Restarts::OneForOne,
        Restarts::OneForAll,
        Restarts::RestForOne,
        Restarts::Dependents,
    ]);
    let auto_shutdown = prop_oneof![
        3 => Just(AutoShutdown::Never),
        1 => Just(AutoShutdown::AllEnded),
        1 => Just(AutoShutdown::AllSignificant),
        1 => Just(AutoShutdown::AnySignificant),
    ];
    let on_exhausted = prop_oneof![
        3 => Just(OnExhausted::Escalate),
        1 => Just(OnExhausted::Quarantine),
        1 => Just(OnExhausted::Shutdown),
    ];
    let pool = proptest::bool::weighted(if depth < 2 { 0.15 } else { 0.0 });
    let children = vec(child(depth), 0..5);
    let deadline = (1_000_u64..9_000).prop_map(Duration::from_millis);
    let deadline = proptest::option::weighted(0.3, deadline);
    (
        (strategy, start, first_start, waits),
        (
            auto_shutdown,
            pool,
            0_u32..8,
            on_exhausted,
            children,
            deadline,
        ),
    )
        .prop_map(
            |(
                (strategy, start, first_start, while_starting),
                (auto_shutdown, pool, intensity, on_exhausted, children, shutdown_within),
            )| Sup {
                strategy,
                start,
                first_start,
                while_starting,
                auto_shutdown,
                pool,
                intensity,
                shutdown_within,
                on_exhausted,
                children,
            },
        )
        .boxed()
}

fn child(depth: u32) -> BoxedStrategy<Child> {
    let restart = select(vec![
        RestartPolicy::Permanent,
        RestartPolicy::Transient,
        RestartPolicy::Temporary,
    ]);
    let readiness = select(vec![
        Readiness::Immediate,
        Readiness::Explicit,
        Readiness::Completed,
    ]);
    let backoff = select(vec![None, Some(Duration::from_secs(2))]);
    let shutdown = select(vec![
        Shutdown::default(),
        Shutdown::Abort,
        Shutdown::Within(Duration::from_secs(1)),
    ]);
    // A tree with limits does not come to rest.
    let limit = prop_oneof![19 => Just(None), 1 => (500_u64..4_000).prop_map(Some)];
    let limit = limit.prop_map(|ms| ms.map(Duration::from_millis));
    let on_stuck = prop_oneof![5 => Just(OnStuck::Wait), 1 => Just(OnStuck::Escalate)];
    let fuse = prop_oneof![4 => Just(None), 1 => (0_u32..3).prop_map(Some)];
    let limits = (limit.clone(), limit, on_stuck, fuse);
    let below = if depth == 0 {
        Just(None).boxed()
    } else {
        proptest::option::weighted(0.25, sup(depth - 1).prop_map(Box::new)).boxed()
    };
    // Of those before it: resolved when the names are known.
    let after = vec((0_u8..8).prop_map(|place| place.to_string()), 0..2);
    let argument = prop_oneof![3 => Just(0_i64), 1 => 1_i64..3];
    (
        (argument, restart, readiness, backoff, shutdown, limits),
        (
            proptest::bool::weighted(0.7),
            proptest::bool::weighted(0.3),
            after,
            below,
        ),
    )
        .prop_map(
            |(
                (argument, restart, readiness, backoff, shutdown, limits),
                (critical, significant, after, below),
            )| {
                let (timeout, heartbeat, on_stuck, fuse) = limits;
                Child {
                    name: String::new(),
                    argument,
                    restart,
                    readiness,
                    backoff,
                    shutdown,
                    timeout,
                    heartbeat,
                    on_stuck,
                    fuse,
                    critical,
                    significant,
                    after,
                    below,
                }
            },
        )
        .boxed()
}

/// The names of children, of five at each level, by their places.
#[derive(Clone, Copy, Debug)]
struct Naming {
    stride: usize,
    shift: usize,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            stride: 1,
            shift: 0,
        }
    }
}

impl Naming {
    fn name(self, letter: char, place: usize) -> String {
        format!("{letter}{}", (place * self.stride + self.shift) % 5)
    }
}

impl Sup {
    /// Gives the children their names, and takes away what the plan would refuse.
    fn make_sound(&mut self, naming: Naming) {
        self.make_sound_at('a', naming);
    }

    fn make_sound_at(&mut self, letter: char, naming: Naming) {
        self.fit_deadlines(Duration::MAX);
        if self.pool {
            self.children.clear();
        }
        let significance = matches!(
            self.auto_shutdown,
            AutoShutdown::AllSignificant | AutoShutdown::AnySignificant
        );
        for (place, child) in self.children.iter_mut().enumerate() {
            child.name = naming.name(letter, place);
            child.make_sound(significance, letter, naming);
        }
        // Where they start concurrently, one may be after a later one, but not after itself.
        let mut behind: Vec<Vec<usize>> = vec![Vec::new(); self.children.len()];
        for place in 0..self.children.len() {
            let after = std::mem::take(&mut self.children[place].after);
            let known = after.iter().filter_map(|at| at.parse().ok());
            let possible = |at: &usize| match self.start {
                StartOrder::Ordered => *at < place,
                StartOrder::Concurrent => *at < behind.len() && !comes_before(&behind, place, *at),
            };
            let known: Vec<usize> = known.filter(possible).collect();
            let names = known.iter().map(|&at| self.children[at].name.clone());
            self.children[place].after = names.collect();
            behind[place] = known;
        }
    }
}

/// Whether `later` is, transitively, after `earlier`.
fn comes_before(behind: &[Vec<usize>], earlier: usize, later: usize) -> bool {
    let mut on = behind[later].iter();
    later == earlier || on.any(|&on| comes_before(behind, earlier, on))
}

impl Sup {
    /// No budget that is written may be longer than a deadline above it.
    fn fit_deadlines(&mut self, above: Duration) {
        let own = self.shutdown_within.map(|own| own.min(above));
        self.shutdown_within = own;
        let within = own.unwrap_or(above);
        for child in &mut self.children {
            if let Shutdown::Within(budget) = &mut child.shutdown {
                *budget = (*budget).min(within);
            }
            if let Some(below) = &mut child.below {
                below.fit_deadlines(within);
            }
        }
    }
}

impl Child {
    fn make_sound(&mut self, significance: bool, letter: char, naming: Naming) {
        if let Some(below) = &mut self.below {
            let letter = char::from(u8::try_from(letter).unwrap_or(b'a') + 1);
            below.make_sound_at(letter, naming);
        } else if self.readiness == Readiness::Completed {
            if self.restart == RestartPolicy::Permanent {
                self.restart = RestartPolicy::Transient;
            }
            // It is ready when it has ended.
            self.heartbeat = None;
        }
        self.significant &= significance && self.restart != RestartPolicy::Permanent;
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.steps / self.took.as_secs().max(1);
        write!(
            f,
            "{} scripts, {} steps, {rate} steps a second",
            self.scripts, self.steps
        )
    }
}

//! Every sequence of inputs to small trees, as far as the number of states goes: breadth first, and only from
//! states that have not been seen (`World::fingerprint`).

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rust_supervisor::__world::Ends;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::policy::{
    AutoShutdown, FirstStart, OnExhausted, Readiness, RestartPolicy, Shutdown, StartOrder,
    Strategy, WhileStarting,
};

use crate::fail;
use crate::player::{Failure, Finish, Player, Step, Verb, attempt};
use crate::tree::{Child, Sup};

/// How many trees are explored side by side.
const THREADS: usize = 2;

/// What has been seen of all trees.
#[derive(Default)]
pub(crate) struct Explored {
    trees: usize,
    pub(crate) states: usize,
    inputs: usize,
    /// Every sequence up to this long has been tried on every tree.
    depth: Option<usize>,
}

/// A tree, and what it may be told besides what every tree is told.
struct Case {
    tree: Sup,
    added: Child,
    reload: Option<Sup>,
}

/// How a state is reached.
struct Reached {
    from: Option<Rc<Self>>,
    by: Option<Step>,
    depth: usize,
}

/// Explores all trees, each to its share of so many states.
pub(crate) fn explore(states: usize) -> Explored {
    let cases = cases();
    let explored = Mutex::new(Explored::default());
    let broken = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let explore_some = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let so_far = explored.lock().expect("sound").states;
            let left = cases.len() - explored.lock().expect("sound").trees;
            match explore_one(case, states.saturating_sub(so_far).div_ceil(left)) {
                Ok(one) => explored.lock().expect("sound").add(&one),
                Err(failure) => _ = broken.lock().expect("sound").get_or_insert(failure),
            }
            if broken.lock().expect("sound").is_some() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(explore_some);
        }
    });
    if let Some(failure) = broken.into_inner().expect("sound") {
        fail(*failure);
    }
    explored.into_inner().expect("sound")
}

fn explore_one(case: &Case, states: usize) -> Result<Explored, Box<Failure>> {
    let mut explored = Explored {
        trees: 1,
        ..Explored::default()
    };
    let mut seen = HashSet::new();
    let mut open = VecDeque::from([Rc::new(Reached {
        from: None,
        by: None,
        depth: 0,
    })]);
    let mut depth = 0;
    while let Some(reached) = open.pop_front() {
        depth = reached.depth;
        if explored.states >= states {
            depth -= usize::from(depth > 0);
            break;
        }
        let steps = reached.steps();
        explored.inputs += 1;
        let (fingerprint, choices) = play(case, &steps)?;
        if !seen.insert(fingerprint) {
            continue;
        }
        explored.states += 1;
        // An end takes as long as some inputs, and every state is on the way to others.
        let finish = match explored.states % 9 {
            0 => Some(Finish::Calm),
            3 => Some(Finish::Deaf),
            6 => Some(Finish::Obedient),
            _ => None,
        };
        if let Some(finish) = finish {
            end(&case.tree, &steps, finish)?;
        }
        open.extend(choices.into_iter().map(|step| {
            Rc::new(Reached {
                from: Some(Rc::clone(&reached)),
                by: Some(step),
                depth: depth + 1,
            })
        }));
    }
    explored.depth = Some(depth);
    Ok(explored)
}

/// The state a script leads to, and what is possible there.
fn play(case: &Case, steps: &[Step]) -> Result<(u64, Vec<Step>), Box<Failure>> {
    attempt(|| {
        let mut player = Player::new(&case.tree);
        for step in steps {
            player.apply(step);
        }
        player.check();
        (player.world.fingerprint(), choices(&player, case))
    })
    .map_err(|rule| {
        Box::new(Failure {
            tree: case.tree.clone(),
            steps: steps.to_vec(),
            finish: None,
            finishing: Vec::new(),
            rule,
        })
    })
}

fn end(tree: &Sup, steps: &[Step], finish: Finish) -> Result<(), Box<Failure>> {
    attempt(|| {
        let mut player = Player::new(tree);
        for step in steps {
            player.apply(step);
        }
        player.check();
        player.finish(finish);
    })
    .map_err(|rule| {
        Box::new(Failure {
            tree: tree.clone(),
            steps: steps.to_vec(),
            finish: Some(finish),
            finishing: Vec::new(),
            rule,
        })
    })
}

/// Every input that may come next.
fn choices(player: &Player, case: &Case) -> Vec<Step> {
    let tree = &case.tree;
    let mut choices = Vec::new();
    if player.world.next_deadline().is_some() {
        choices.push(Step::Jump);
    }
    for path in player.world.live() {
        let attempt = player.world.attempt(path).expect("it lives");
        let hows: &[Ends] = if attempt.asked || attempt.aborted {
            &[Ends::Cancelled]
        } else {
            &[Ends::Failed, Ends::Succeeded, Ends::Ignored, Ends::Fatal]
        };
        let end = |&how| Step::End(vec![(path.to_owned(), how)]);
        choices.extend(hows.iter().map(end));
        if !attempt.asked && !attempt.aborted {
            choices.push(Step::Ending(path.to_owned()));
        }
        if player.is_starting(path) == Some(Readiness::Explicit) {
            choices.push(Step::Ready(path.to_owned()));
        }
        if player.has_to_beat(path) {
            choices.push(Step::Beat(path.to_owned()));
        }
    }
    for path in tree.paths().into_iter().chain(case.added.all_paths()) {
        let Some(state) = player.world.state(&path) else {
            continue;
        };
        let verbs = [
            Verb::Kill,
            Verb::Pause,
            Verb::Remove,
            Verb::Restart,
            Verb::Resume,
            Verb::Stop,
        ];
        let runs = state == ChildState::Running;
        let verbs = verbs
            .into_iter()
            .filter(|verb| !(runs && *verb == Verb::Resume));
        choices.extend(verbs.map(|verb| Step::Ask(path.clone(), verb)));
    }
    let sup = tree.children.iter().find(|child| child.below.is_some());
    for above in std::iter::once("").chain(sup.map(|sup| sup.name.as_str())) {
        choices.push(Step::Add(above.to_owned(), case.added.clone()));
    }
    choices.push(Step::Ask(String::new(), Verb::Shutdown));
    choices.extend(case.reload.clone().map(|tree| Step::Reload(Box::new(tree))));
    choices
}

fn added() -> Child {
    Child {
        readiness: Readiness::Explicit,
        restart: RestartPolicy::Transient,
        ..Child::worker("x")
    }
}

fn cases() -> Vec<Case> {
    let case = |tree| Case {
        tree,
        added: added(),
        reload: None,
    };
    let mut cases: Vec<Case> = trees().into_iter().map(case).collect();
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::Dependents,
    ] {
        for while_starting in [WhileStarting::Interrupt, WhileStarting::Wait] {
            let like = |children| Sup {
                strategy,
                while_starting,
                first_start: FirstStart::Retry,
                intensity: 2,
                ..Sup::of(children)
            };
            let below = like(slow()[..2].to_vec());
            cases.push(Case {
                added: Child::supervisor("x", below.clone()),
                ..case(like(slow()))
            });
            cases.push(Case {
                reload: Some(like(changed())),
                ..case(like(slow()))
            });
            cases.push(Case {
                reload: Some(like(nested(like(changed()[..2].to_vec())))),
                ..case(like(nested(below)))
            });
        }
        cases.push(case(Sup {
            strategy,
            start: StartOrder::Concurrent,
            ..Sup::of(backwards())
        }));
    }
    cases
}

fn trees() -> Vec<Sup> {
    let mut trees = Vec::new();
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::Dependents,
    ] {
        for start in [StartOrder::Ordered, StartOrder::Concurrent] {
            for first_start in [FirstStart::Fail, FirstStart::Retry] {
                for while_starting in [WhileStarting::Interrupt, WhileStarting::Wait] {
                    let like = |children| Sup {
                        strategy,
                        start,
                        first_start,
                        while_starting,
                        intensity: 2,
                        ..Sup::of(children)
                    };
                    trees.push(like(plain()));
                    trees.push(like(slow()));
                    trees.push(like(limited()));
                    trees.push(like(nested(like(slow()[..2].to_vec()))));
                }
            }
        }
    }
    for auto_shutdown in [
        AutoShutdown::AllEnded,
        AutoShutdown::AllSignificant,
        AutoShutdown::AnySignificant,
    ] {
        for strategy in [Strategy::OneForAll, Strategy::Dependents] {
            let sup = Sup {
                strategy,
                auto_shutdown,
                ..Sup::of(ending(auto_shutdown))
            };
            trees.push(sup.clone());
            trees.push(Sup::of(nested(sup)));
        }
    }
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::Dependents,
    ] {
        let mut children = slow();
        children[0].fuse = Some(1);
        children[2].fuse = Some(0);
        trees.push(Sup {
            strategy,
            ..Sup::of(children)
        });
        for on_exhausted in [OnExhausted::Quarantine, OnExhausted::Shutdown] {
            for first_start in [FirstStart::Fail, FirstStart::Retry] {
                let sup = Sup {
                    strategy,
                    first_start,
                    on_exhausted,
                    intensity: 1,
                    ..Sup::of(slow())
                };
                trees.push(sup.clone());
                trees.push(Sup::of(nested(sup)));
            }
        }
    }
    let pool = Sup {
        pool: true,
        ..Sup::of(vec![])
    };
    trees.push(pool.clone());
    trees.push(Sup::of(nested(pool)));
    trees
}

/// One of each restart type, of which one depends on another.
fn plain() -> Vec<Child> {
    let mut children = ["a", "b", "c"].map(Child::worker);
    children[1].restart = RestartPolicy::Transient;
    children[2].restart = RestartPolicy::Temporary;
    children[1].after = vec!["a".to_owned()];
    children[2].shutdown = Shutdown::Abort;
    children.to_vec()
}

/// Starts and restarts that take their time.
fn slow() -> Vec<Child> {
    let mut children = ["a", "b", "c"].map(Child::worker);
    children[0].readiness = Readiness::Explicit;
    children[0].backoff = Some(Duration::from_secs(2));
    children[1].readiness = Readiness::Completed;
    children[1].restart = RestartPolicy::Transient;
    children[1].after = vec!["a".to_owned()];
    children[2].after = vec!["b".to_owned()];
    children[2].backoff = Some(Duration::from_secs(3));
    children[2].critical = false;
    children.to_vec()
}

/// What [`slow`] becomes: in another order, one anew, one gone, one that is new, and other numbers.
fn changed() -> Vec<Child> {
    let [mut a, mut b, _] = <[Child; 3]>::try_from(slow()).expect("three");
    a.backoff = None;
    a.after = vec!["b".to_owned()];
    b.after.clear();
    b.argument = 1;
    vec![b, a, Child::worker("d")]
}

/// Each is after a later one.
fn backwards() -> Vec<Child> {
    let mut children = slow();
    for (place, on) in [(0, Some("b")), (1, Some("c")), (2, None)] {
        children[place].after = on.into_iter().map(str::to_owned).collect();
    }
    children
}

/// Attempts whose time is limited.
fn limited() -> Vec<Child> {
    let mut children = ["a", "b", "c"].map(Child::worker);
    children[0].timeout = Some(Duration::from_secs(3));
    children[0].readiness = Readiness::Explicit;
    children[1].heartbeat = Some(Duration::from_secs(2));
    children[1].after = vec!["a".to_owned()];
    children[2].timeout = Some(Duration::from_secs(4));
    children[2].heartbeat = Some(Duration::from_secs(2));
    children[2].restart = RestartPolicy::Transient;
    children[2].shutdown = Shutdown::Abort;
    children.to_vec()
}

/// A supervisor between two workers.
fn nested(below: Sup) -> Vec<Child> {
    let mut last = Child::worker("c");
    last.after = vec!["sub".to_owned()];
    let mut sub = Child::supervisor("sub", below);
    sub.restart = RestartPolicy::Transient;
    vec![sub, last]
}

/// Children whose end may end their supervisor.
fn ending(auto_shutdown: AutoShutdown) -> Vec<Child> {
    let mut children = plain();
    children[0].restart = RestartPolicy::Transient;
    for child in &mut children[..2] {
        child.significant = auto_shutdown != AutoShutdown::AllEnded;
    }
    children
}

impl Reached {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::with_capacity(self.depth);
        let (mut from, mut by) = (&self.from, &self.by);
        while let (Some(reached), Some(step)) = (from, by) {
            steps.push(step.clone());
            (from, by) = (&reached.from, &reached.by);
        }
        steps.reverse();
        steps
    }
}

impl Explored {
    fn add(&mut self, other: &Self) {
        self.trees += other.trees;
        self.states += other.states;
        self.inputs += other.inputs;
        let depths = [self.depth, other.depth].into_iter().flatten();
        self.depth = depths.min();
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} trees, {} inputs, {} distinct states, at least to depth {}",
            self.trees,
            self.inputs,
            self.states,
            self.depth.unwrap_or_default()
        )
    }
}

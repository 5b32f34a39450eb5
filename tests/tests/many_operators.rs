//! Two hundred operators at once, each doing whatever comes to its mind.
//!
//! `CONTROL_SECONDS` says for how long; ten seconds, if it does not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rust_supervisor::event::fold::Fold;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::{EventStream, Observed};
use rust_supervisor::id::types::Generation;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Pool, RestartPolicy, Strategy};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorSpec, TaskContext, TreeRef,
};

const OPERATORS: u64 = 200;
/// Commands that nobody has read of yet: what follows from so many fits into the journal.
const AHEAD: u64 = 150;
/// Longer than any answer may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many copies of each path are alive, and ever were.
#[derive(Clone, Debug, Default)]
struct Alive(Arc<Mutex<BTreeMap<String, (u32, u32)>>>);

struct Copy {
    alive: Alive,
    path: String,
}

impl Alive {
    fn copy(&self, path: &str) -> Copy {
        let mut alive = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, most) = alive.entry(path.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        Copy {
            alive: self.clone(),
            path: path.to_owned(),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let mut alive = self.alive.0.lock().unwrap_or_else(PoisonError::into_inner);
        alive.get_mut(&self.path).expect("it lived").0 -= 1;
    }
}

/// A child that lives for a moment, and then fails, ends, or goes on until it is stopped.
fn child(name: String, alive: &Alive) -> ChildSpec {
    let alive = alive.clone();
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let alive = alive.clone();
        async move {
            let _copy = alive.copy(ctx.path());
            match (ctx.generation().value + ctx.path().len() as u64) % 7 {
                0 => {
                    let moment = tokio::time::sleep(Duration::from_millis(3));
                    ctx.until_cancelled(moment).await;
                    Err("as it does")
                }
                1 => {
                    tokio::task::yield_now().await;
                    Ok(())
                }
                _ => {
                    ctx.cancelled().await;
                    Ok(())
                }
            }
        }
    })
    .restart(RestartPolicy::Transient)
    .backoff(Backoff::exponential(
        Duration::from_millis(1),
        Duration::from_millis(20),
    ))
}

fn group(name: &str, strategy: Strategy, alive: &Alive) -> ChildSpec {
    let children = (0..4).map(|n| child(format!("c{n}"), alive)).collect();
    let spec = SupervisorSpec::root(children)
        .strategy(strategy)
        .intensity(Intensity::new(20, Duration::from_millis(100)));
    ChildSpec::supervisor(name, spec).backoff(Backoff::constant(Duration::from_millis(2)))
}

fn whole(alive: &Alive) -> SupervisorSpec {
    let pool = SupervisorSpec::root(Vec::new())
        .pool(Pool::Limited(20))
        .intensity(Intensity::new(u32::MAX, Duration::from_secs(1)));
    let mut children: Vec<ChildSpec> = (0..4).map(|n| child(format!("c{n}"), alive)).collect();
    children.push(group("all", Strategy::OneForAll, alive));
    children.push(group("rest", Strategy::RestForOne, alive));
    children.push(ChildSpec::supervisor("pool", pool));
    SupervisorSpec::root(children).intensity(Intensity::new(u32::MAX, Duration::from_secs(1)))
}

/// What the operators have done, and what has been read of it.
#[derive(Debug, Default)]
struct Books {
    issued: AtomicU64,
    read: AtomicU64,
    /// What each reason was answered.
    answers: Mutex<HashMap<String, bool>>,
}

async fn operate(tree: TreeRef, who: u64, until: Instant, alive: Alive, books: Arc<Books>) {
    let mut dice = fastrand::Rng::with_seed(who);
    let mut number = 0;
    while Instant::now() < until {
        if books.issued.load(Ordering::Relaxed) > books.read.load(Ordering::Relaxed) + AHEAD {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        books.issued.fetch_add(1, Ordering::Relaxed);
        number += 1;
        let reason = format!("{who}.{number}");
        let command = one(&tree, &mut dice, &reason, &alive);
        let answer = tokio::time::timeout(PATIENCE, command).await;
        let answer = answer.unwrap_or_else(|_| panic!("{reason} was not answered"));
        // What names no child, or no supervisor, has not become a command.
        let heard = match answer {
            Ok(()) => true,
            Err(SupervisorError::AmbiguousName { .. } | SupervisorError::UnknownChild { .. }) => {
                false
            }
            Err(
                SupervisorError::ChildExists { .. }
                | SupervisorError::Fenced { .. }
                | SupervisorError::LimitReached { .. }
                | SupervisorError::NotDown { .. }
                | SupervisorError::OtherGeneration { .. }
                | SupervisorError::ShuttingDown { .. }
                | SupervisorError::StartFailed { .. }
                | SupervisorError::StartInterrupted { .. },
            ) => true,
            Err(error) => panic!("{reason}: {error}"),
        };
        if !heard {
            // Nobody will read of it.
            books.read.fetch_add(1, Ordering::Relaxed);
        }
        let former = books
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(reason, heard);
        assert_eq!(former, None);
        tokio::task::yield_now().await;
    }
}

/// Any command, in either form, for anything.
async fn one(
    tree: &TreeRef,
    dice: &mut fastrand::Rng,
    reason: &str,
    alive: &Alive,
) -> Result<(), SupervisorError> {
    let places = ["", "all/", "rest/", "pool/"];
    let place = places[dice.usize(..places.len())];
    let name = format!("c{}", dice.u8(..8));
    let path = match dice.u8(..12) {
        0 => "all".to_owned(),
        1 => "rest".to_owned(),
        _ => format!("{place}{name}"),
    };
    let tree = tree.acting_as("operator", reason)?;
    match dice.u8(..16) {
        0..=2 => {
            let above = place.trim_end_matches('/');
            let added = tree.start_child(above, child(name, alive)).await;
            added.map(drop)
        }
        3 => {
            let strategies = [("all", Strategy::OneForAll), ("rest", Strategy::RestForOne)];
            let (name, strategy) = strategies[dice.usize(..2)];
            let added = tree.start_child("/", group(name, strategy, alive)).await;
            added.map(drop)
        }
        4 => tree.restart_child(path, "operator", reason).await.map(drop),
        5 => tree.kill_child(path, "operator", reason).await.map(drop),
        14 => tree.pause_child(path, "operator", reason).await.map(drop),
        15 => tree.resume_child(path, "operator", reason).await.map(drop),
        other => {
            let child = tree.child(path)?;
            match other {
                6 => child.stop().await,
                7 | 8 => child.resume().await,
                9 => child.restart().await,
                10 => {
                    child
                        .restart_if(Generation {
                            value: dice.u64(..4),
                        })
                        .await
                }
                11 => child.pause().await,
                12 => child.delete().await,
                _ if dice.bool() => child.remove().await,
                _ => child.quarantine().await,
            }
            .map(drop)
        }
    }
}

/// Somebody who reads everything, and folds it.
struct Reader {
    events: EventStream,
    books: Arc<Books>,
    fold: Fold,
    /// How often each reason has been told.
    audit: HashMap<String, u64>,
}

impl Reader {
    /// Reads until the operators have gone home. The tree goes on.
    async fn follow(mut self, mut done: tokio::sync::oneshot::Receiver<()>) -> Self {
        loop {
            tokio::select! {
                biased;
                _ = &mut done => return self,
                event = self.events.next() => self.take(event),
            }
        }
    }

    /// Reads up to the event of this number, and no further.
    async fn catch_up(&mut self, last: u64) {
        while self.fold.seq() < last {
            let event = self.events.next().await;
            self.take(event);
        }
    }

    fn take(&mut self, event: Option<Observed>) {
        let event = match event.expect("the tree runs") {
            Observed::Event(event) => event,
            other => panic!("a gap: {other:?}"),
        };
        if let EventKind::Commanded(command) = &event.kind {
            assert_eq!(&*command.audit.requested_by, "operator");
            let reason = command.audit.reason.to_string();
            assert_eq!(event.correlation, event.seq, "a command begins something");
            *self.audit.entry(reason).or_default() += 1;
            self.books.read.fetch_add(1, Ordering::Relaxed);
        }
        self.fold.apply(&event).expect("without a gap");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_operators_at_once_are_all_answered_and_the_books_agree() {
    let seconds =
        std::env::var("CONTROL_SECONDS").map_or(10, |text| text.parse().expect("a number"));
    let (alive, books) = (Alive::default(), Arc::new(Books::default()));
    let handle = Supervisor::start(whole(&alive)).await.expect("starts");
    let reader = Reader {
        events: handle.events_after(0),
        books: Arc::clone(&books),
        fold: Fold::default(),
        audit: HashMap::new(),
    };
    let (done, told) = tokio::sync::oneshot::channel();
    let reader = tokio::spawn(reader.follow(told));
    let until = Instant::now() + Duration::from_secs(seconds);
    let operators: Vec<_> = (0..OPERATORS)
        .map(|who| {
            let (tree, alive, books) = (handle.downgrade(), alive.clone(), Arc::clone(&books));
            tokio::spawn(operate(tree, who, until, alive, books))
        })
        .collect();
    for operator in operators {
        operator.await.expect("every command is answered");
    }

    // Children still fail and are restarted: the reader must not get ahead of the snapshot.
    done.send(()).expect("the reader lives");
    let mut reader = reader.await.expect("no gap");
    let snapshot = handle.snapshot().expect("runs");
    tokio::time::timeout(PATIENCE, reader.catch_up(snapshot.as_of_seq))
        .await
        .expect("it reads to the end");
    let Reader { fold, audit, .. } = reader;
    assert_eq!(fold.seq(), snapshot.as_of_seq);
    for child in &snapshot.children {
        match fold.child(&child.path) {
            Some(folded) => {
                let differs = folded.differs_from(child);
                assert_eq!(differs, None, "`{}`: {folded:?}, {child:?}", child.path);
            }
            None => panic!("the events have not told of {child:?}"),
        }
    }
    let shown: HashSet<&str> = snapshot.children.iter().map(|child| &*child.path).collect();
    for (path, folded) in fold.children() {
        assert!(shown.contains(path), "`{path}` is not there: {folded:?}");
    }

    let answers = books
        .answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    assert_eq!(answers.len() as u64, books.issued.load(Ordering::Relaxed));
    assert!(
        answers.len() as u64 > OPERATORS,
        "{} commands",
        answers.len()
    );
    for (reason, heard) in &answers {
        let told = audit.get(reason).copied().unwrap_or(0);
        assert!(told <= 1, "{reason} is told {told} times");
        assert!(!heard || told == 1, "nothing is told of {reason}");
    }
    for reason in audit.keys() {
        assert!(
            answers.contains_key(reason),
            "nobody has asked for {reason}"
        );
    }

    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    let alive = alive.0.lock().unwrap_or_else(PoisonError::into_inner);
    for (path, (now, most)) in &*alive {
        assert_eq!(*now, 0, "`{path}` is left");
        assert_eq!(*most, 1, "`{path}` had copies");
    }
    println!(
        "{} commands, {} events, {} paths",
        answers.len(),
        snapshot.as_of_seq,
        alive.len()
    );
}

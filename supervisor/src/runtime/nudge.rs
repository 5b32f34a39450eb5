//! A thread that sees to it that deadlines are noticed although the timers of a runtime stand still.
//!
//! Of the workers of a tokio runtime one at a time looks after its timers, while it has nothing else
//! to do. When that one takes up a task which then blocks its thread, no other takes over, however
//! many are idle, until something wakes one of them. Without help a stop beside such a child would
//! have no bound (I8), nor would the child's own limits.
//!
//! The thread sleeps until some time after the earliest deadline of all trees. Where that has not
//! been noticed by then, it spawns a task on the tree's runtime: that wakes a worker, which looks at
//! the tree and after the timers from then on. Where no worker is free nothing happens, and nobody
//! is accused: see the limits of stopping in the documentation of the crate.
//!
//! There is one such thread in a process, from the first deadline on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::tree::Tree;
use crate::panics::{drop_quietly, quietly};

/// How late a deadline is noticed before the thread helps.
const GRACE: Duration = Duration::from_millis(20);
/// How often it looks again at a tree that it has helped already.
const AGAIN: Duration = Duration::from_millis(50);

/// For how long a tree has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leisure {
    /// It has no deadline.
    Endless,
    /// A deadline has passed, and has not been noticed for this long.
    Over(Duration),
    Until(Duration),
}

/// The help that a tree is given, where another worker could take over.
#[derive(Debug)]
pub(super) struct Nudge {
    /// A task has been spawned, and has not run yet.
    pending: AtomicBool,
}

impl Nudge {
    /// None on a runtime of one thread: that looks after its timers as soon as it is free.
    pub(super) fn on(runtime: &Handle) -> Option<Self> {
        let several = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread;
        several.then(|| Self {
            pending: AtomicBool::new(false),
        })
    }
}

static TREES: Mutex<Vec<Weak<Tree>>> = Mutex::new(Vec::new());
static EARLIER: Condvar = Condvar::new();
/// When the thread wakes up, in nanoseconds since it was first thought of.
static WAKES: AtomicU64 = AtomicU64::new(u64::MAX);

/// Keeps an eye on a tree for as long as there is one.
pub(super) fn watch(tree: &Arc<Tree>) {
    if tree.nudge.is_none() {
        return;
    }
    let mut trees = trees();
    trees.retain(|tree| tree.strong_count() > 0);
    trees.push(Arc::downgrade(tree));
}

/// A tree has a deadline in so much time that is earlier than those it had.
pub(super) fn expect(left: Duration) {
    static THREAD: Once = Once::new();

    let at = nanos(since_epoch() + left + GRACE);
    if at >= WAKES.load(Ordering::SeqCst) {
        return;
    }
    THREAD.call_once(|| {
        let thread = std::thread::Builder::new().name("supervisor-nudge".into());
        // Without a thread it is as if this module did not exist.
        drop(thread.spawn(run));
    });
    // The thread looks once more under the lock before it sleeps.
    let trees = trees();
    WAKES.fetch_min(at, Ordering::SeqCst);
    drop(trees);
    EARLIER.notify_one();
}

fn run() {
    loop {
        // Whoever has an earlier deadline from here on says so.
        WAKES.store(u64::MAX, Ordering::SeqCst);
        let watched = trees().clone();
        let mut next = None;
        for tree in watched.into_iter().filter_map(|tree| tree.upgrade()) {
            let left = look_again_in(tree.leisure(), || quietly(|| help(&tree)));
            next = next.into_iter().chain(left).min();
            // Its last reference may be this one.
            drop_quietly(tree);
        }
        sleep(next);
    }
}

/// When to look at a tree again, which is helped where a deadline has passed. Others are not kept
/// waiting by one that cannot be helped.
fn look_again_in(leisure: Leisure, help: impl FnOnce()) -> Option<Duration> {
    match leisure {
        Leisure::Endless => None,
        Leisure::Until(left) => Some(left + GRACE),
        Leisure::Over(late) if late < GRACE => Some(GRACE),
        Leisure::Over(_) => {
            help();
            Some(AGAIN)
        }
    }
}

/// Sleeps for so long, or until somebody has an earlier deadline.
fn sleep(left: Option<Duration>) {
    let mut trees = trees();
    trees.retain(|tree| tree.strong_count() > 0);
    let at = left.map_or(u64::MAX, |left| nanos(since_epoch() + left));
    // Somebody may have said so since it was looked.
    let at = at.min(WAKES.load(Ordering::SeqCst));
    WAKES.store(at, Ordering::SeqCst);
    let as_before = |_: &mut Vec<_>| WAKES.load(Ordering::SeqCst) >= at;
    if at == u64::MAX {
        drop(EARLIER.wait_while(trees, as_before));
    } else {
        let left = Duration::from_nanos(at).saturating_sub(since_epoch());
        drop(EARLIER.wait_timeout_while(trees, left, as_before));
    }
}

/// Has a worker look at the tree, if one is free.
fn help(tree: &Arc<Tree>) {
    let asked = |tree: &Tree, so: bool| match &tree.nudge {
        Some(nudge) => nudge.pending.swap(so, Ordering::SeqCst),
        None => true,
    };
    if asked(tree, true) {
        return;
    }
    let helped = Arc::clone(tree);
    drop(tree.runtime.spawn(async move {
        asked(&helped, false);
        helped.look();
    }));
}

fn trees() -> MutexGuard<'static, Vec<Weak<Tree>>> {
    TREES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn since_epoch() -> Duration {
    static EPOCH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();

    EPOCH.get_or_init(Instant::now).elapsed()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_helped_when_it_is_late_and_looked_at_again() {
        let again = |leisure| {
            let mut helps = false;
            (look_again_in(leisure, || helps = true), helps)
        };
        let ms = Duration::from_millis;
        assert_eq!(again(Leisure::Endless), (None, false));
        assert_eq!(again(Leisure::Until(ms(5))), (Some(ms(25)), false));
        assert_eq!(again(Leisure::Over(ms(5))), (Some(ms(20)), false));
        assert_eq!(again(Leisure::Over(ms(20))), (Some(ms(50)), true));
    }
}

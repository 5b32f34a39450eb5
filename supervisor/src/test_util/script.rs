//! Children that do what a test has written down.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::id::types::ChildId;
use crate::spec::child::ChildSpec;
use crate::task::context::TaskContext;
use crate::task::outcome::TaskResult;

/// What the attempts of a child do, one after the other; the last turn is repeated.
///
/// Cheap to clone: a clone is the same script, and of several children that play it each attempt
/// takes the next turn.
///
/// # Examples
///
/// ```
/// use rust_supervisor::test_util::{Script, Turn};
///
/// let flaky = Script::new([Turn::fail("no route"), Turn::run()]);
/// let spec = flaky.child("feed");
/// assert_eq!(flaky.started(), 0);
/// # drop(spec);
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    turns: Vec<Turn>,
    started: AtomicUsize,
    /// What the test has told the attempt that runs to do.
    order: Mutex<Option<Turn>>,
    ordered: Notify,
}

/// What one attempt does.
#[derive(Clone, Debug)]
pub struct Turn {
    after: Duration,
    deed: Deed,
}

#[derive(Clone, Debug)]
enum Deed {
    Decline,
    Fail(String),
    Finish,
    Hang,
    Panic(String),
    Run,
}

impl Turn {
    /// Declines to run.
    #[must_use]
    pub const fn decline() -> Self {
        Self::new(Deed::Decline)
    }

    /// Ends with an error.
    #[must_use]
    pub fn fail(message: impl Into<String>) -> Self {
        Self::new(Deed::Fail(message.into()))
    }

    /// Ends normally.
    #[must_use]
    pub const fn finish() -> Self {
        Self::new(Deed::Finish)
    }

    /// Does not hear that it is to stop, and has to be dropped.
    #[must_use]
    pub const fn hang() -> Self {
        Self::new(Deed::Hang)
    }

    /// Panics.
    #[must_use]
    pub fn panic(message: impl Into<String>) -> Self {
        Self::new(Deed::Panic(message.into()))
    }

    /// Says that it is ready, and runs until it is asked to stop, or [told](Script::tell) what to
    /// do.
    #[must_use]
    pub const fn run() -> Self {
        Self::new(Deed::Run)
    }

    /// Does so after a while; a stop that comes before ends it normally.
    #[must_use]
    pub const fn after(mut self, while_: Duration) -> Self {
        self.after = while_;
        self
    }

    const fn new(deed: Deed) -> Self {
        Self {
            after: Duration::ZERO,
            deed,
        }
    }
}

impl Script {
    /// A script of these turns; without any, its child runs.
    #[must_use]
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self {
            shared: Arc::new(Shared {
                turns: turns.into_iter().collect(),
                started: AtomicUsize::new(0),
                order: Mutex::new(None),
                ordered: Notify::new(),
            }),
        }
    }

    /// A child that plays the script.
    pub fn child(&self, id: impl Into<ChildId>) -> ChildSpec {
        let script = self.clone();
        ChildSpec::from_fn(id, move |ctx| script.clone().play(ctx))
    }

    /// How many attempts have begun.
    #[must_use]
    pub fn started(&self) -> usize {
        self.shared.started.load(Ordering::SeqCst)
    }

    /// Tells the attempt that [runs](Turn::run), or the next one that does, what to do now.
    pub fn tell(&self, turn: Turn) {
        *self.order() = Some(turn);
        self.shared.ordered.notify_one();
    }

    async fn play(self, ctx: TaskContext) -> TaskResult {
        let place = self.shared.started.fetch_add(1, Ordering::SeqCst);
        let turns = &self.shared.turns;
        let turn = turns.get(place).or_else(|| turns.last()).cloned();
        let mut turn = turn.unwrap_or_else(Turn::run);
        loop {
            if !turn.after.is_zero() {
                let pause = tokio::time::sleep(turn.after);
                if ctx.until_cancelled(pause).await.is_none() {
                    return TaskResult::Succeeded;
                }
            }
            match turn.deed {
                Deed::Decline => return TaskResult::Ignored,
                Deed::Fail(message) => return TaskResult::Failed(message.into()),
                Deed::Finish => return TaskResult::Succeeded,
                Deed::Hang => pending::<()>().await,
                Deed::Panic(message) => panic!("{message}"),
                Deed::Run => ctx.mark_ready(),
            }
            match ctx.until_cancelled(self.ordered()).await {
                Some(told) => turn = told,
                None => return TaskResult::Succeeded,
            }
        }
    }

    async fn ordered(&self) -> Turn {
        loop {
            let told = self.shared.ordered.notified();
            if let Some(turn) = self.order().take() {
                return turn;
            }
            told.await;
        }
    }

    fn order(&self) -> std::sync::MutexGuard<'_, Option<Turn>> {
        let order = self.shared.order.lock();
        order.unwrap_or_else(PoisonError::into_inner)
    }
}

//! What the tests of promises share: a log of what children did, and a count of those alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::{ChildSpec, SupervisorHandle, TaskContext};
use tokio::sync::Notify;

/// What children did, in order, and how many copies of each are alive.
///
/// A copy is alive until the last thing of its destructor, so that a successor that starts too
/// early is seen.
#[derive(Clone, Debug, Default)]
pub struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    alive: HashMap<String, usize>,
    most: HashMap<String, usize>,
}

/// One live copy of a child; logs its start and its end.
#[derive(Debug)]
pub struct Live {
    log: Log,
    name: String,
    takes: Duration,
}

impl Log {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn write(&self, line: impl Into<String>) {
        self.lock().lines.push(line.into());
        self.inner.news.notify_waiters();
    }

    /// A copy of this child lives until the answer is dropped.
    #[must_use]
    pub fn live(&self, name: &str) -> Live {
        self.live_slow(name, Duration::ZERO)
    }

    /// As [`Log::live`]; its destructor takes this long, and is alive until then.
    #[must_use]
    pub fn live_slow(&self, name: &str, takes: Duration) -> Live {
        {
            let mut state = self.lock();
            let alive = state.alive.entry(name.to_owned()).or_default();
            *alive += 1;
            let alive = *alive;
            let most = state.most.entry(name.to_owned()).or_default();
            *most = alive.max(*most);
            state.lines.push(format!("+{name}"));
        }
        self.inner.news.notify_waiters();
        Live {
            log: self.clone(),
            name: name.to_owned(),
            takes,
        }
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// All lines so far, which are taken out.
    #[allow(clippy::must_use_candidate, reason = "also called to begin anew")]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().lines)
    }

    /// How often a line was written.
    #[must_use]
    pub fn count(&self, line: &str) -> usize {
        self.lock()
            .lines
            .iter()
            .filter(|written| *written == line)
            .count()
    }

    /// Copies alive, of all children.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.lock().alive.values().sum()
    }

    /// The most copies of one child that were ever alive at a time.
    #[must_use]
    pub fn most_alive(&self) -> usize {
        self.lock().most.values().copied().max().unwrap_or(0)
    }

    /// Waits until the line has been written this often.
    ///
    /// # Panics
    ///
    /// After two minutes, of the paused clock where that is used.
    pub async fn wait_for(&self, line: &str, times: usize) {
        let written = async {
            loop {
                let news = self.inner.news.notified();
                if self.count(line) >= times {
                    return;
                }
                news.await;
            }
        };
        let patience = Duration::from_secs(120);
        let waited = tokio::time::timeout(patience, written).await;
        assert!(
            waited.is_ok(),
            "`{line}` was not written {times} times: {:?}",
            self.lines()
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if !self.takes.is_zero() {
            std::thread::sleep(self.takes);
        }
        {
            let mut state = self.log.lock();
            state.lines.push(format!("-{}", self.name));
            if let Some(alive) = state.alive.get_mut(&self.name) {
                *alive -= 1;
            }
        }
        self.log.inner.news.notify_waiters();
    }
}

/// A child that lives until it is asked to stop, and then takes this long.
pub fn obedient(name: &'static str, log: &Log, takes: Duration) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let log = log.clone();
        async move {
            let _live = log.live(name);
            ctx.mark_ready();
            ctx.cancelled().await;
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
        }
    })
    .backoff(Backoff::none())
}

/// A child that lives until it is asked to stop, or told to fail.
pub fn fragile(name: &'static str, log: &Log, fail: &Arc<Notify>) -> ChildSpec {
    let (log, fail) = (log.clone(), Arc::clone(fail));
    ChildSpec::from_fn(name, move |ctx: TaskContext| {
        let (log, fail) = (log.clone(), Arc::clone(&fail));
        async move {
            let _live = log.live(name);
            ctx.mark_ready();
            match ctx.until_cancelled(fail.notified()).await {
                None => Ok(()),
                Some(()) => Err(format!("{name} was told to fail")),
            }
        }
    })
    .backoff(Backoff::none())
}

/// A child that lives for ever, whatever it is asked to.
pub fn deaf(name: &'static str, log: &Log) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx: TaskContext| {
        let live = log.live(name);
        async move {
            let _live = live;
            std::future::pending::<()>().await;
        }
    })
}

/// A child called `blocker`, whose first attempt occupies its thread until it is let go.
///
/// # Panics
///
/// The child does, if there are two of it at a time.
pub fn blocker(log: &Log) -> (ChildSpec, mpsc::Sender<()>) {
    let (let_go, held) = mpsc::channel::<()>();
    let (log, held) = (log.clone(), Arc::new(Mutex::new(held)));
    let child = ChildSpec::from_fn("blocker", move |ctx: TaskContext| {
        let (log, held) = (log.clone(), Arc::clone(&held));
        async move {
            let _live = log.live("blocker");
            if ctx.generation().value == 0 {
                // Without a limit a failed test would not end either.
                let held = held.lock().expect("one attempt at a time");
                let _ = held.recv_timeout(Duration::from_secs(20));
            }
            ctx.cancelled().await;
        }
    })
    .backoff(Backoff::none());
    (child, let_go)
}

/// Waits until a child is in this state.
///
/// # Panics
///
/// When there is no such child.
pub async fn until_state(handle: &SupervisorHandle, path: &str, state: ChildState) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of(path).expect("is there").state != state {
        events.next().await;
    }
}

/// How all attempts have ended, in their words; waits for the end of the tree.
pub async fn exits(handle: &SupervisorHandle) -> Vec<String> {
    let mut events = handle.events_after(0);
    let mut exits = Vec::new();
    while let Some(event) = events.next().await {
        if let Observed::Event(event) = event {
            if let EventKind::Exited(exit) = event.kind {
                exits.push(exit.to_string());
            }
        }
    }
    exits
}

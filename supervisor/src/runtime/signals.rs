//! Signals: the first one stops the trees that are run, the next one ends the process.
//!
//! They are heard on a thread of their own, one for the process. A runtime may be gone when the
//! second one comes, or be waiting for a thread that does not yield, and tokio's handlers stay
//! installed all the same: from the first `run` on, a signal without a tree to stop ends the
//! process, as it would without us.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tokio::sync::oneshot;

/// The runs that have not been told to stop.
static RUNS: Mutex<Vec<Run>> = Mutex::new(Vec::new());

struct Run {
    id: u64,
    stop: oneshot::Sender<()>,
}

/// A run that is listening; takes itself out when it is over.
struct Listening(u64);

impl Drop for Listening {
    fn drop(&mut self) {
        runs().retain(|run| run.id != self.0);
    }
}

/// Listens from now on, if that is wanted; the answer resolves at the first signal.
pub(super) fn listen(wanted: bool) -> impl Future<Output = ()> {
    static THREAD: Once = Once::new();

    let listening = wanted.then(|| {
        let (stop, stopped) = oneshot::channel();
        let id = register(stop);
        THREAD.call_once(spawn);
        (Listening(id), stopped)
    });
    async move {
        if let Some((_listening, stopped)) = listening {
            if stopped.await.is_ok() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

fn register(stop: oneshot::Sender<()>) -> u64 {
    static IDS: AtomicU64 = AtomicU64::new(0);

    let id = IDS.fetch_add(1, Ordering::Relaxed);
    runs().push(Run { id, stop });
    id
}

fn runs() -> MutexGuard<'static, Vec<Run>> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn() {
    let thread = std::thread::Builder::new().name("supervisor-signals".into());
    let spawned = thread.spawn(|| {
        if let Err(error) = hear() {
            complain(&error);
        }
    });
    if let Err(error) = spawned {
        complain(&error);
    }
}

fn complain(error: &std::io::Error) {
    tracing::error!(
        target: "rust_supervisor::lifecycle",
        "signals cannot be handled, a tree stops only by itself: {error}"
    );
}

fn hear() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        loop {
            let code = signals.next().await;
            let told = std::mem::take(&mut *runs());
            if told.is_empty() {
                std::process::exit(code);
            }
            for run in told {
                // One that has ended in the meantime does not listen any more.
                let _ = run.stop.send(());
            }
        }
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The exit code that the next signal stands for: 128 and its number.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}

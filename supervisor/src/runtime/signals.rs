//! Signals: the first one stops the tree, the second one ends the process.
//!
//! They are heard on a thread of their own. The runtime may be gone when the second one comes, or
//! be waiting for a thread that does not yield, and tokio's handlers stay installed all the same.

use tokio::sync::oneshot;

/// Listens from now on, if that is wanted; the answer resolves at the first signal.
pub(super) fn listen(wanted: bool) -> impl Future<Output = ()> {
    let heard = if wanted { spawn() } else { None };
    async move {
        let signalled = match heard {
            // A thread that could not listen has said so, and drops its end.
            Some(heard) => heard.await.is_ok(),
            None => false,
        };
        if !signalled {
            std::future::pending::<()>().await;
        }
    }
}

fn spawn() -> Option<oneshot::Receiver<()>> {
    let (first, heard) = oneshot::channel();
    let thread = std::thread::Builder::new().name("supervisor-signals".into());
    let spawned = thread.spawn(move || {
        if let Err(error) = listen_blocking(first) {
            tracing::error!(
                target: "rust_supervisor::lifecycle",
                "signals cannot be handled, the tree stops only by itself: {error}"
            );
        }
    });
    // Without the thread its end of the channel is gone, which is never resolved.
    spawned.is_ok().then_some(heard)
}

fn listen_blocking(first: oneshot::Sender<()>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        signals.next().await;
        // A tree that has ended in the meantime does not listen any more.
        let _ = first.send(());
        let code = signals.next().await;
        std::process::exit(code);
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

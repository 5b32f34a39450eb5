//! Signals: the first one stops the tree, the second one ends the process.

/// Resolves at the first signal; the second one does not return. Never resolves if not wanted.
pub(super) async fn first(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(
                target: "rust_supervisor::lifecycle",
                "signals cannot be handled, the tree stops only by itself: {error}"
            );
            return std::future::pending().await;
        }
    };
    signals.next().await;
    // Its own task: the second signal must be heard whatever the stop waits for.
    drop(tokio::spawn(async move {
        let code = signals.next().await;
        std::process::exit(code);
    }));
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

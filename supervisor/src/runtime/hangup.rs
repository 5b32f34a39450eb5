//! SIGHUP: the tree is reloaded from its file, where that is asked for.

use std::path::{Path, PathBuf};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinError;

use crate::config::file::TreeFile;
use crate::config::reload::{ReloadError, Reloading};
use crate::control::audit::Audit;
use crate::control::handle::TreeRef;

/// A file that is read again at every hang-up.
pub(super) struct Hangups {
    file: PathBuf,
    signals: std::io::Result<Signal>,
}

impl Hangups {
    /// Hang-ups are heard from now on, also before there is a tree.
    pub(super) fn of(file: PathBuf) -> Self {
        let signals = signal(SignalKind::hangup());
        Self { file, signals }
    }

    /// Reloads the tree at every hang-up; never ends.
    pub(super) async fn reload(hangups: Option<Self>, tree: TreeRef) {
        match hangups.map(|hangups| (hangups.file, hangups.signals)) {
            Some((file, Ok(signals))) => at_every(signals, file, tree).await,
            Some((_, Err(error))) => tracing::error!(
                target: "rust_supervisor::lifecycle",
                "SIGHUP cannot be handled, the tree is not reloaded: {error}"
            ),
            None => {}
        }
        std::future::pending::<()>().await;
    }
}

/// Takes one file after the other, so that the newest wins. What takes time is what follows from
/// one: the next does not wait for that.
async fn at_every(mut hangups: Signal, file: PathBuf, tree: TreeRef) {
    while hangups.recv().await.is_some() {
        match take(&file, &tree).await {
            Ok(reloading) => drop(tokio::spawn(tell(file.clone(), tree.clone(), reloading))),
            Err(error) => not_reloaded(&error),
        }
    }
}

async fn take(file: &Path, tree: &TreeRef) -> Result<Reloading, NotTaken> {
    // Files are read where they may block nobody.
    let path = file.to_owned();
    let file = tokio::task::spawn_blocking(move || TreeFile::load(path)).await?;
    let file = file.map_err(ReloadError::from)?;
    let audit = Audit::new("SIGHUP", "the file has changed").map_err(ReloadError::from)?;
    // Arguments are read, and children made, by code of the user's. Where that panics, it takes
    // along this task alone, and not whoever runs the tree.
    let tree = tree.clone();
    let taking = tokio::spawn(async move { tree.take(&file, audit).await });
    Ok(taking.await??)
}

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("{0}")]
    Refused(#[from] ReloadError),
    #[error("reading it has not come to its end: {0}")]
    Unread(#[from] JoinError),
}

async fn tell(file: PathBuf, tree: TreeRef, reloading: Reloading) {
    match reloading.done(&tree).await {
        Ok(plan) => tracing::info!(
            target: "rust_supervisor::lifecycle",
            "reloaded from {}: {plan}",
            file.display()
        ),
        Err(error) => not_reloaded(&error),
    }
}

fn not_reloaded(error: &dyn std::error::Error) {
    tracing::error!(
        target: "rust_supervisor::lifecycle",
        "not reloaded, nothing has changed: {error}"
    );
}

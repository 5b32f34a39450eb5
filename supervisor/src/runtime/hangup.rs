//! SIGHUP: the tree is reloaded from its file, where that is asked for.

use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use crate::config::file::TreeFile;
use crate::config::reload::{ReloadError, ReloadPlan};
use crate::control::handle::TreeRef;

/// Reloads the tree at every hang-up; never ends.
pub(super) async fn reload(file: Option<PathBuf>, tree: TreeRef) {
    let Some(file) = file else {
        return std::future::pending().await;
    };
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::error!(
                target: "rust_supervisor::lifecycle",
                "SIGHUP cannot be handled, the tree is not reloaded: {error}"
            );
            return std::future::pending().await;
        }
    };
    while hangups.recv().await.is_some() {
        match once(&file, &tree).await {
            Ok(plan) => tracing::info!(
                target: "rust_supervisor::lifecycle",
                "reloaded from {}: {plan}",
                file.display()
            ),
            Err(error) => tracing::error!(
                target: "rust_supervisor::lifecycle",
                "not reloaded, nothing has changed: {error}"
            ),
        }
    }
    std::future::pending::<()>().await;
}

async fn once(file: &Path, tree: &TreeRef) -> Result<ReloadPlan, ReloadError> {
    // Files are read where they may block nobody.
    let path = file.to_owned();
    let read = tokio::task::spawn_blocking(move || TreeFile::load(path)).await;
    let file = match read {
        Ok(read) => read?,
        // The runtime is going.
        Err(_) => return Err(crate::SupervisorError::TreeGone.into()),
    };
    tree.reload(&file, "SIGHUP", "the file has changed").await
}

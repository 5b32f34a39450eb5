//! A library that is as strict as a library can be, and whose children are public.
//!
//! That it compiles, under Clippy too, and that its documentation builds with warnings denied, is the
//! test: nothing that the macros write warns in it. Links to a supervised function lead to the
//! function: [`feed`], [`feed()`], [fn@feed], [`sources::poll`], and [`tree`] uses them.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    clippy::nursery,
    clippy::pedantic,
    missing_docs,
    rustdoc::all,
    unnameable_types,
    unreachable_pub,
    unused_qualifications
)]

use std::cell::Cell;
use std::io;
use std::path::PathBuf;

use rust_supervisor::{SupervisorSpec, TaskContext, supervised, supervisor_tree};

/// Mirrors the exchange feed; see [`index`] for what becomes of it.
///
/// # Errors
///
/// When there is no feed.
#[supervised(
    backoff = "100ms..30s",
    shutdown = "10s",
    readiness = "explicit",
    heartbeat = "1m"
)]
pub async fn feed(ctx: TaskContext, name: String, cache: &Vec<u8>) -> Result<(), io::Error> {
    ctx.mark_ready();
    ctx.cancelled().await;
    drop((name, cache.len()));
    Ok(())
}

/// Looks through the files below a path.
///
/// # Errors
///
/// When it cannot be read.
#[supervised(blocking, fuse = "5/1h", tags = ["disk"])]
pub fn index(ctx: TaskContext, path: PathBuf) -> io::Result<()> {
    for entry in path.read_dir()? {
        if ctx.is_cancelled() {
            break;
        }
        drop(entry?);
    }
    Ok(())
}

/// Paints on the one thread that may.
#[supervised(local, stall_after = "1s", on_stuck = "escalate")]
pub async fn paint(ctx: TaskContext, frames: &Cell<u64>, limit: u8) {
    let frame = std::rc::Rc::new(Cell::new(limit));
    ctx.cancelled().await;
    frames.set(frames.get() + u64::from(frame.get()));
}

/// Where data is from.
pub mod sources {
    use rust_supervisor::supervised;

    /// Asks again and again, what [`feed`](fn@super::feed) is told.
    #[supervised(restart = "permanent")]
    pub async fn poll<S: Clone + Send + Sync + 'static>(source: S, steps: &mut Vec<S>) -> ! {
        loop {
            steps.push(source.clone());
            std::future::pending::<()>().await;
        }
    }
}

#[deprecated = "take `feed`"]
#[supervised]
/// What was before [`feed`].
pub async fn old_feed() {}

/// All of them.
pub fn tree(path: PathBuf) -> SupervisorSpec {
    supervisor_tree! {
        strategy = "rest_for_one",
        intensity = "5/60s",
        on_exhausted = "quarantine",
        shutdown_within = "60s",
        feed("eu".to_owned(), Vec::new()),
        index(path) { after = [feed] },
        sources: {
            tags = ["outside"],
            poll: sources::poll("eu", Vec::new()),
            #[cfg(any())]
            other: sources::poll("us", Vec::new()),
        },
        paint(Cell::new(0), 3),
    }
}

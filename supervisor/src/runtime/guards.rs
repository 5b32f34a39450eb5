//! What a build and a runtime must have for a tree to be run on.

use std::future::Future;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::Once;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::warn;

use crate::error::types::StartError;
use crate::panics;

/// The present runtime, if a tree can be run on it.
pub(super) fn present_runtime() -> Result<Handle, StartError> {
    warn_of_abort();
    let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    if is_shutting_down(&runtime) {
        return Err(StartError::RuntimeShuttingDown);
    }
    // Without a time driver this panics, and nothing else tells.
    catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).map_err(|payload| {
        panics::forget(payload);
        StartError::NoTimeDriver
    })?;
    Ok(runtime)
}

/// Once in a process: nothing can be supervised where the first panic ends it.
fn warn_of_abort() {
    static WARNED: Once = Once::new();
    if cfg!(panic = "abort") {
        WARNED.call_once(|| {
            panics::quietly(|| {
                warn!(
                    target: "rust_supervisor::lifecycle",
                    parent: None,
                    "this program is built with `panic = \"abort\"`: the first panic of a child \
                     ends the process, and no supervisor can help; build it with `panic = \
                     \"unwind\"`"
                );
            });
        });
    }
}

/// A runtime that shuts down drops what is spawned on it at once.
fn is_shutting_down(runtime: &Handle) -> bool {
    let probe = pin!(runtime.spawn(async {}));
    let mut cx = Context::from_waker(Waker::noop());
    match probe.poll(&mut cx) {
        Poll::Ready(Err(error)) => error.is_cancelled(),
        Poll::Ready(Ok(())) | Poll::Pending => false,
    }
}

//! Attempts on the blocking pool. They cannot be dropped: their end is waited for.

use std::convert::Infallible;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::sync::{Mutex, lock};
use crate::error::types::ServeError;
use crate::event::exit::{During, Panic};
use crate::panics;
use crate::task::context::TaskContext;
use crate::task::outcome::{IntoTaskResult, TaskResult};

/// Where the state of a blocking child is between its attempts.
#[derive(Debug)]
pub(crate) struct Home<S> {
    state: Mutex<Option<S>>,
}

impl<S> Home<S> {
    pub(crate) fn new(state: S) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(Some(state)),
        })
    }

    /// Lends the state to one attempt; it comes back with the answer.
    fn lend<R>(&self, to: impl FnOnce(&mut S) -> R) -> Option<R> {
        let mut state = lock(&self.state).take()?;
        let result = to(&mut state);
        *lock(&self.state) = Some(state);
        Some(result)
    }
}

/// One attempt: the function runs on the blocking pool as a member of the attempt, which is not over
/// before it has returned, whatever becomes of this future and of the runtime.
pub(crate) async fn attempt<S, T, F>(
    home: Arc<Home<S>>,
    run: Arc<F>,
    ctx: TaskContext,
) -> TaskResult
where
    S: Send + 'static,
    T: IntoTaskResult,
    F: Fn(TaskContext, &mut S) -> T + Send + Sync + 'static,
{
    let (tell, told) = oneshot::channel::<Result<TaskResult, Panic>>();
    let given = ctx.clone();
    let code = move || {
        let outcome =
            home.lend(|state| panics::catch(During::Poll, || run(given, state).into_task_result()));
        // Back from the loan, and not needed any more, before anybody hears of it.
        drop((home, run));
        if let Some(outcome) = outcome {
            // Who does not wait any more has gone with the runtime.
            let _ = tell.send(outcome);
        }
        Ok::<_, Infallible>(())
    };
    // Tokio panics where the operating system gives no thread.
    let spawned = panics::catch(During::Build, || ctx.spawn_body(code));
    if let Err(panic) = spawned {
        return TaskResult::failed(ServeError::NoBlockingThread {
            message: panic.message,
        });
    }
    match told.await {
        Ok(Ok(result)) => result,
        // To the driver, which catches it like one of its own.
        Ok(Err(panic)) => resume_unwind(Box::new(panic)),
        // Taken from the queue: the driver knows.
        Err(_) if ctx.is_aborting() => pending().await,
        Err(_) => TaskResult::failed(ServeError::RuntimeShuttingDown),
    }
}

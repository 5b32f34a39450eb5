//! Attempts on the blocking pool. They cannot be dropped: their end is waited for.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use super::current;
use crate::event::exit::During;
use crate::panics;
use crate::task::context::TaskContext;
use crate::task::outcome::{IntoTaskResult, TaskResult};

/// Where the state of a blocking child is between its attempts.
#[derive(Debug)]
pub(crate) struct Home<S> {
    state: Mutex<Option<S>>,
}

impl<S> Home<S> {
    pub(crate) const fn new(state: S) -> Self {
        Self {
            state: Mutex::new(Some(state)),
        }
    }

    fn take(&self) -> Option<S> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn put_back(&self, state: S) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }
}

/// One attempt: the state goes to the blocking pool and comes back with the result.
///
/// A state that the runtime took along when it went away does not come back; nor does anything
/// run after that.
pub(crate) async fn attempt<S, T, F>(home: &Home<S>, run: Arc<F>, ctx: TaskContext) -> TaskResult
where
    S: Send + 'static,
    T: IntoTaskResult,
    F: Fn(TaskContext, &mut S) -> T + Send + Sync + 'static,
{
    let Some(mut state) = home.take() else {
        return TaskResult::failed("the runtime has gone, and took the child's state along");
    };
    let mark = ctx.mark();
    let work = move || {
        let outcome = {
            let _mark = mark.map(|(tree, child)| current::enter(tree, child));
            panics::catch(During::Poll, || run(ctx, &mut state).into_task_result())
        };
        (state, outcome)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok((state, outcome)) => {
            home.put_back(state);
            // To the driver, which catches it like one of its own.
            outcome.unwrap_or_else(|panic| resume_unwind(Box::new(panic)))
        }
        Err(gone) => TaskResult::failed(gone),
    }
}

//! An attempt of a supervised function, and what its result comes to.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::outcome::TaskResult;

pin_project! {
    /// By hand: an `async` block would keep the future twice, once before it is polled.
    struct Attempt<Fut, F> {
        #[pin]
        future: Fut,
        outcome: F,
    }
}

/// Runs a future to its outcome.
pub fn attempt<Fut, F>(future: Fut, outcome: F) -> impl Future<Output = TaskResult>
where
    Fut: Future,
    F: Fn(Fut::Output) -> TaskResult,
{
    Attempt { future, outcome }
}

impl<Fut, F> Future for Attempt<Fut, F>
where
    Fut: Future,
    F: Fn(Fut::Output) -> TaskResult,
{
    type Output = TaskResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TaskResult> {
        let this = self.project();
        this.future.poll(cx).map(this.outcome)
    }
}

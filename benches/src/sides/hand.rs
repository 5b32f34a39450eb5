//! Stopping by hand: a task and a token for each child, and its handle to wait for its end.
//!
//! Nothing is restarted; only the stop in order is to be compared.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Crash, Supervise};

pub(crate) struct Hand;

impl Supervise for Hand {
    type Stop = CancellationToken;
    type Tree = Vec<(CancellationToken, JoinHandle<()>)>;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> Self::Tree
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let all = CancellationToken::new();
        let start = |place| {
            let (mut child, token) = (child(place), all.child_token());
            let attempt = child(token.clone());
            let task = tokio::spawn(async move {
                // Idle children do not fail.
                drop(attempt.await);
            });
            (token, task)
        };
        (0..children).map(start).collect()
    }

    async fn stop(tree: Self::Tree) {
        for (token, task) in tree.into_iter().rev() {
            token.cancel();
            task.await.expect("an idle child does not panic");
        }
    }
}

//! The floor: what a good engineer writes in half an hour, and what supervision cannot cost less
//! than as long as every attempt is a task of its own.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Crash, Stop, Supervise};

pub(crate) struct Floor;

pub(crate) struct Tree {
    stop: CancellationToken,
    supervisor: JoinHandle<()>,
}

impl Supervise for Floor {
    type Stop = CancellationToken;
    type Tree = Tree;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> Tree
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let children = (0..children).map(child).collect();
        let supervisor = tokio::spawn(supervise(children, stop.clone()));
        Tree { stop, supervisor }
    }

    async fn stop(tree: Tree) {
        tree.stop.cancel();
        tree.supervisor.await.expect("the floor does not panic");
    }
}

impl Stop for CancellationToken {
    fn asked(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

async fn supervise<F, Fut>(mut children: Vec<F>, stop: CancellationToken)
where
    F: FnMut(CancellationToken) -> Fut,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    let mut attempts = JoinSet::new();
    let mut places = HashMap::with_capacity(children.len());
    for (place, child) in children.iter_mut().enumerate() {
        let attempt = attempts.spawn(child(stop.clone()));
        places.insert(attempt.id(), place);
    }
    while let Some(ended) = attempts.join_next_with_id().await {
        let (id, failed) = match ended {
            Ok((id, result)) => (id, result.is_err()),
            Err(error) => (error.id(), true),
        };
        let place = places.remove(&id).expect("every attempt has a place");
        if failed && !stop.is_cancelled() {
            let attempt = attempts.spawn(children[place](stop.clone()));
            places.insert(attempt.id(), place);
        }
    }
}

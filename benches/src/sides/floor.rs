//! The floor: what a good engineer writes in half an hour, and what supervision cannot cost less
//! than as long as every attempt is a task of its own.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use tokio::task::{self, Id, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Crash, NotesPanics, Stop, Supervise, Together};

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

impl Together for Floor {
    async fn start_together<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> Tree
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let children = (0..children).map(child).collect();
        let supervisor = tokio::spawn(supervise_together(children, stop.clone()));
        Tree { stop, supervisor }
    }
}

/// Where panics happened, by the task that has panicked; whoever joins it takes the note.
static NOTES: Mutex<Option<HashMap<Id, String>>> = Mutex::new(None);

impl NotesPanics for Floor {
    fn note_panics() {
        std::panic::set_hook(Box::new(|info| {
            if let (Some(id), Some(place)) = (task::try_id(), info.location()) {
                let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
                let notes = notes.get_or_insert_default();
                notes.insert(id, place.to_string());
            }
        }));
    }
}

/// What there is to tell of a panic.
fn note(id: Id, payload: &(dyn Any + Send)) -> (Option<String>, String) {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = notes.as_mut().and_then(|notes| notes.remove(&id));
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    (place, message.unwrap_or_default())
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
            Err(error) => {
                let id = error.id();
                if let Ok(payload) = error.try_into_panic() {
                    black_box(note(id, &*payload));
                }
                (id, true)
            }
        };
        let place = places.remove(&id).expect("every attempt has a place");
        if failed && !stop.is_cancelled() {
            let attempt = attempts.spawn(children[place](stop.clone()));
            places.insert(attempt.id(), place);
        }
    }
}

/// One fails: all are told to stop and waited for, then all are started.
async fn supervise_together<F, Fut>(mut children: Vec<F>, stop: CancellationToken)
where
    F: FnMut(CancellationToken) -> Fut,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    let mut attempts = JoinSet::new();
    while !stop.is_cancelled() {
        let group = stop.child_token();
        for child in &mut children {
            attempts.spawn(child(group.clone()));
        }
        while let Some(ended) = attempts.join_next().await {
            if !matches!(ended, Ok(Ok(()))) {
                group.cancel();
            }
        }
    }
}

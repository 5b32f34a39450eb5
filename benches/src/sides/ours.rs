//! Our supervisor, with default features and settings but for what would pace or end a storm.

use std::future::Future;
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Strategy};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};

use super::{Crash, NotesPanics, Stop, Supervise, Together};

pub(crate) struct Ours;

impl Supervise for Ours {
    type Stop = TaskContext;
    type Tree = SupervisorHandle;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> SupervisorHandle
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        Supervisor::start(unlimited(children, child))
            .await
            .expect("a sound tree")
    }

    async fn stop(tree: SupervisorHandle) {
        tree.shutdown().await.expect("a tree that stops");
    }
}

impl Together for Ours {
    async fn start_together<F, Fut>(
        children: usize,
        child: impl Fn(usize) -> F + Send,
    ) -> SupervisorHandle
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let spec = unlimited(children, child).strategy(Strategy::OneForAll);
        Supervisor::start(spec).await.expect("a sound tree")
    }
}

impl NotesPanics for Ours {
    fn note_panics() {
        rust_supervisor::panics::install();
    }
}

/// A supervisor that never waits and never gives up.
pub(crate) fn unlimited<F, Fut>(children: usize, child: impl Fn(usize) -> F) -> SupervisorSpec
where
    F: FnMut(TaskContext) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    let spec =
        |place| ChildSpec::from_fn(format!("child-{place}"), child(place)).backoff(Backoff::none());
    SupervisorSpec::root((0..children).map(spec).collect())
        .intensity(Intensity::new(u32::MAX, Duration::from_secs(10)))
}

impl Stop for TaskContext {
    fn asked(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

//! Our supervisor, with default features and settings but for what would pace or end a storm.

use std::future::Future;
use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};

use super::{Crash, Stop, Supervise};

pub(crate) struct Ours;

impl Supervise for Ours {
    type Stop = TaskContext;
    type Tree = SupervisorHandle;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> SupervisorHandle
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let spec = |place| {
            ChildSpec::from_fn(format!("child-{place}"), child(place)).backoff(Backoff::none())
        };
        let spec = SupervisorSpec::root((0..children).map(spec).collect())
            .intensity(Intensity::new(u32::MAX, Duration::from_secs(10)));
        Supervisor::start(spec).await.expect("a sound tree")
    }

    async fn stop(tree: SupervisorHandle) {
        tree.shutdown().await.expect("a tree that stops");
    }
}

impl Stop for TaskContext {
    fn asked(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

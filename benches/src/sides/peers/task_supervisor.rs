//! task-supervisor: one control task, a clone of the task for each attempt.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use task_supervisor::{
    CancellationToken, SupervisedTask, SupervisorBuilder, SupervisorHandle, TaskResult,
};

use crate::sides::{Crash, Supervise};

pub(crate) struct TaskSupervisor;

struct Child<F>(Arc<Mutex<F>>);

impl<F> Clone for Child<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F, Fut> SupervisedTask for Child<F>
where
    F: FnMut(CancellationToken) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    async fn run(self, cancel: CancellationToken) -> TaskResult {
        let attempt = (self.0.lock().expect("nobody panics with it"))(cancel);
        Ok(attempt.await?)
    }
}

impl Supervise for TaskSupervisor {
    type Stop = CancellationToken;
    type Tree = SupervisorHandle;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> SupervisorHandle
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let builder = SupervisorBuilder::new()
            .with_unlimited_restarts()
            .with_base_restart_delay(Duration::ZERO)
            .with_max_restart_delay(Duration::ZERO)
            .with_restart_jitter(0.0);
        let all = (0..children).fold(builder, |builder, place| {
            let task = Child(Arc::new(Mutex::new(child(place))));
            builder.with_task(&format!("child-{place}"), task)
        });
        all.spawn()
    }

    async fn stop(tree: SupervisorHandle) {
        tree.shutdown().await.expect("it stops");
    }
}

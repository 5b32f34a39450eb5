//! taskvisor: a registry and an actor for each task, which runs its attempts.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use taskvisor::prelude::*;

use crate::sides::{Crash, Stop, Supervise};

pub(crate) struct Taskvisor;

impl Supervise for Taskvisor {
    type Stop = TaskContext;
    type Tree = SupervisorHandle;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> SupervisorHandle
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let room = NonZeroUsize::new(children + 1);
        let config = SupervisorConfig::default()
            .with_max_registered_tasks(room)
            .with_ownership_capacity(room)
            .with_registry_queue_capacity(room.expect("more than none"));
        let handle = Supervisor::new(config, vec![]).serve().expect("it starts");
        let at_once = BackoffPolicy::constant(Duration::ZERO);
        for place in 0..children {
            let child = Mutex::new(child(place));
            let task: TaskRef = TaskFn::arc(move |stop: TaskContext| {
                let attempt = (child.lock().expect("nobody panics with it"))(stop);
                async move {
                    let failed = |crash: Crash| TaskError::fail(crash.to_string());
                    attempt.await.map_err(failed)
                }
            });
            let spec = TaskSpec::restartable(format!("child-{place}"), task);
            handle
                .add(spec.with_backoff(at_once))
                .await
                .expect("there is room");
        }
        handle
    }

    async fn stop(tree: SupervisorHandle) {
        tree.shutdown().await.expect("it stops");
    }
}

impl Stop for TaskContext {
    fn asked(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

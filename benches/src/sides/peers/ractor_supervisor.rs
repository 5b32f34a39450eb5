//! ractor-supervisor: its task supervisor, an actor for each task.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ractor::ActorRef;
use ractor_supervisor::Restart;
use ractor_supervisor::dynamic::DynamicSupervisorMsg;
use ractor_supervisor::task::{TaskOptions, TaskSupervisor, TaskSupervisorOptions};

use super::Untold;
use crate::sides::{Crash, Supervise};

pub(crate) struct RactorSupervisor;

pub(crate) struct Tree {
    supervisor: ActorRef<DynamicSupervisorMsg>,
    ended: ractor::concurrency::JoinHandle<()>,
}

impl Supervise for RactorSupervisor {
    type Stop = Untold;
    type Tree = Tree;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> Tree
    where
        F: FnMut(Untold) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let options = TaskSupervisorOptions {
            max_children: None,
            max_restarts: usize::MAX,
            // It logs every restart within the window, and looks at all of them at each.
            max_window: Duration::from_millis(1),
            reset_after: None,
        };
        let (supervisor, ended) = TaskSupervisor::spawn("root".to_owned(), options)
            .await
            .expect("it starts");
        for place in 0..children {
            let child = Arc::new(Mutex::new(child(place)));
            let task = move || {
                let attempt = (child.lock().expect("nobody panics with it"))(Untold);
                async move { Ok(attempt.await?) }
            };
            let options = TaskOptions::new()
                .name(format!("child-{place}"))
                .restart_policy(Restart::Transient);
            TaskSupervisor::spawn_task(supervisor.clone(), task, options)
                .await
                .expect("it starts");
        }
        Tree { supervisor, ended }
    }

    async fn stop(tree: Tree) {
        tree.supervisor.stop(None);
        tree.ended.await.expect("it does not panic");
    }
}

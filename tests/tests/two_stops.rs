//! A stop in order stays on one thread where it can: a child that blocks that thread holds up its own
//! tree, and no other.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rust_supervisor::spec::policy::Readiness;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};

const CHILDREN: usize = 40;
const ROUNDS: usize = 120;
/// Far more than it takes, far less than the children have for their end.
const LONG: Duration = Duration::from_secs(10);

/// Some of the children block their thread when they are asked to end.
async fn tree(blocks: impl Fn(usize) -> Option<Box<dyn Fn() + Send + Sync>>) -> SupervisorHandle {
    let child = |n: usize| {
        let blocks = Arc::new(blocks(n));
        ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
            let blocks = Arc::clone(&blocks);
            async move {
                // Who has not been polled before it is asked to end does not run at all.
                ctx.mark_ready();
                ctx.cancelled().await;
                if let Some(block) = &*blocks {
                    block();
                }
            }
        })
        .readiness(Readiness::Explicit)
        .shutdown(Duration::from_secs(60))
    };
    let spec = SupervisorSpec::root((0..CHILDREN).map(child).collect());
    let spec = spec.shutdown_within(Duration::from_secs(100));
    Supervisor::start(spec).await.expect("starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_stops_while_a_child_of_another_blocks_its_thread() {
    for round in 0..ROUNDS {
        let (says, said) = mpsc::channel();
        let said = Arc::new(Mutex::new(Some(said)));
        let (told, tells) = mpsc::channel();
        let free = tree(|_| None).await;
        let blocked = tree(|n| {
            let (said, told) = (Arc::clone(&said), told.clone());
            (n == round % CHILDREN).then(|| {
                Box::new(move || {
                    let said = said.lock().expect("no panic").take();
                    let heard = said.expect("once").recv_timeout(LONG);
                    told.send(heard.is_ok()).expect("it is waited for");
                }) as Box<dyn Fn() + Send + Sync>
            })
        })
        .await;
        // Both begin in one task, and so on one thread.
        let both = tokio::spawn(async move {
            let free = async {
                free.shutdown().await.expect("stops");
                says.send(()).expect("it is waited for");
            };
            let ((), report) = tokio::join!(free, blocked.shutdown());
            report.expect("stops")
        });
        let report = both.await.expect("no panic");
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(
            tells.recv(),
            Ok(true),
            "round {round}: held up by the other"
        );
    }
}

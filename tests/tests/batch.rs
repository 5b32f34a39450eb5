//! Trees that end by themselves, and supervisors that decline to run.

use rust_supervisor::spec::policy::{AutoShutdown, Readiness, RestartPolicy};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TaskResult};
use supervisor_tests::Log;

fn job(log: &Log, name: &'static str) -> ChildSpec {
    let log = log.clone();
    ChildSpec::from_fn(name, move |_ctx| {
        let live = log.live(name);
        async move { drop(live) }
    })
    .restart(RestartPolicy::Transient)
}

#[tokio::test(start_paused = true)]
async fn a_batch_tree_that_ends_while_it_starts_has_been_started_and_has_ended_well() {
    let log = Log::new();
    let spec = SupervisorSpec::root(vec![
        job(&log, "a").readiness(Readiness::Completed),
        job(&log, "b").readiness(Readiness::Completed),
    ])
    .auto_shutdown(AutoShutdown::AllEnded);
    let handle = Supervisor::start(spec).await.expect("it has started");
    let report = handle.join().await.expect("it has ended well");
    assert!(report.is_clean());
    assert_eq!(log.lines(), ["+a", "-a", "+b", "-b"]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_whose_init_declines_is_left_out() {
    let log = Log::new();
    let inner = SupervisorSpec::root(vec![job(&log, "inner")])
        .init(ChildSpec::from_fn("init", |_ctx| async {
            TaskResult::Ignored
        }));
    let spec = SupervisorSpec::root(vec![
        ChildSpec::supervisor("optional", inner),
        ChildSpec::from_fn(
            "other",
            |ctx: TaskContext| async move { ctx.cancelled().await },
        ),
    ]);
    let handle = Supervisor::start(spec).await.expect("it has started");
    assert!(handle.is_ready());
    assert_eq!(log.lines(), Vec::<String>::new());
    assert!(handle.shutdown().await.expect("it ends").is_clean());
}

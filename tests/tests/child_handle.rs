//! The handle of one child: it outlives attempts, and hears of every end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use rust_supervisor::control::outcome::ChildControlOperation;
use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::id::types::Generation;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Pool, Readiness, RestartPolicy, WhileStarting};
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec, TaskContext,
    TaskResult,
};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;
use tokio::task::yield_now;

async fn started(children: Vec<ChildSpec>) -> SupervisorHandle {
    Supervisor::start(SupervisorSpec::root(children))
        .await
        .expect("starts")
}

fn forgetful(pool: SupervisorSpec) -> ChildSpec {
    ChildSpec::supervisor("pool", pool.pool(Pool::Unlimited))
}

#[tokio::test(start_paused = true)]
async fn a_handle_stays_valid_through_restarts_of_the_child_and_of_its_supervisor() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let inner = SupervisorSpec::root(vec![fragile("child", &log, &fail)])
        .intensity(Intensity::new(1, Duration::from_secs(60)));
    let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
    let handle = started(vec![inner]).await;
    let child = handle.child("inner/child").expect("known");
    let outcome = tokio::spawn({
        let child = child.clone();
        async move { child.outcome().await }
    });
    assert_eq!(
        (child.state(), child.path()),
        (ChildState::Running, "inner/child")
    );
    // The second failure is one too many: the supervisor is started again as a whole.
    for generation in 0..3 {
        log.wait_for("+child", usize::try_from(generation).expect("small") + 1)
            .await;
        assert_eq!(child.generation(), Some(Generation { value: generation }));
        assert!(child.is_ready());
        fail.notify_one();
        log.wait_for("-child", usize::try_from(generation).expect("small") + 1)
            .await;
    }
    log.wait_for("+child", 4).await;
    assert_eq!(child.state(), ChildState::Running);
    assert_eq!(
        handle.snapshot_of("inner").expect("known").generation,
        Some(1)
    );
    assert!(!outcome.is_finished(), "it has not come to rest");
    child.remove().await.expect("removes");
    let outcome = outcome.await.expect("no panic").expect("answers");
    assert_eq!(outcome.state, ChildState::Removed);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_a_removed_child_goes_on_with_the_next_of_its_name() {
    let log = Log::new();
    let handle = started(Vec::new()).await;
    let first = handle
        .start_child("/", obedient("worker", &log, Duration::ZERO))
        .await
        .expect("added");
    let second = handle.child("worker").expect("known");
    first.remove().await.expect("removes");
    first.stopped().await.expect("is down");
    let removed = first.outcome().await.expect("answers");
    assert_eq!(removed.state, ChildState::Removed);
    let waits = tokio::spawn({
        let second = second.clone();
        async move { second.ready().await }
    });
    let never = waits.await.expect("no panic").expect_err("is not there");
    let says = "`worker` will not be ready: it is removed; resume or restart it first";
    assert_eq!(never.to_string(), says);
    let unknown = first.pause().await.expect_err("is not there");
    assert!(
        matches!(unknown, SupervisorError::UnknownChild { .. }),
        "{unknown:?}"
    );
    handle
        .start_child("/", obedient("worker", &log, Duration::ZERO))
        .await
        .expect("added again");
    for child in [&first, &second] {
        assert_eq!(child.state(), ChildState::Running);
        assert_eq!(child.generation(), Some(Generation { value: 1 }));
        child.ready().await.expect("is ready");
        assert!(child.try_outcome().is_none(), "it has been started since");
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn the_outcome_of_an_instance_that_is_forgotten_at_once_is_not_lost() {
    let handle = started(vec![forgetful(SupervisorSpec::root(Vec::new()))]).await;
    for n in 0..100 {
        let job = ChildSpec::from_fn(format!("job{n}"), move |_: TaskContext| async move {
            if n % 2 == 0 {
                Ok(())
            } else {
                Err(format!("no {n}"))
            }
        })
        .restart(RestartPolicy::Temporary);
        let job = handle.start_child("pool", job).await.expect("started");
        let outcome = job.outcome().await.expect("answers");
        let exit = outcome.exit.as_ref().expect("an attempt was made");
        match &exit.kind {
            ExitKind::Succeeded => assert_eq!(n % 2, 0),
            ExitKind::Failed(error) => assert_eq!(error.to_string(), format!("no {n}")),
            other => panic!("{other:?}"),
        }
        assert_eq!(outcome.state, ChildState::Finished);
        job.stopped().await.expect("is down");
        assert_eq!(job.state(), ChildState::Removed);
        assert!(
            handle.child(format!("pool/job{n}")).is_err(),
            "it is forgotten"
        );
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_declines_to_run_says_so() {
    let handle = started(Vec::new()).await;
    let shy = ChildSpec::from_fn("shy", |_: TaskContext| async { TaskResult::Ignored })
        .readiness(Readiness::Explicit);
    let shy = handle.start_child("/", shy).await.expect("a success");
    let outcome = shy.try_outcome().expect("at rest");
    assert!(outcome.is_success());
    assert_eq!(outcome.state, ChildState::Ignored);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_child_is_answered_when_the_tree_ends() {
    let log = Log::new();
    let handle = started(vec![
        obedient("runs", &log, Duration::ZERO),
        obedient("paused", &log, Duration::ZERO),
    ])
    .await;
    let (runs, paused) = (handle.child("runs"), handle.child("paused"));
    let (runs, paused) = (runs.expect("known"), paused.expect("known"));
    log.wait_for("+paused", 1).await;
    paused.pause().await.expect("pauses");
    paused.stopped().await.expect("is down");
    let waiting: Vec<_> = [runs.clone(), paused.clone()]
        .into_iter()
        .map(|child| tokio::spawn(async move { child.outcome().await }))
        .collect();
    let ready = tokio::spawn(async move { paused.ready().await });
    yield_now().await;
    handle.shutdown().await.expect("stops");
    for outcome in waiting {
        let outcome = outcome.await.expect("no panic").expect("answers");
        assert_eq!(outcome.state, ChildState::Stopped, "{outcome}");
        assert!(outcome.exit.is_some());
    }
    let gone = ready
        .await
        .expect("no panic")
        .expect_err("the tree has gone");
    assert!(matches!(gone, SupervisorError::TreeGone), "{gone:?}");
    let late = runs.restart().await.expect_err("the tree has gone");
    assert!(matches!(late, SupervisorError::TreeGone), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_for_a_generation_leaves_its_successor_alone() {
    let log = Log::new();
    let handle = started(vec![obedient("child", &log, Duration::ZERO)]).await;
    let child = handle.child("child").expect("known");
    log.wait_for("+child", 1).await;
    let seen = child.generation().expect("runs");
    let first = child.restart_if(seen).await.expect("restarts");
    let fence = first.generation_fence.expect("of a restart");
    assert_eq!(fence.old_generation, Some(seen));
    assert_eq!(fence.target_generation, Some(Generation { value: 1 }));
    log.wait_for("+child", 2).await;
    let second = child.restart_if(seen).await.expect_err("has been done");
    let SupervisorError::OtherGeneration { path, generation } = &second else {
        panic!("{second:?}");
    };
    assert_eq!(
        (path.as_str(), *generation),
        ("child", Some(Generation { value: 1 }))
    );
    handle.shutdown().await.expect("stops");
    assert_eq!(log.count("+child"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_itself_is_told_at_once() {
    let (log, go) = (Log::new(), Arc::new(Notify::new()));
    let (seen, told) = (log.clone(), Arc::clone(&go));
    let selfish = ChildSpec::from_fn("selfish", move |ctx: TaskContext| {
        let (log, go) = (seen.clone(), Arc::clone(&told));
        async move {
            ctx.until_cancelled(go.notified()).await;
            let tree = ctx.tree().expect("in a tree");
            for name in ["inner/selfish", "inner"] {
                let child = tree.child(name).expect("known");
                for answer in [child.stopped().await, child.outcome().await.map(drop)] {
                    assert!(
                        matches!(answer, Err(SupervisorError::WouldWaitForItself)),
                        "{answer:?}"
                    );
                }
            }
            log.write("told");
            ctx.cancelled().await;
        }
    });
    let inner = ChildSpec::supervisor("inner", SupervisorSpec::root(vec![selfish]));
    let handle = started(vec![inner]).await;
    go.notify_one();
    log.wait_for("told", 1).await;
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_child_has_no_handle_and_the_nearest_name_is_offered() {
    let log = Log::new();
    let handle = started(vec![obedient("worker", &log, Duration::ZERO)]).await;
    let unknown = handle.child("wroker").expect_err("a typing error");
    assert!(
        unknown.to_string().ends_with("did you mean `worker`?"),
        "{unknown}"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn acting_as_nobody_or_for_no_reason_is_refused() {
    let handle = started(Vec::new()).await;
    for (by, why, field) in [("  ", "a reason", "requested_by"), ("me", "", "reason")] {
        let error = handle.acting_as(by, why).expect_err("blank");
        let SupervisorError::InvalidTransition { message } = error else {
            panic!("{error:?}");
        };
        assert!(message.contains(field), "{message}");
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_of_its_path_and_of_no_other_child_of_the_name() {
    let log = Log::new();
    let inner = SupervisorSpec::root(vec![obedient("worker", &log, Duration::ZERO)]);
    let handle = started(vec![
        obedient("worker", &log, Duration::ZERO),
        ChildSpec::supervisor("inner", inner),
    ])
    .await;
    let worker = handle.child("/worker").expect("a whole path");
    assert_eq!(worker.path(), "worker");
    worker.remove().await.expect("removes");
    worker.stopped().await.expect("is down");
    let gone = worker.kill().await.expect_err("is not there");
    assert!(
        matches!(gone, SupervisorError::UnknownChild { .. }),
        "{gone:?}"
    );
    let other = handle.child("worker").expect("the only one left");
    assert_eq!(
        (other.path(), other.state()),
        ("inner/worker", ChildState::Running)
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn what_became_of_a_start_is_told_as_it_was_whatever_has_come_since() {
    for is_removed in [false, true] {
        let (attempts, go) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let declines = Arc::clone(&go);
        let child = ChildSpec::from_fn("a", move |ctx: TaskContext| {
            let (attempt, go) = (attempts.fetch_add(1, Ordering::SeqCst), declines.clone());
            async move {
                if attempt == 1 {
                    go.notified().await;
                    return TaskResult::Ignored;
                }
                ctx.mark_ready();
                ctx.cancelled().await;
                TaskResult::Succeeded
            }
        });
        let spec = SupervisorSpec::root(vec![child.readiness(Readiness::Explicit)]);
        let spec = spec.while_starting(WhileStarting::Wait);
        let handle = Supervisor::start(spec).await.expect("starts");
        let a = handle.child("a").expect("there");
        a.pause().await.expect("paused");
        a.stopped().await.expect("stops");

        let mut resumed = Box::pin(a.resume());
        assert!(poll_once(&mut resumed).await.is_none(), "it is starting");
        go.notify_one();
        while a.state() != ChildState::Ignored {
            yield_now().await;
        }
        if is_removed {
            a.remove().await.expect("removed");
        } else {
            a.resume().await.expect("resumed");
            a.ready().await.expect("ready");
        }
        let outcome = resumed.await.expect("answered");
        assert_eq!(outcome.operation_before, ChildControlOperation::Paused);
        assert_eq!(outcome.operation_after, ChildControlOperation::Active);
        assert_eq!(outcome.state_after, Some(ChildState::Ignored));
        assert_eq!(outcome.generation.map(|it| it.value), Some(1));
        handle.shutdown().await.expect("stops");
    }
}

/// What a future comes to at once, if it does.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

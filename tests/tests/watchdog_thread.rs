//! The watchdog is a thread of its tree, and there is none where nobody asks for it. Alone in its
//! process, since it counts threads.

#![cfg(target_os = "linux")]

use std::time::Duration;

use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};

fn watchdogs() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("is there");
    let watch = tasks.flatten().filter(|task| {
        let comm = std::fs::read_to_string(task.path().join("comm"));
        comm.is_ok_and(|comm| comm.starts_with("supervisor-watc"))
    });
    watch.count()
}

/// A thread gets its name, and goes, a moment later.
async fn until(count: usize) {
    while watchdogs() != count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn child(name: &str) -> ChildSpec {
    ChildSpec::from_fn(name.to_owned(), |ctx: TaskContext| async move {
        ctx.cancelled().await;
    })
}

#[tokio::test]
async fn there_is_a_watchdog_from_the_first_start_of_a_watched_child_until_its_tree_has_ended() {
    let spec = || SupervisorSpec::root(vec![child("plain")]);
    let plain = Supervisor::start(spec()).await.expect("starts");
    assert_eq!(watchdogs(), 0);
    let tree = Supervisor::start(spec()).await.expect("starts");
    let watched = |name| child(name).stall_after(Duration::from_secs(60));
    for name in ["a", "b", "c"] {
        tree.start_child("/", watched(name)).await.expect("added");
    }
    until(1).await;
    // The last watched child takes it along, and the next one brings it back.
    for name in ["a", "b", "c"] {
        tree.remove_child(name, "test", "no more")
            .await
            .expect("removed");
    }
    until(0).await;
    tree.start_child("/", watched("d")).await.expect("added");
    until(1).await;
    tree.shutdown().await.expect("stops");
    until(0).await;
    plain.shutdown().await.expect("stops");
}

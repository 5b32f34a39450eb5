//! What only the inside of the shell can bring about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use crate::event::snapshot::ChildState;
use crate::machine::input::Input;
use crate::spec::backoff::Backoff;
use crate::spec::policy::{Intensity, RestartPolicy};
use crate::{ChildSpec, Supervisor, SupervisorError, SupervisorHandle, SupervisorSpec};

/// Counts what is alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn tree_of(children: usize, alive: &Arc<AtomicUsize>) -> SupervisorHandle {
    let children = (0..children).map(|n| {
        let alive = Arc::clone(alive);
        ChildSpec::from_fn(format!("c{n}"), move |ctx| {
            let alive = Alive::new(&alive);
            async move {
                let _alive = alive;
                ctx.cancelled().await;
            }
        })
    });
    Supervisor::start(SupervisorSpec::root(children.collect()))
        .await
        .expect("starts")
}

/// A fault of our own, as if a rule had been violated.
fn break_machine(handle: &SupervisorHandle) {
    let tree = handle.inner();
    let broken = tree.with(tree.now(), |_| panic!("a rule is violated"));
    assert!(broken.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_machine_ends_every_child_and_says_so() {
    let alive = Arc::new(AtomicUsize::new(0));
    let handle = tree_of(1000, &alive).await;
    let waiting = handle.downgrade();
    let waiting = tokio::spawn(async move { waiting.join().await });
    break_machine(&handle);
    let joined = timeout(Duration::from_secs(20), handle.join())
        .await
        .expect("in time");
    let error = joined.expect_err("broken");
    assert!(matches!(error, SupervisorError::Broken { .. }), "{error:?}");
    assert!(error.to_string().contains("a rule is violated"), "{error}");
    assert_eq!(alive.load(Ordering::SeqCst), 0, "nobody is left behind");
    assert!(
        waiting.await.expect("no panic").is_err(),
        "who waited before is told too"
    );
    let late = handle.pause_child("c1", "test", "too late").await;
    assert!(
        matches!(late, Err(SupervisorError::Broken { .. })),
        "{late:?}"
    );
    assert!(!handle.is_alive());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_machine_does_not_wait_for_a_child_that_does_not_yield() {
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let (runs, mut running) = tokio::sync::mpsc::channel(1);
    let child = ChildSpec::from_fn("blocker", move |_ctx| {
        let (held, runs) = (Arc::clone(&held), runs.clone());
        async move {
            runs.send(()).await.expect("the test waits for it");
            let held = held.lock().expect("one attempt");
            let _ = held.recv_timeout(Duration::from_secs(20));
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    running.recv().await.expect("it runs");
    break_machine(&handle);
    let joined = timeout(Duration::from_secs(10), handle.join())
        .await
        .expect("while it still blocks");
    let text = joined.expect_err("broken").to_string();
    assert!(text.contains("a rule is violated"), "{text}");
    assert!(text.contains("1 task could not be ended"), "{text}");
    assert!(!handle.is_alive());
    let_go.send(()).expect("still held");
}

#[tokio::test]
async fn a_panic_in_the_machine_of_an_empty_tree_is_told() {
    let handle = tree_of(0, &Arc::default()).await;
    break_machine(&handle);
    let joined = timeout(Duration::from_secs(20), handle.join())
        .await
        .expect("in time");
    assert!(
        matches!(joined, Err(SupervisorError::Broken { .. })),
        "{joined:?}"
    );
}

#[tokio::test]
async fn children_that_come_and_go_leave_no_node_and_no_slot_behind() {
    let alive = Arc::new(AtomicUsize::new(0));
    let spec = SupervisorSpec::root(Vec::new()).pool(true);
    let handle = Supervisor::start(spec).await.expect("starts");
    for n in 0..5_000 {
        let alive = Arc::clone(&alive);
        let child = ChildSpec::from_fn(format!("i{n}"), move |_ctx| {
            let alive = Alive::new(&alive);
            async move { drop(alive) }
        });
        handle.start_child("/", child).await.expect("added");
        tokio::task::yield_now().await;
    }
    let mut events = handle.events();
    while !handle.snapshot().expect("runs").children.is_empty() {
        events.next().await;
    }
    let tree = handle.inner();
    // The tasks of the last ones may still be on their way out.
    while tree.with(tree.now(), |core| core.drivers()).expect("sound") > 0 {
        tokio::task::yield_now().await;
    }
    let places = tree.with(tree.now(), |core| core.places()).expect("sound");
    assert!(places <= 16, "{places} places in the arena");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_that_has_ended_is_freed() {
    let alive = Arc::new(AtomicUsize::new(0));
    let handle = tree_of(10, &alive).await;
    handle.shutdown().await.expect("stops");
    let tree = Arc::downgrade(handle.inner());
    drop(handle);
    // The timekeeper is the last to let go of it.
    let gone = async {
        while tree.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), gone)
        .await
        .expect("nothing holds it in a circle");
}

#[tokio::test(start_paused = true)]
async fn a_stale_report_changes_nothing() {
    let alive = Arc::new(AtomicUsize::new(0));
    let handle = tree_of(1, &alive).await;
    let tree = handle.inner();
    let id = tree
        .read(|machine| machine.lookup("c0"))
        .expect("sound")
        .expect("is there");
    tree.tell(Input::Ready(id, 17));
    tree.tell(Input::Released(crate::machine::node::NodeId {
        tenancy: 9,
        ..id
    }));
    let child = handle.snapshot_of("c0").expect("is there");
    assert_eq!(child.generation, Some(0));
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_beside_a_storm_is_the_tree_as_of_its_event() {
    let storm = (0..4).map(|n| {
        ChildSpec::from_fn(format!("s{n}"), |_ctx| {
            tokio::time::sleep(Duration::from_millis(1))
        })
        .restart(RestartPolicy::Permanent)
        .backoff(Backoff::none())
    });
    let idle = (0..5_000).map(|n| {
        ChildSpec::from_fn(format!("i{n}"), |ctx: crate::TaskContext| async move {
            ctx.cancelled().await;
        })
    });
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(idle.collect())
        .children(storm)
        .intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut generations = std::collections::HashMap::new();
    let mut events = handle.events_after(0);
    let mut seq = 0;
    for _ in 0..50 {
        let snapshot = handle.snapshot().expect("runs");
        assert_eq!(snapshot.children.len(), 5_004);
        while seq < snapshot.as_of_seq {
            let Some(crate::event::stream::Observed::Event(event)) = events.next().await else {
                panic!("nothing is missed at this pace");
            };
            seq = event.seq;
            generations.insert(event.path, event.generation);
        }
        for child in &snapshot.children {
            assert_eq!(generations[&child.path], child.generation, "{}", child.path);
        }
    }
    handle.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_that_are_dropped_leave_nothing_behind() {
    let handle = tree_of(1, &Arc::default()).await;
    for _ in 0..100 {
        assert!(timeout(Duration::ZERO, handle.join()).await.is_err());
        let mut events = handle.events();
        assert!(timeout(Duration::ZERO, events.next()).await.is_err());
    }
    let tree = handle.inner();
    let listeners = tree
        .with(tree.now(), |core| core.listeners_left())
        .expect("sound");
    // The one that writes the metrics stays.
    assert!(
        listeners <= usize::from(cfg!(feature = "metrics")),
        "{listeners}"
    );
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn the_state_of_a_child_is_read_while_somebody_else_holds_the_lock() {
    let handle = tree_of(1, &Arc::default()).await;
    let child = handle.child("c0").expect("known");
    let (told, answer) = std::sync::mpsc::channel();
    let (tree, now) = (handle.inner(), handle.inner().now());
    let read = tree.with(now, |_| {
        std::thread::spawn(move || {
            let generation = child.generation().map(|generation| generation.value);
            told.send((child.state(), child.is_ready(), generation))
        });
        answer.recv_timeout(Duration::from_secs(30))
    });
    let read = read.expect("the tree is sound");
    let read = read.expect("it needs no lock");
    assert_eq!(read, (ChildState::Running, true, Some(0)));
    handle.shutdown().await.expect("stops");
}

//! Who reads the events of a tree: gaps are told, filters hold, and sleepers cost nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::{EventStream, Observed};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, obedient};
use tokio::sync::{Notify, Semaphore};

/// Crashes this often when it is told to, and then lives until it is told again.
struct Storm {
    go: Arc<Notify>,
    done: Arc<Notify>,
    handle: SupervisorHandle,
}

impl Storm {
    async fn started(crashes: u64) -> Self {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (gone, told, left) = (Arc::clone(&go), Arc::clone(&done), AtomicU64::new(0));
        let left = Arc::new(left);
        let crashing = ChildSpec::from_fn("crashing", move |ctx: TaskContext| {
            let (go, done, left) = (Arc::clone(&gone), Arc::clone(&told), Arc::clone(&left));
            async move {
                if left.load(Ordering::Relaxed) == 0 {
                    done.notify_one();
                    if ctx.until_cancelled(go.notified()).await.is_none() {
                        return Ok(());
                    }
                    left.store(crashes, Ordering::Relaxed);
                }
                left.fetch_sub(1, Ordering::Relaxed);
                Err("again")
            }
        })
        .backoff(Backoff::none());
        let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
        let spec = SupervisorSpec::root(vec![crashing]).intensity(limit);
        let handle = Supervisor::start(spec).await.expect("starts");
        done.notified().await;
        Self { go, done, handle }
    }

    async fn rage(&self) {
        self.go.notify_one();
        self.done.notified().await;
    }
}

async fn next_event(stream: &mut EventStream) -> rust_supervisor::event::kind::Event {
    match stream.next().await {
        Some(Observed::Event(event)) => event,
        other => panic!("not an event: {other:?}"),
    }
}

#[tokio::test]
async fn a_subscriber_that_fell_behind_is_told_how_many_it_missed_and_nothing_is_lost_besides() {
    let storm = Storm::started(8_000).await;
    let mut sleepy = storm.handle.events_after(0);
    let first = next_event(&mut sleepy).await;
    assert_eq!(first.seq, 1);
    storm.rage().await;
    let newest = storm.handle.snapshot().expect("runs").as_of_seq;
    // What it had copied before it fell asleep is still its own.
    let (mut last, mut missed) = (first.seq, 0);
    while last < newest {
        match sleepy.next().await.expect("the tree runs") {
            Observed::Event(event) => {
                assert_eq!(
                    event.seq,
                    last + missed + 1,
                    "gapless, but for what is told"
                );
                (last, missed) = (event.seq, 0);
            }
            Observed::Missed(count) => missed = count,
            other => panic!("{other:?}"),
        }
    }
    let mut late = storm.handle.events_after(0);
    let Some(Observed::Missed(gone)) = late.next().await else {
        panic!("the beginning has gone");
    };
    assert_eq!(next_event(&mut late).await.seq, gone + 1);
    storm.handle.shutdown().await.expect("stops");
}

/// Readers are woken when a loop of restarts leaves its thread, and after the last one, too.
async fn hears_of_the_last_restart() {
    let storm = Storm::started(20).await;
    let (seen, mut last) = tokio::sync::watch::channel(0);
    let mut events = storm.handle.events();
    tokio::spawn(async move {
        while let Some(Observed::Event(event)) = events.next().await {
            seen.send_replace(event.seq);
        }
    });
    for _ in 0..200 {
        storm.rage().await;
        let newest = storm.handle.snapshot().expect("runs").as_of_seq;
        let heard = last.wait_for(|&seen| seen >= newest);
        let heard = tokio::time::timeout(Duration::from_secs(10), heard).await;
        heard.expect("in time").expect("it reads");
    }
    storm.handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_reader_on_the_same_thread_hears_of_the_last_restart_of_a_loop() {
    hears_of_the_last_restart().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_on_other_threads_hears_of_the_last_restart_of_a_loop() {
    hears_of_the_last_restart().await;
}

#[tokio::test(start_paused = true)]
async fn a_filter_lets_pass_what_it_is_for_and_nothing_else() {
    let log = Log::new();
    let region = |name: &'static str| {
        let children = vec![obedient("session", &log, Duration::ZERO)];
        ChildSpec::supervisor(name, SupervisorSpec::root(children))
    };
    let spec = SupervisorSpec::root(vec![region("eu"), region("eu-west")]);
    let handle = Supervisor::start(spec).await.expect("starts");
    let paths = |mut stream: EventStream| async move {
        let mut read = Vec::new();
        while let Some(Observed::Event(event)) = stream.next().await {
            read.push(format!(
                "{} {}",
                event.path,
                matches!(event.kind, EventKind::Started)
            ));
        }
        read
    };
    let below = tokio::spawn(paths(handle.events_after(0).below("/eu")));
    let starts = handle.events_after(0).below("eu");
    let starts = starts.only(|event| matches!(event.kind, EventKind::Started));
    let starts = starts.only(|event| event.path.contains('/'));
    let starts = tokio::spawn(paths(starts));
    let all = tokio::spawn(paths(handle.events_after(0)));
    handle.shutdown().await.expect("stops");
    let (below, all) = (below.await.expect("no panic"), all.await.expect("no panic"));
    assert_eq!(starts.await.expect("no panic"), ["eu/session true"]);
    let expected: Vec<String> = all
        .iter()
        .filter(|line| line.starts_with("eu ") || line.starts_with("eu/"))
        .cloned()
        .collect();
    assert_eq!(below, expected);
    assert!(below.len() > 4 && all.len() > 2 * below.len());
}

#[test]
fn a_thousand_sleeping_subscribers_cost_a_storm_of_restarts_nothing() {
    let cost = |sleepers: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("builds");
        let storm = runtime.block_on(Storm::started(1_000));
        let sleeping: Vec<EventStream> = (0..sleepers).map(|_| storm.handle.events()).collect();
        runtime.block_on(storm.rage());
        let counted = measure(|| runtime.block_on(storm.rage()));
        drop(sleeping);
        runtime.block_on(storm.handle.shutdown()).expect("stops");
        counted.count_total
    };
    let (alone, watched) = (cost(0), cost(1_000));
    assert!(alone >= 1_000, "restarts cost something: {alone}");
    // How often a loop of restarts yields depends on the machine, by some units.
    assert!(watched < alone + 500, "{watched}, and {alone} without them");
}

/// Ends a storm, whatever becomes of its test.
struct Calm(Arc<AtomicBool>);

impl Drop for Calm {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_always_finds_more_goes_back_to_the_scheduler() {
    let calm = Calm(Arc::default());
    let is_calm = Arc::clone(&calm.0);
    // On a thread of its own, so that it goes on whatever the reader does.
    let crashing = ChildSpec::local("crashing", move |ctx: TaskContext| {
        let is_calm = is_calm.load(Ordering::SeqCst);
        async move {
            if is_calm {
                ctx.cancelled().await;
                return Ok(());
            }
            Err("again")
        }
    })
    .backoff(Backoff::none());
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(vec![crashing]).intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut events = handle.events().only(|_| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(10) {
            std::hint::spin_loop();
        }
        false
    });
    let reader = tokio::spawn(async move {
        let all = async { while events.next().await.is_some() {} };
        let read = tokio::time::timeout(Duration::from_millis(100), all).await;
        assert!(read.is_err(), "there is always more");
    });
    tokio::time::timeout(Duration::from_secs(20), reader)
        .await
        .expect("in time")
        .expect("no panic");
    drop(calm);
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_reader_misses_nothing_of_a_hundred_children_that_fail_again_and_again() {
    const CHILDREN: u64 = 100;
    const CRASHES: u64 = 2_000;
    let (crashes, all) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let gate = Arc::new(Semaphore::new(0));
    let crashing = (0..CHILDREN).map(|n| {
        let (crashes, all, gate) = (Arc::clone(&crashes), Arc::clone(&all), Arc::clone(&gate));
        ChildSpec::from_fn(format!("c{n}"), move |ctx: TaskContext| {
            let (crashes, all, gate) = (Arc::clone(&crashes), Arc::clone(&all), Arc::clone(&gate));
            async move {
                if ctx.generation().value == 0 {
                    drop(gate.acquire().await);
                }
                match crashes.fetch_add(1, Ordering::Relaxed) {
                    made if made < CHILDREN * CRASHES => return Err("again"),
                    made if made == CHILDREN * CRASHES => all.notify_one(),
                    _ => {}
                }
                ctx.cancelled().await;
                Ok(())
            }
        })
        .backoff(Backoff::none())
    });
    let limit = Intensity::new(u32::MAX, Duration::from_secs(1));
    let spec = SupervisorSpec::root(crashing.collect()).intensity(limit);
    let handle = Supervisor::start(spec).await.expect("starts");
    let mut events = handle.events();
    let reader = tokio::spawn(async move {
        let (mut ended, mut missed) = (0, 0);
        while let Some(observed) = events.next().await {
            match observed {
                Observed::Event(event) => {
                    ended += u64::from(matches!(event.kind, EventKind::Exited(_)));
                }
                Observed::Missed(more) => missed += more,
                other => panic!("neither: {other:?}"),
            }
        }
        (ended, missed)
    });
    gate.close();
    all.notified().await;
    handle.shutdown().await.expect("stops");
    // And each at its stop.
    let ends = CHILDREN * CRASHES + CHILDREN;
    assert_eq!(reader.await.expect("no panic"), (ends, 0));
}

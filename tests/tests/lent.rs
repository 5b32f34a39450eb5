//! The form of a parameter says how it survives a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rust_supervisor::{Supervisor, TaskContext, supervised, supervisor_tree};
use supervisor_tests::Log;
use tokio::sync::mpsc;

#[derive(Clone, Copy, Debug)]
enum Job {
    Work(u32),
    Panic,
    Fail,
    Hang,
}

/// Works off what is queued, as long as nothing goes wrong.
#[supervised(backoff = "none", shutdown = "50ms")]
async fn worker(_ctx: TaskContext, log: Log, jobs: &mut mpsc::Receiver<Job>) -> Result<(), String> {
    let _live = log.live("worker");
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Work(n) => log.write(format!("{n}")),
            Job::Panic => panic!("a poisoned job"),
            Job::Fail => return Err("a failing job".into()),
            Job::Hang => {
                log.write("hangs");
                std::future::pending::<()>().await;
            }
        }
    }
    Ok(())
}

async fn nothing_that_is_queued_is_lost() {
    let log = Log::new();
    let (queue, jobs) = mpsc::channel(64);
    let mut numbers = 0..;
    let mut put = |job: Option<Job>| {
        let job = job.unwrap_or_else(|| Job::Work(numbers.next().expect("endless")));
        queue.try_send(job).expect("there is room");
    };
    for poison in [Job::Panic, Job::Fail, Job::Panic, Job::Hang] {
        put(None);
        put(None);
        put(Some(poison));
    }
    put(None);
    let handle = Supervisor::start(supervisor_tree! { worker(log.clone(), jobs) })
        .await
        .expect("starts");
    log.wait_for("hangs", 1).await;
    // The first restart asks, waits for the budget, and drops it.
    handle
        .restart_child("worker", "test", "hangs")
        .await
        .expect("restarts");
    log.wait_for("8", 1).await;
    // And this one drops it at once.
    queue.try_send(Job::Hang).expect("there is room");
    queue.try_send(Job::Work(9)).expect("there is room");
    log.wait_for("hangs", 2).await;
    handle
        .kill_child("worker", "test", "hangs again")
        .await
        .expect("kills");
    log.wait_for("9", 1).await;
    handle.shutdown().await.expect("stops");
    let number = |line: &String| line.parse::<u32>().is_ok();
    let done: Vec<_> = log.lines().into_iter().filter(number).collect();
    assert_eq!(done, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(log.most_alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lent_receiver_survives_panic_error_and_abort_on_one_thread() {
    nothing_that_is_queued_is_lost().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lent_receiver_survives_panic_error_and_abort_on_four_threads() {
    nothing_that_is_queued_is_lost().await;
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

#[supervised(backoff = "none")]
async fn thrice(
    ctx: TaskContext,
    own: Counted,
    shared: &Counted,
    log: Log,
) -> Result<(), &'static str> {
    let _ = (own, shared);
    if ctx.generation().value < 2 {
        return Err("not yet");
    }
    log.write("third attempt");
    ctx.cancelled().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_owned_argument_is_cloned_for_each_attempt_and_a_shared_one_never() {
    let (own, shared) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let log = Log::new();
    let spec = supervisor_tree! {
        thrice(Counted(Arc::clone(&own)), Counted(Arc::clone(&shared)), log.clone()),
    };
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("third attempt", 1).await;
    assert_eq!(own.load(Ordering::SeqCst), 3);
    assert_eq!(shared.load(Ordering::SeqCst), 0);
    handle.shutdown().await.expect("stops");
    assert_eq!(
        (Arc::strong_count(&own), Arc::strong_count(&shared)),
        (1, 1),
        "all dropped"
    );
}

/// Counts on the blocking pool.
#[supervised(blocking, backoff = "none", shutdown = "5s")]
#[allow(clippy::needless_pass_by_value)]
fn counts(ctx: TaskContext, log: Log, total: &mut u32) -> Result<(), String> {
    let _live = log.live("counts");
    *total += 1;
    log.write(format!("{total}"));
    match *total {
        1 => panic!("the first time"),
        2 => Err("the second time".into()),
        _ => {
            while !ctx.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_blocking_child_keeps_what_is_lent_to_it_and_hears_its_stop() {
    let log = Log::new();
    let handle = Supervisor::start(supervisor_tree! { counts(log.clone(), 0) })
        .await
        .expect("starts");
    log.wait_for("3", 1).await;
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    let lines = log.lines();
    assert_eq!(
        lines,
        [
            "+counts", "1", "-counts", "+counts", "2", "-counts", "+counts", "3", "-counts"
        ]
    );
}

/// Does not look whether it is to stop.
#[supervised(blocking, shutdown = "20ms")]
#[allow(clippy::needless_pass_by_value)]
fn deaf(_ctx: TaskContext, log: Log, held: &std::sync::Mutex<std::sync::mpsc::Receiver<()>>) {
    let _live = log.live("deaf");
    let held = held.lock().expect("one attempt at a time");
    let _ = held.recv_timeout(Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_child_is_not_counted_as_stopped_before_it_has_returned() {
    let log = Log::new();
    let (let_go, held) = std::sync::mpsc::channel();
    let spec = supervisor_tree! { deaf(log.clone(), std::sync::Mutex::new(held)) };
    let handle = Supervisor::start(spec).await.expect("starts");
    log.wait_for("+deaf", 1).await;
    let report = handle.shutdown().await.expect("is bounded");
    assert_eq!(report.stuck().count(), 1, "{report}");
    assert_eq!(log.count("-deaf"), 0);
    let_go.send(()).expect("still held");
    log.wait_for("-deaf", 1).await;
}

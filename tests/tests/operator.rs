//! An operator's afternoon: three children under load, one paused, one that blows its fuse, and an
//! orderly end. Every answer and the journal are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rust_supervisor::control::command::CommandResult;
use rust_supervisor::control::health::TreeState;
use rust_supervisor::control::outcome::{
    ChildAttemptStatus, ChildControlOperation, ChildControlResult, ChildStopState,
};
use rust_supervisor::event::command::CommandKind;
use rust_supervisor::event::kind::{Event, EventKind, Quarantine};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::shutdown::report::ChildShutdownStatus;
use rust_supervisor::shutdown::stage::ShutdownPhase;
use rust_supervisor::test_util::Observer;
use rust_supervisor::{Supervisor, TaskContext, supervised, supervisor_tree};
use tokio::sync::mpsc;

#[derive(Debug, PartialEq, Eq)]
enum Job {
    Work(u64),
    Poison,
}

/// Takes jobs until it is asked to stop.
#[supervised(backoff = "none")]
async fn worker(
    ctx: TaskContext,
    jobs: &mut mpsc::Receiver<Job>,
    done: Arc<AtomicU64>,
) -> Result<(), String> {
    while let Some(job) = ctx.until_cancelled(jobs.recv()).await.flatten() {
        match job {
            Job::Work(_) => done.fetch_add(1, Ordering::SeqCst),
            Job::Poison => return Err("a poisonous job".to_owned()),
        };
    }
    Ok(())
}

struct Queue {
    jobs: mpsc::Sender<Job>,
    done: Arc<AtomicU64>,
    sent: u64,
}

impl Queue {
    fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, receiver) = mpsc::channel(1_000);
        let queue = Self {
            jobs,
            done: Arc::default(),
            sent: 0,
        };
        (queue, receiver)
    }

    /// Puts jobs in, and waits until they have been taken.
    async fn works(&mut self, jobs: u64) {
        self.fill(jobs);
        while self.done.load(Ordering::SeqCst) < self.sent {
            tokio::task::yield_now().await;
        }
    }

    fn fill(&mut self, jobs: u64) {
        for job in 0..jobs {
            self.jobs.try_send(Job::Work(job)).expect("there is room");
        }
        self.sent += jobs;
    }

    fn waiting(&self) -> u64 {
        self.sent - self.done.load(Ordering::SeqCst)
    }
}

fn outcome(result: CommandResult) -> ChildControlResult {
    match result {
        CommandResult::ChildControl { outcome } => outcome,
        other => panic!("not about a child: {other:?}"),
    }
}

/// The journal in the words of this test.
fn line(event: &Event) -> String {
    let path = if event.path.is_empty() {
        "/"
    } else {
        &event.path
    };
    let what = match &event.kind {
        EventKind::Commanded(command) => {
            let (who, why) = (&command.audit.requested_by, &command.audit.reason);
            format!("{} for {who}: {why}", command.command)
        }
        EventKind::Exited(exit) => format!("exited: {exit}"),
        EventKind::BudgetLow { left, of, .. } => format!("{left} of {of} left"),
        EventKind::Quarantined(Quarantine::Fuse) => "its fuse has blown".to_owned(),
        EventKind::Operation(operation) => format!("is {operation}"),
        EventKind::Restarting { .. } => "restarting".to_owned(),
        EventKind::Started => "started".to_owned(),
        EventKind::Stopping => "stopping".to_owned(),
        EventKind::Ready => "ready".to_owned(),
        EventKind::Unready => "unready".to_owned(),
        EventKind::Shutdown(phase) => format!("shutdown: {phase:?}"),
        EventKind::SupervisorEnded(_) => "ended".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{path} {what}")
}

#[tokio::test(start_paused = true)]
#[allow(clippy::too_many_lines, reason = "a script, from top to bottom")]
async fn an_operator_pauses_reads_why_resumes_drains_and_shuts_down() {
    let ((mut mail, mails), (mut bill, bills), (mut scan, scans)) =
        (Queue::new(), Queue::new(), Queue::new());
    let handle = Supervisor::start(supervisor_tree! {
        mail: worker(mails, mail.done.clone()),
        bill: worker(bills, bill.done.clone()) { fuse = "2/60s" },
        scan: worker(scans, scan.done.clone()),
    })
    .await
    .expect("starts");
    let mut observer = Observer::new(&handle);
    for queue in [&mut mail, &mut bill, &mut scan] {
        queue.works(100).await;
    }
    assert!(handle.readiness().ready);
    observer.assert_order(&["+mail", "+bill", "+scan"]);

    // Pause one: its work waits, that of the others goes on.
    let paused = handle.pause_child("mail", "ada", "the relay is down").await;
    let paused = outcome(paused.expect("answers"));
    assert_eq!(paused.operation_before, ChildControlOperation::Active);
    assert_eq!(paused.operation_after, ChildControlOperation::Paused);
    assert_eq!(paused.status, Some(ChildAttemptStatus::Cancelling));
    assert_eq!(paused.stop_state, ChildStopState::CancelDelivered);
    assert!(paused.cancel_delivered && !paused.idempotent);
    handle.stopped("mail").await.expect("stops");
    let again = handle.pause_child("mail", "bob", "did not look").await;
    let again = outcome(again.expect("answers"));
    assert!(again.idempotent && !again.cancel_delivered);
    assert_eq!(again.stop_state, ChildStopState::Completed);
    mail.fill(50);
    bill.works(100).await;
    scan.works(100).await;
    assert_eq!(mail.waiting(), 50);
    assert_eq!(handle.readiness().to_string(), "not ready: `mail`");

    // Another one crashes until its fuse blows; its siblings do not notice.
    let bills = handle.child("bill").expect("known");
    for crash in 0..3 {
        bill.jobs.try_send(Job::Poison).expect("there is room");
        let left = 2_u32.saturating_sub(crash);
        let limit = bills.snapshot().expect("known").fuse.expect("it has one");
        assert_eq!((limit.left, limit.of), (left, 2));
        let crashed =
            |event: &Event| &*event.path == "bill" && matches!(event.kind, EventKind::Exited(_));
        observer.wait_for(crashed).await;
    }
    observer
        .wait_for(|event| matches!(event.kind, EventKind::Quarantined(Quarantine::Fuse)))
        .await;
    assert_eq!(bills.state(), ChildState::Failed);
    observer.assert_restarts("bill", 2);
    scan.works(100).await;
    bill.fill(10);

    // Why?
    let why = bills.why().expect("known");
    assert_eq!(why.operation, ChildControlOperation::Quarantined);
    assert_eq!(why.ends.len(), 3);
    for end in &why.ends {
        let exit = end.exit.as_ref().expect("an attempt");
        assert_eq!(exit.to_string(), "error: a poisonous job");
    }
    let text = why.to_string();
    assert!(
        text.contains("quarantined") && text.contains("a poisonous job"),
        "{text}"
    );
    assert_eq!(handle.readiness().to_string(), "not ready: `mail`, `bill`");

    // Resume both: what had been queued is not lost.
    let ada = handle
        .acting_as("ada", "the queue is clean")
        .expect("says who and why");
    let resumed = ada
        .child("bill")
        .expect("known")
        .resume()
        .await
        .expect("answers");
    assert_eq!(resumed.operation_before, ChildControlOperation::Quarantined);
    assert_eq!(resumed.operation_after, ChildControlOperation::Active);
    assert_eq!(resumed.status, Some(ChildAttemptStatus::Running));
    ada.child("mail")
        .expect("known")
        .resume()
        .await
        .expect("answers");
    handle.ready().await.expect("is ready again");

    // Drain: nothing new comes in, and all that is there is done.
    for queue in [&mut mail, &mut bill, &mut scan] {
        queue.works(0).await;
    }
    assert_eq!((mail.waiting(), bill.waiting(), scan.waiting()), (0, 0, 0));

    // Shut down; a second one gets the first report.
    let first = handle
        .shutdown_tree("ada", "release 18")
        .await
        .expect("answers");
    let second = handle
        .shutdown_tree("bob", "release 18, too")
        .await
        .expect("answers");
    let (CommandResult::Shutdown { result: first }, CommandResult::Shutdown { result: second }) =
        (first, second)
    else {
        panic!("not about a shutdown");
    };
    assert_eq!(first.phase, ShutdownPhase::Completed);
    assert!(!first.idempotent && second.idempotent);
    assert_eq!(first.report, second.report);
    let report = first.report.expect("complete");
    assert!(report.is_clean(), "{report}");
    let ends: Vec<_> = report
        .children
        .iter()
        .map(|child| (&*child.path, child.status))
        .collect();
    assert_eq!(
        ends,
        [
            ("scan", ChildShutdownStatus::Graceful),
            ("bill", ChildShutdownStatus::Graceful),
            ("mail", ChildShutdownStatus::Graceful),
        ]
    );
    assert_eq!(handle.health().state, TreeState::Ended);

    // The journal tells all of it, and who it was.
    let journal: Vec<String> = observer.events().iter().map(line).collect();
    assert_eq!(
        journal,
        [
            "/ started",
            "mail started",
            "bill started",
            "scan started",
            "/ ready",
            "mail pause for ada: the relay is down",
            "mail is paused",
            "mail stopping",
            "mail exited: ended normally",
            "/ unready",
            "mail pause for bob: did not look",
            "bill exited: error: a poisonous job",
            "bill restarting",
            "bill started",
            "bill exited: error: a poisonous job",
            "bill restarting",
            "bill 0 of 2 left",
            "bill started",
            "bill exited: error: a poisonous job",
            "bill its fuse has blown",
            "bill resume for ada: the queue is clean",
            "bill is active",
            "bill started",
            "mail resume for ada: the queue is clean",
            "mail is active",
            "mail started",
            "/ ready",
            "/ shutdown for ada: release 18",
            "/ stopping",
            "/ shutdown: RequestStop",
            "/ shutdown: GracefulDrain",
            "scan stopping",
            "scan exited: ended normally",
            "/ unready",
            "bill stopping",
            "bill exited: ended normally",
            "mail stopping",
            "mail exited: ended normally",
            "/ ended",
            "/ shutdown: Reconcile",
            "/ shutdown: Completed",
            "/ shutdown for bob: release 18, too",
        ]
    );
    // What follows from a command carries its number.
    let events = observer.events();
    let resume = |event: &&Event| match &event.kind {
        EventKind::Commanded(command) => command.command == CommandKind::Resume,
        _ => false,
    };
    let resume = events.iter().find(resume).expect("was asked for");
    let followed: Vec<String> = events
        .iter()
        .filter(|event| event.correlation == resume.seq && event.seq > resume.seq)
        .map(line)
        .collect();
    assert_eq!(followed, ["bill is active", "bill started"]);
}

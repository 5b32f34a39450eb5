//! What becomes of a child that fails too often: its fuse, and `on_exhausted` of its supervisor.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::control::outcome::ChildControlOperation;
use rust_supervisor::event::failure::Why;
use rust_supervisor::event::kind::{EventKind, Quarantine};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, OnExhausted};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorError, SupervisorSpec, TreeRef};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const SHORT: Intensity = Intensity::new(2, Duration::from_secs(60));

async fn quarantined(tree: &TreeRef) -> (String, Quarantine) {
    let mut events = tree.events_after(0);
    while let Some(observed) = events.next().await {
        let Observed::Event(event) = observed else {
            panic!("{observed:?}");
        };
        if let EventKind::Quarantined(why) = event.kind {
            assert_eq!(event.operation, ChildControlOperation::Quarantined);
            return (event.path.to_string(), why);
        }
    }
    panic!("nobody was quarantined");
}

async fn fails(log: &Log, fail: &Notify, times: usize) {
    for time in 1..=times {
        log.wait_for("+weak", time).await;
        fail.notify_one();
    }
    log.wait_for("-weak", times).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_fuse_has_blown_stays_down_until_it_is_resumed() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail)
        .backoff(Backoff::none())
        .fuse(SHORT);
    let strong = obedient("strong", &log, Duration::ZERO);
    // One restart that counts here would be one too many.
    let spec = SupervisorSpec::root(vec![weak, strong]).intensity(Intensity::new(0, SHORT.window));
    let handle = Supervisor::start(spec).await.expect("starts");
    fails(&log, &fail, 3).await;
    let told = quarantined(&handle).await;
    assert_eq!(told, ("weak".to_owned(), Quarantine::Fuse));
    let weak = handle.snapshot_of("weak").expect("is there");
    assert_eq!(weak.state, ChildState::Failed);
    assert_eq!(weak.operation, ChildControlOperation::Quarantined);
    assert!(!handle.is_ready(), "it is critical");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(log.count("+weak"), 3, "time alone does not start it");
    assert_eq!(log.count("+strong"), 1);
    handle
        .resume_child("weak", "test", "mended")
        .await
        .expect("resumes");
    log.wait_for("+weak", 4).await;
    assert!(handle.is_ready());
    fail.notify_one();
    log.wait_for("+weak", 5).await;
    handle.shutdown().await.expect("stops");
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_may_quarantine_the_child_that_broke_its_limit() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::none());
    let strong = obedient("strong", &log, Duration::ZERO);
    let spec = SupervisorSpec::root(vec![strong, weak])
        .intensity(SHORT)
        .on_exhausted(OnExhausted::Quarantine);
    let handle = Supervisor::start(spec).await.expect("starts");
    fails(&log, &fail, 3).await;
    let told = quarantined(&handle).await;
    assert_eq!(told, ("weak".to_owned(), Quarantine::Intensity));
    assert_eq!(log.count("-strong"), 0, "nobody else is touched");
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_may_end_the_whole_tree_when_its_limit_is_broken() {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let weak = fragile("weak", &log, &fail).backoff(Backoff::none());
    let below = SupervisorSpec::root(vec![weak])
        .intensity(SHORT)
        .on_exhausted(OnExhausted::Shutdown);
    let spec = SupervisorSpec::root(vec![
        obedient("strong", &log, Duration::ZERO),
        ChildSpec::supervisor("below", below),
    ]);
    let handle = Supervisor::start(spec).await.expect("starts");
    fails(&log, &fail, 3).await;
    let Err(SupervisorError::GaveUp { failure }) = handle.join().await else {
        panic!("it ended well");
    };
    assert_eq!(
        (&*failure.supervisor, &*failure.decisive().child),
        ("below", "below/weak")
    );
    assert_eq!(failure.why, Why::Intensity(SHORT));
    log.wait_for("-strong", 1).await;
    assert_eq!(log.count("+weak"), 3);
}

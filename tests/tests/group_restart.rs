//! A restart by strategy stops its scope in reverse, one after the other, then starts it in order.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::event::kind::EventKind;
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::policy::{Readiness, Strategy};
use rust_supervisor::{Supervisor, SupervisorSpec};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

const SLOW: Duration = Duration::from_millis(300);

async fn fail_b(strategy: Strategy, readiness: Readiness) -> (Log, Vec<String>) {
    let (log, fail) = (Log::new(), Arc::new(Notify::new()));
    let spec = SupervisorSpec::root(vec![
        obedient("a", &log, SLOW).readiness(readiness),
        fragile("b", &log, &fail).readiness(readiness),
        obedient("c", &log, SLOW).readiness(readiness),
        obedient("d", &log, SLOW).readiness(readiness),
    ])
    .strategy(strategy);
    let handle = Supervisor::start(spec).await.expect("starts");
    for line in ["+a", "+b", "+c", "+d"] {
        log.wait_for(line, 1).await;
    }
    log.take();
    fail.notify_one();
    log.wait_for("+d", 1).await;
    log.wait_for("+b", 1).await;
    if strategy == Strategy::OneForAll {
        log.wait_for("+a", 1).await;
    }
    log.wait_for("+c", 1).await;
    let restarted = log.take();
    assert_eq!(
        started_in_order(&handle).await,
        ["a", "b", "c", "d"],
        "the first start"
    );
    let report = handle.shutdown().await.expect("stops");
    assert!(report.is_clean(), "{report}");
    let order: Vec<&str> = report.children.iter().map(|child| &*child.path).collect();
    assert_eq!(order, ["d", "c", "b", "a"]);
    assert_eq!(log.alive(), 0);
    assert_eq!(log.most_alive(), 1, "never two copies of one child");
    (log, restarted)
}

/// The order of first polls of a batch of immediate children is not promised on several workers.
fn ends_then_starts(lines: &[String]) -> (Vec<&str>, Vec<&str>) {
    let starts = lines
        .iter()
        .position(|line| line.starts_with('+'))
        .expect("starts");
    let (ends, starts) = lines.split_at(starts);
    let mut starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    starts.sort_unstable();
    (ends.iter().map(String::as_str).collect(), starts)
}

/// Which children the first start started, in the order of the journal.
async fn started_in_order(handle: &rust_supervisor::SupervisorHandle) -> Vec<String> {
    let (mut events, mut started) = (handle.events_after(0), Vec::new());
    while started.len() < 4 {
        let Some(Observed::Event(event)) = events.next().await else {
            panic!("four children start");
        };
        if matches!(event.kind, EventKind::Started) && !event.path.is_empty() {
            started.push(event.path.to_string());
        }
    }
    started
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_everything_in_reverse_and_starts_everything_in_order() {
    let (_, lines) = fail_b(Strategy::OneForAll, Readiness::Explicit).await;
    assert_eq!(lines, ["-b", "-d", "-c", "-a", "+a", "+b", "+c", "+d"]);
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_leaves_those_before_the_failed_child_alone() {
    let (_, lines) = fail_b(Strategy::RestForOne, Readiness::Explicit).await;
    assert_eq!(lines, ["-b", "-d", "-c", "+b", "+c", "+d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_for_all_keeps_its_order_on_several_workers_where_readiness_is_explicit() {
    let (_, lines) = fail_b(Strategy::OneForAll, Readiness::Explicit).await;
    assert_eq!(lines, ["-b", "-d", "-c", "-a", "+a", "+b", "+c", "+d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_for_all_never_has_two_copies_on_several_workers() {
    let (_, lines) = fail_b(Strategy::OneForAll, Readiness::Immediate).await;
    let (ends, starts) = ends_then_starts(&lines);
    assert_eq!(ends, ["-b", "-d", "-c", "-a"]);
    assert_eq!(starts, ["+a", "+b", "+c", "+d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rest_for_one_never_has_two_copies_on_several_workers() {
    let (_, lines) = fail_b(Strategy::RestForOne, Readiness::Immediate).await;
    let (ends, starts) = ends_then_starts(&lines);
    assert_eq!(ends, ["-b", "-d", "-c"]);
    assert_eq!(starts, ["+b", "+c", "+d"]);
}

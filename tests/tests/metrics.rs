//! The metrics of a tree, as a recorder sees them.
//!
//! Each test has a recorder of its own, on a runtime of one thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{Intensity, Pool, Shutdown};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext};
use supervisor_tests::{Log, fragile, obedient};
use tokio::sync::Notify;

/// What a recorder holds: counts and gauges as numbers, of histograms how many values.
#[derive(Default)]
struct Seen {
    values: BTreeMap<String, f64>,
    /// The last values of histograms.
    durations: BTreeMap<String, Vec<f64>>,
}

impl Seen {
    fn take(&mut self, recorder: &Snapshotter) {
        for (key, _, _, value) in recorder.snapshot().into_vec() {
            let (_, key) = key.into_parts();
            let labels: Vec<String> = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let name = format!("{}{{{}}}", key.name(), labels.join(","));
            match value {
                // To look takes away: counters begin anew, and gauges that are not set again are 0.
                DebugValue::Counter(value) => {
                    *self.values.entry(name).or_default() +=
                        f64::from(u32::try_from(value).expect("small"));
                }
                DebugValue::Gauge(value) => {
                    self.values.insert(name, value.into_inner());
                }
                DebugValue::Histogram(values) => {
                    let values = values.iter().map(|value| **value);
                    self.durations.entry(name).or_default().extend(values);
                }
            }
        }
    }

    fn of(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    #[track_caller]
    fn shows(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            let found = self.of(name);
            assert!(
                (found - value).abs() < 1e-9,
                "{name} is {found}: {:#?}",
                self.values
            );
        }
    }
}

/// Runs a test inside a runtime of one thread with a recorder.
fn recorded<F: Future<Output = ()>>(test: impl FnOnce(Snapshotter) -> F) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("builds");
    metrics::with_local_recorder(&recorder, || runtime.block_on(test(snapshotter)));
}

async fn started(spec: SupervisorSpec) -> SupervisorHandle {
    Supervisor::start(spec).await.expect("starts")
}

/// Lets the reader of the tree's events catch up.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_life_of_a_child_is_counted() {
    recorded(|recorder| async move {
        let (log, fail, mut seen) = (Log::new(), Arc::new(Notify::new()), Seen::default());
        let feed = fragile("feed", &log, &fail).backoff(Backoff::constant(Duration::from_secs(2)));
        let inner =
            SupervisorSpec::root(vec![feed]).intensity(Intensity::new(3, Duration::from_secs(10)));
        let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("inner", inner)]);
        let handle = started(spec).await;
        log.wait_for("+feed", 1).await;
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            ("supervisor_child_attempts_total{child=inner/feed}", 1.0),
            (
                "supervisor_child_state{child=inner/feed,state=running}",
                1.0,
            ),
            ("supervisor_child_state{child=inner,state=running}", 1.0),
            ("supervisor_child_ready{child=inner/feed}", 1.0),
            ("supervisor_child_ready{child=inner}", 1.0),
        ]);

        fail.notify_one();
        log.wait_for("-feed", 1).await;
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            (
                "supervisor_child_exits_total{child=inner/feed,reason=error}",
                1.0,
            ),
            ("supervisor_child_restarts_total{child=inner/feed}", 1.0),
            (
                "supervisor_child_state{child=inner/feed,state=running}",
                0.0,
            ),
            (
                "supervisor_child_state{child=inner/feed,state=backoff}",
                1.0,
            ),
            ("supervisor_child_ready{child=inner/feed}", 0.0),
            ("supervisor_child_ready{child=inner}", 0.0),
            ("supervisor_restart_budget_remaining{supervisor=inner}", 2.0),
        ]);
        let delay = seen.of("supervisor_child_backoff_seconds{child=inner/feed}");
        assert!((1.0..=2.0).contains(&delay), "{delay}");

        log.wait_for("+feed", 2).await;
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            ("supervisor_child_attempts_total{child=inner/feed}", 2.0),
            (
                "supervisor_child_state{child=inner/feed,state=running}",
                1.0,
            ),
            ("supervisor_child_backoff_seconds{child=inner/feed}", 0.0),
        ]);

        // The budget recovers, and nothing has to happen for that to show.
        tokio::time::sleep(Duration::from_secs(12)).await;
        settle().await;
        seen.take(&recorder);
        seen.shows(&[("supervisor_restart_budget_remaining{supervisor=inner}", 3.0)]);

        let lasted = &seen.durations["supervisor_child_attempt_duration_seconds{child=inner/feed,outcome=graceful}"];
        assert_eq!(lasted.len(), 1);

        handle.shutdown().await.expect("stops");
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            (
                "supervisor_child_exits_total{child=inner/feed,reason=ok}",
                1.0,
            ),
            (
                "supervisor_child_state{child=inner/feed,state=running}",
                0.0,
            ),
            (
                "supervisor_control_commands_total{command=shutdown,result=accepted}",
                1.0,
            ),
        ]);
        let stops = &seen.durations["supervisor_child_stop_duration_seconds{child=inner/feed,outcome=graceful}"];
        assert_eq!(stops.len(), 1);
    });
}

#[test]
fn commands_escalations_and_forced_stops_are_counted() {
    recorded(|recorder| async move {
        let (log, fail, mut seen) = (Log::new(), Arc::new(Notify::new()), Seen::default());
        let inner = SupervisorSpec::root(vec![fragile("weak", &log, &fail)])
            .intensity(Intensity::new(0, Duration::from_secs(1)));
        let inner = ChildSpec::supervisor("inner", inner).backoff(Backoff::none());
        let slow = obedient("slow", &log, Duration::from_secs(60))
            .shutdown(Shutdown::Within(Duration::from_secs(1)));
        let handle = started(SupervisorSpec::root(vec![inner, slow])).await;
        log.wait_for("+weak", 1).await;
        fail.notify_one();
        log.wait_for("+weak", 2).await;
        let slow = handle.child("slow").expect("known");
        slow.pause().await.expect("pauses");
        slow.delete().await.expect_err("is not down");
        slow.stopped().await.expect("is down");
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            ("supervisor_escalations_total{supervisor=inner}", 1.0),
            (
                "supervisor_child_exits_total{child=inner,reason=error}",
                1.0,
            ),
            ("supervisor_child_restarts_total{child=inner}", 1.0),
            (
                "supervisor_control_commands_total{command=pause,result=accepted}",
                1.0,
            ),
            (
                "supervisor_control_commands_total{command=delete,result=refused}",
                1.0,
            ),
            (
                "supervisor_child_exits_total{child=slow,reason=aborted}",
                1.0,
            ),
            ("supervisor_child_state{child=slow,state=stopped}", 1.0),
        ]);
        let stops =
            &seen.durations["supervisor_child_stop_duration_seconds{child=slow,outcome=aborted}"];
        assert!(stops.len() == 1 && stops[0] >= 1.0, "{stops:?}");
        handle.shutdown().await.expect("stops");
    });
}

#[test]
fn what_is_added_shares_a_label_and_leaves_nothing_behind() {
    recorded(|recorder| async move {
        let (log, mut seen) = (Log::new(), Seen::default());
        let pool = SupervisorSpec::root(Vec::new()).pool(Pool::Unlimited);
        let pool = ChildSpec::supervisor("uploads", pool);
        let handle = started(SupervisorSpec::root(vec![pool])).await;
        for n in 0..100 {
            let job = ChildSpec::from_fn(format!("job{n}"), |ctx: TaskContext| async move {
                ctx.cancelled().await;
            });
            handle.start_child("uploads", job).await.expect("added");
        }
        handle
            .start_child("/", obedient("late", &log, Duration::ZERO))
            .await
            .expect("added");
        settle().await;
        seen.take(&recorder);
        seen.shows(&[
            ("supervisor_child_attempts_total{child=uploads/*}", 100.0),
            (
                "supervisor_child_state{child=uploads/*,state=running}",
                100.0,
            ),
            ("supervisor_child_ready{child=uploads/*}", 100.0),
            ("supervisor_child_ready{child=*}", 1.0),
            (
                "supervisor_control_commands_total{command=start,result=accepted}",
                101.0,
            ),
        ]);
        handle
            .child("uploads")
            .expect("known")
            .remove()
            .await
            .expect("removes");
        handle
            .child("uploads")
            .map_or(Ok(()), |_| Ok::<(), ()>(()))
            .expect("may be there");
        settle().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.take(&recorder);
        seen.shows(&[
            ("supervisor_child_state{child=uploads/*,state=running}", 0.0),
            ("supervisor_child_ready{child=uploads/*}", 0.0),
        ]);
        let series = seen.values.keys().chain(seen.durations.keys());
        let series: Vec<&String> = series.filter(|name| name.contains("job")).collect();
        assert!(series.is_empty(), "{series:?}");
        handle.shutdown().await.expect("stops");
    });
}

#[test]
fn what_the_reader_misses_is_counted_and_gauges_are_set_right() {
    recorded(|recorder| async move {
        let (log, mut seen) = (Log::new(), Seen::default());
        let child = obedient("child", &log, Duration::ZERO);
        let other = obedient("other", &log, Duration::ZERO);
        let handle = started(SupervisorSpec::root(vec![child, other])).await;
        log.wait_for("+other", 1).await;
        let (child, other) = (handle.child("child"), handle.child("other"));
        let (child, other) = (child.expect("known"), other.expect("known"));
        settle().await;
        seen.take(&recorder);
        let paused = seen.of("supervisor_control_commands_total{command=pause,result=accepted}");
        assert!(paused < 1.0, "{paused}");
        let known = handle.snapshot().expect("runs").as_of_seq;

        // More than the journal holds, before the reader has its turn again.
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..6_000 {
            drop(std::pin::pin!(child.pause()).poll(&mut cx));
            drop(std::pin::pin!(child.resume()).poll(&mut cx));
        }
        drop(std::pin::pin!(other.pause()).poll(&mut cx));
        other.stopped().await.expect("is down");
        let newest = handle.snapshot().expect("runs").as_of_seq;
        settle().await;
        seen.take(&recorder);
        let dropped = seen.of("supervisor_events_dropped_total{consumer=metrics}");
        let new = f64::from(u32::try_from(newest - known).expect("small"));
        // Of the end of the other child it may have heard.
        assert!(dropped <= new && dropped > new - 10.0, "{dropped} of {new}");
        seen.shows(&[
            ("supervisor_child_state{child=child,state=running}", 1.0),
            ("supervisor_child_state{child=child,state=stopping}", 0.0),
            ("supervisor_child_state{child=other,state=running}", 0.0),
            ("supervisor_child_state{child=other,state=stopped}", 1.0),
            ("supervisor_child_ready{child=other}", 0.0),
        ]);
        handle.shutdown().await.expect("stops");
    });
}

#[test]
fn labels_do_not_grow_where_the_reader_has_missed_what_was_added() {
    recorded(|recorder| async move {
        let log = Log::new();
        let pool = SupervisorSpec::root(Vec::new()).pool(Pool::Unlimited);
        let children = vec![
            obedient("fixed", &log, Duration::ZERO),
            ChildSpec::supervisor("uploads", pool),
        ];
        let handle = started(SupervisorSpec::root(children)).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The reader has no turn until the journal has been lapped.
        tokio::task::unconstrained(async {
            for name in ["job1", "job2", "job3"] {
                let job = obedient(name, &log, Duration::ZERO);
                handle.start_child("uploads", job).await.expect("starts");
            }
            handle.pause_child("nobody", "t", "t").await.expect("known");
            for _ in 0..17_000 {
                handle.resume_child("fixed", "t", "t").await.expect("runs");
            }
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut seen = Seen::default();
        seen.take(&recorder);
        let dropped = seen.of("supervisor_events_dropped_total{consumer=metrics}");
        assert!(dropped > 0.0, "nothing was missed");
        for name in seen.values.keys() {
            assert!(!name.contains("job") && !name.contains("nobody"), "{name}");
        }
        seen.shows(&[
            ("supervisor_child_state{child=uploads/*,state=running}", 3.0),
            ("supervisor_child_state{child=fixed,state=running}", 1.0),
        ]);
        handle.shutdown().await.expect("stops");
    });
}

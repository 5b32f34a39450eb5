//! What a tree does, in numbers: metrics of the [`metrics`](https://docs.rs/metrics) facade.
//!
//! Every tree writes them to the recorder that the program has installed; there is nothing to call.
//! They are read from the journal, like everything else that watches a tree, by one task of the
//! tree. Where that falls behind the journal, gauges are set right from a snapshot, and what
//! counters have missed is counted.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `supervisor_child_attempts_total` | counter | `child` |
//! | `supervisor_child_exits_total` | counter | `child`, `reason`: `ok`, `error`, `panic`, `timeout`, `cancelled`, `aborted` |
//! | `supervisor_child_restarts_total` | counter | `child` |
//! | `supervisor_escalations_total` | counter | `supervisor` |
//! | `supervisor_child_state` | gauge: children in that state | `child`, `state` |
//! | `supervisor_child_ready` | gauge: children that are ready | `child` |
//! | `supervisor_child_backoff_seconds` | gauge: the delay that it waits; 0 while it does not | `child` |
//! | `supervisor_restart_budget_remaining` | gauge: restarts left in the window | `supervisor` |
//! | `supervisor_child_attempt_duration_seconds` | histogram | `child`, `outcome`: `graceful`, `aborted`, `unconfirmed` |
//! | `supervisor_child_stop_duration_seconds` | histogram | `child`, `outcome` |
//! | `supervisor_events_dropped_total` | counter | `consumer`: `metrics` |
//! | `supervisor_control_commands_total` | counter | `command`, `result`: `accepted`, `refused` |
//!
//! `child` is the path of a child that the tree began with. Children that were added at run time
//! share a label, `uploads/*`, so that the number of series does not grow with the work that is
//! done; for them the gauges of state and readiness count. `unconfirmed` is an attempt that could
//! not be ended in time. A command is `refused` where it had no effect; one that waits its turn is
//! `accepted`.
//!
//! Worth an alarm, in the words of Prometheus:
//!
//! ```text
//! increase(supervisor_child_restarts_total[10m]) > 5            a storm of restarts
//! supervisor_restart_budget_remaining <= 1                      before the supervisor gives up
//! supervisor_child_ready == 0  for 5m                           not ready
//! increase(supervisor_child_stop_duration_seconds_count{outcome!="graceful"}[1h]) > 0
//! ```

mod label;
mod meter;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

use self::meter::Meter;
use crate::event::stream::{EventStream, Observed};
use crate::runtime::snapshot;
use crate::runtime::tree::Tree;

/// How often a budget that is partly spent is looked at again: it recovers without an event.
const RECOVERS: Duration = Duration::from_secs(1);

/// Writes the metrics of a tree for as long as it lives.
pub(crate) fn keep(tree: Arc<Tree>) -> impl Future<Output = ()> + Send {
    describe();
    async move {
        let mut events = EventStream::new(Arc::clone(&tree), 0);
        let mut meter = Meter::default();
        loop {
            let next = events.next();
            let next = if meter.has_spent() {
                let Ok(next) = tokio::time::timeout(RECOVERS, next).await else {
                    meter.look_at_budgets(&tree);
                    continue;
                };
                next
            } else {
                next.await
            };
            match next {
                None => return meter.close(),
                Some(Observed::Event(event)) => {
                    meter.event(&event);
                    if !events.has_more() {
                        meter.look_at_budgets(&tree);
                    }
                }
                Some(Observed::Missed(count)) => {
                    let Ok(now) = snapshot::take(&tree) else {
                        return;
                    };
                    // What is there and in the snapshot is passed over.
                    meter.missed(count + now.as_of_seq.saturating_sub(events.after()));
                    meter.set_right(&now, &tree);
                    events = EventStream::new(Arc::clone(&tree), now.as_of_seq);
                }
            }
        }
    }
}

fn describe() {
    describe_counter!(meter::ATTEMPTS, "Attempts that were started");
    describe_counter!(meter::EXITS, "Attempts that have ended");
    describe_counter!(meter::RESTARTS, "Restarts that were decided");
    describe_counter!(meter::ESCALATIONS, "Supervisors that gave up");
    describe_gauge!(meter::STATE, "Children in this state");
    describe_gauge!(meter::READY, "Children that are ready");
    describe_gauge!(
        meter::BACKOFF,
        Unit::Seconds,
        "Delay before the next attempt"
    );
    describe_gauge!(
        meter::BUDGET,
        "Restarts left before the supervisor gives up"
    );
    describe_histogram!(meter::ATTEMPT, Unit::Seconds, "How long attempts lasted");
    describe_histogram!(meter::STOP, Unit::Seconds, "How long stops took");
    describe_counter!(
        meter::DROPPED,
        "Events passed over by a reader that fell behind"
    );
    describe_counter!(meter::COMMANDS, "Commands of operators and programs");
}

//! Maintenance: what has to be done from time to time, and hurries nobody.

use std::time::Duration;

use rust_supervisor::{TaskContext, supervised};
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::database::{Database, DatabaseError};
use crate::queue;

/// Forgets jobs that have been done for long enough: now, and then once in every period.
#[supervised]
pub(crate) async fn tidy(
    ctx: TaskContext,
    database: Database,
    every: Duration,
    keep: Duration,
) -> Result<(), DatabaseError> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while ctx.until_cancelled(ticks.tick()).await.is_some() {
        let forgotten = database
            .call(move |db| queue::forget_done(db, keep))
            .await?;
        info!(forgotten, "tidied up");
    }
    Ok(())
}

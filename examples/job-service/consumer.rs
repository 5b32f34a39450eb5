//! The consumer: takes one job after the other, and may crash on any of them.

use std::time::Duration;

use rust_supervisor::{TaskContext, supervised};
use tokio::sync::mpsc;
use tracing::info;

use crate::database::{Database, DatabaseError};
use crate::queue::{self, Work};

/// Works on jobs while there are any, then waits for the doorbell.
///
/// The doorbell is lent, so it survives every crash of the consumer. When the service stops, the
/// job in hand is finished, if that takes no longer than the `shutdown` budget; if it does, the job
/// is still in the table as running, and is what the next start takes first.
#[supervised(backoff = "10ms..100ms", shutdown = "10s")]
pub(crate) async fn consume(
    ctx: TaskContext,
    database: Database,
    doorbell: &mut mpsc::Receiver<()>,
) -> Result<(), DatabaseError> {
    while !ctx.is_cancelled() {
        if let Some(job) = database.call(queue::claim).await? {
            info!(job = job.id, attempt = job.attempt, "working");
            let result = perform(&job.work).await;
            let done = move |db: &mut _| queue::complete(db, job.id, &result);
            database.call(done).await?;
        } else {
            ctx.until_cancelled(doorbell.recv()).await;
        }
    }
    Ok(())
}

/// Does what the job says. The division by zero that is bound to come up is a panic.
async fn perform(work: &Work) -> String {
    match *work {
        Work::Divide { dividend, divisor } => (dividend / divisor).to_string(),
        Work::Wait { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            format!("waited {ms} ms")
        }
    }
}

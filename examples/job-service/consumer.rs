//! The consumer: takes one job after the other, and may crash on any of them.

use std::error::Error;
use std::time::Duration;

use rust_supervisor::{TaskContext, supervised};
use tokio::sync::mpsc;
use tracing::info;

use crate::database::Database;
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
) -> Result<(), Box<dyn Error + Send + Sync>> {
    while !ctx.is_cancelled() {
        if let Some(job) = database.call(queue::claim).await? {
            info!(job = job.id, attempt = job.attempt, "working");
            let result = perform(&serde_json::from_str(&job.work)?).await;
            let done = move |db: &mut _| queue::complete(db, job.id, &result);
            database.call(done).await?;
        } else if ctx.until_cancelled(doorbell.recv()).await == Some(None) {
            // The API has stopped and nobody rings any more: this child is about to be asked.
            ctx.cancelled().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;

    /// Supervised functions are functions: a test calls them, with a context of its own.
    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "a test is not supervised")]
    async fn a_job_that_an_earlier_attempt_left_behind_is_taken_up_again() {
        let (database, mut calls) = Database::channel();
        let (_bell, mut doorbell) = mpsc::channel(1);
        let ctx = TaskContext::detached();
        let stop = ctx.cancellation_token();
        let answering = tokio::task::spawn_blocking(move || {
            database::answer(TaskContext::detached(), ":memory:".into(), &mut calls)
        });
        let work = Work::Divide {
            dividend: 7,
            divisor: 2,
        };
        let add = move |db: &mut _| queue::add(db, None, &work);
        let (job, _) = database.call(add).await.expect("added");
        database.call(queue::claim).await.expect("claimed");

        let watching = async {
            loop {
                let get = move |db: &mut _| queue::get(db, job.id);
                let job = database.call(get).await.expect("read").expect("there");
                if job.state == "done" {
                    stop.cancel();
                    return job.attempts;
                }
            }
        };
        let consuming = consume(ctx, database.clone(), &mut doorbell);
        let (consumed, attempts) = tokio::join!(consuming, watching);
        consumed.expect("it was asked to stop");
        assert_eq!(attempts, 2);

        drop(database);
        answering.await.expect("no panic").expect("closed");
    }
}

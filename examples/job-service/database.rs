//! The database: a blocking child that owns the connection, and the handle that the others use.
//!
//! `SQLite` has one writer at a time and blocks its thread. So one child sits on the blocking pool
//! with the only connection, and everybody else sends it what is to be done.

use std::path::PathBuf;

use rusqlite::Connection;
use rust_supervisor::{TaskContext, supervised};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::queue;

/// Something to be done with the connection.
pub(crate) type Call = Box<dyn FnOnce(&mut Connection) + Send>;

/// Opens the file, then carries out one call after the other.
///
/// It is ready when the file is open and has its tables; those that come after it start then. As
/// the first child of the tree it is the last to stop: all who could still call are gone.
#[supervised(blocking, readiness = "explicit")]
pub(crate) fn answer(
    ctx: TaskContext,
    file: PathBuf,
    calls: &mut mpsc::Receiver<Call>,
) -> rusqlite::Result<()> {
    let mut connection = Connection::open(file)?;
    queue::prepare(&connection)?;
    ctx.mark_ready();
    // A blocking `recv` would not hear the stop; a thread of the blocking pool may wait for a future.
    let mut next_call = move || {
        let call = ctx.until_cancelled(calls.recv());
        Handle::current().block_on(call).flatten()
    };
    while let Some(call) = next_call() {
        call(&mut connection);
    }
    connection.close().map_err(|(_, error)| error)
}

/// The way to the database. It stays valid when the database is restarted.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    calls: mpsc::Sender<Call>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("the database went away before it answered")]
    Gone,
    #[error("the database refused")]
    Refused(#[from] rusqlite::Error),
}

impl Database {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Call>) {
        let (calls, receiver) = mpsc::channel(256);
        (Self { calls }, receiver)
    }

    /// Has the connection do something. What has been sent is done even if nobody awaits it.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, DatabaseError> {
        let (answer, answered) = oneshot::channel();
        let call = Box::new(move |connection: &mut Connection| {
            // Nobody waits any more when the caller has been stopped.
            let _ = answer.send(work(connection));
        });
        self.calls
            .send(call)
            .await
            .map_err(|_| DatabaseError::Gone)?;
        Ok(answered.await.map_err(|_| DatabaseError::Gone)??)
    }
}

//! The HTTP API, and how it stops: no new connections, streams ended, a deadline for the rest.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rust_supervisor::{SupervisorError, TaskContext, TreeRef, supervised};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::warn;

use crate::database::{Database, DatabaseError};
use crate::events;
use crate::queue::{self, Work};

/// How long requests that are under way may take when the service stops. Less than the `shutdown`
/// budget of the child, which is for the case that this does not work.
const DRAIN: Duration = Duration::from_secs(3);

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) ctx: TaskContext,
    pub(crate) tree: TreeRef,
    database: Database,
    doorbell: mpsc::Sender<()>,
}

/// Serves until it is asked to stop.
///
/// The address is lent: where the port is 0, the first attempt writes down the one it was given,
/// and every later attempt binds that one again.
#[supervised(readiness = "explicit", shutdown = "5s")]
pub(crate) async fn serve(
    ctx: TaskContext,
    address: &mut SocketAddr,
    database: Database,
    doorbell: mpsc::Sender<()>,
) -> io::Result<()> {
    let tree = ctx.tree().ok_or_else(|| io::Error::other("no tree"))?;
    let listener = TcpListener::bind(*address).await?;
    *address = listener.local_addr()?;
    println!("listening on http://{address}");
    ctx.mark_ready();

    let stop = ctx.cancellation_token().cancelled_owned();
    let app = App {
        ctx: ctx.clone(),
        tree,
        database,
        doorbell,
    };
    let server = axum::serve(listener, routes(app)).with_graceful_shutdown(stop);
    let overdue = async {
        ctx.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        end = server.into_future() => end,
        () = overdue => {
            warn!("some clients did not let go in {DRAIN:?}");
            Ok(())
        }
    }
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/jobs", post(add_job))
        .route("/jobs/{id}", get(get_job))
        .route("/stats", get(stats))
        .route("/events", get(events::stream))
        .route("/tree", get(tree))
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(readyz))
        .with_state(app)
}

/// A job as a client sends it. One that may have to be sent twice carries a key.
#[derive(Deserialize)]
struct NewJob {
    key: Option<String>,
    #[serde(flatten)]
    work: Work,
}

async fn add_job(State(app): State<App>, Json(new): Json<NewJob>) -> Result<Response, Unavailable> {
    let add = move |db: &mut _| queue::add(db, new.key.as_deref(), &new.work);
    let (job, is_new) = app.database.call(add).await?;
    // Full means that the bell rings already; the job is in the table either way.
    let _ = app.doorbell.try_send(());
    let status = if is_new {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(job)).into_response())
}

async fn get_job(State(app): State<App>, Path(id): Path<i64>) -> Result<Response, Unavailable> {
    let job = app.database.call(move |db| queue::get(db, id)).await?;
    Ok(job.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |job| Json(job).into_response(),
    ))
}

async fn stats(State(app): State<App>) -> Result<Response, Unavailable> {
    let stats = app.database.call(|db| queue::stats(db)).await?;
    Ok(Json(stats).into_response())
}

async fn tree(State(app): State<App>) -> Result<Response, Unavailable> {
    Ok(Json(app.tree.snapshot()?).into_response())
}

/// Ready is the tree, not this child: the body says who is missing.
async fn readyz(State(app): State<App>) -> Response {
    let readiness = app.tree.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(json!({ "not_ready": readiness.missing }))).into_response()
}

/// Something behind the API is not there now; the client may try again.
#[derive(Debug, thiserror::Error)]
enum Unavailable {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Tree(#[from] SupervisorError),
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.to_string()).into_response()
    }
}

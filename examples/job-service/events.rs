//! The events of the tree that the service is, as server-sent events.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use rust_supervisor::event::stream::Observed;

use crate::api::App;

/// All that the tree still knows, or what came after `Last-Event-ID`; then whatever happens.
///
/// A stream would keep its connection, and with it the whole server, for as long as its client
/// likes. So it ends with the attempt that serves it.
pub(crate) async fn stream(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.and_then(|id| id.parse().ok()).unwrap_or(0);
    let events = app.tree.events_after(last);
    let stream = stream::unfold((app.ctx, events), |(ctx, mut events)| async move {
        let observed = ctx.until_cancelled(events.next()).await??;
        Some((message(&observed), (ctx, events)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn message(observed: &Observed) -> Result<Event, axum::Error> {
    match observed {
        Observed::Event(event) => Event::default()
            .id(event.seq.to_string())
            .event("event")
            .json_data(event),
        Observed::Missed(count) => Ok(Event::default().event("missed").data(count.to_string())),
        _ => Ok(Event::default().comment("of a kind that this program does not know")),
    }
}

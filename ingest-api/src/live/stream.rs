//! `GET /notifications/stream`: one's inbox as server-sent events.

use super::connection::visible;
use super::entry::{Guest, full};
use super::hub::{Listener, Word};
use super::topic::Topic;
use crate::api::notifications::list::NotificationBody;
use crate::api::schema::Problems;
use crate::error::ApiError;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::{self, StreamExt};
use millstream_event_log::{Position, Seq};
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use serde_json::json;
use std::collections::BTreeSet;
use std::convert::Infallible;

/// What a reader names the last event it saw with.
const LAST_EVENT_ID: &str = "last-event-id";

#[utoipa::path(
    get, path = "/notifications/stream", tag = "notifications",
    summary = "Hear of new notifications",
    description = "Server-sent events: `notification` (as in the list) and `count` (`{\"unread\": n}`); each `id` is a position. \
                   `Last-Event-ID` goes on where the connection broke.",
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = String), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn notifications(
    State(app): State<AppState>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let since = match headers.get(LAST_EVENT_ID) {
        None => app.hub().told(),
        Some(id) => match id.to_str().unwrap_or_default().parse() {
            Ok(Position::View(seq)) => seq,
            _ => return Err(ApiError::bad_request("Last-Event-ID must be a position")),
        },
    };
    let listener = app.hub().listen(guest.caller.id).ok_or_else(full)?;
    listener.set(BTreeSet::from([Topic::Notifications(guest.caller.id)]));
    let reader = Reader {
        app,
        guest,
        listener,
        since,
        is_first: true,
    };
    let events = stream::unfold(reader, Reader::next).flat_map(stream::iter);
    Ok(Sse::new(events.map(Ok)).keep_alive(KeepAlive::default()))
}

struct Reader {
    app: AppState,
    guest: Guest,
    listener: Listener,
    /// What was sent already.
    since: Seq,
    is_first: bool,
}

impl Reader {
    /// The next events, when there is something to tell; `None` at the end.
    async fn next(mut self) -> Option<(Vec<Event>, Self)> {
        // What came between the last time and now is told at once.
        if !std::mem::take(&mut self.is_first) {
            self.wait().await?;
        }
        let events = self.events().await.ok()?;
        Some((events, self))
    }

    async fn wait(&mut self) -> Option<()> {
        loop {
            match self.listener.words.recv().await? {
                Word::Told(..) => return Some(()),
                Word::AskAgain => {
                    let caller = self.guest.proof.caller(&self.app).await.ok()?;
                    self.guest.caller = caller;
                    let own = Topic::Notifications(self.guest.caller.id);
                    visible(&self.app, &self.guest.caller, own).await.ok()?;
                }
            }
        }
    }

    async fn events(&mut self) -> Result<Vec<Event>, ApiError> {
        let until = self.app.hub().told().max(self.since);
        let most = PageRequest {
            limit: LIMIT_MAX,
            cursor: None,
        };
        let person = self.guest.caller.person();
        let newest = self.app.store().notifications(person, false, &most).await?;
        let unread = self.app.store().unread_count(person).await?;
        let since = i64::try_from(self.since).unwrap_or(i64::MAX);
        let fresh = newest.items.iter().filter(|n| n.seq > since);
        let mut events: Vec<Event> = fresh
            .rev()
            .map(|notification| {
                let id = Position::View(u64::try_from(notification.seq).unwrap_or(0));
                let body = NotificationBody::from(notification.clone());
                let data = serde_json::to_string(&body).unwrap_or_default();
                Event::default()
                    .event("notification")
                    .id(id.to_string())
                    .data(data)
            })
            .collect();
        self.since = newest
            .items
            .first()
            .map_or(until, |n| until.max(u64::try_from(n.seq).unwrap_or(0)));
        let count = Event::default()
            .event("count")
            .id(Position::View(self.since).to_string())
            .data(json!({ "unread": unread }).to_string());
        events.push(count);
        Ok(events)
    }
}

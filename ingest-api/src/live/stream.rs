//! `GET /notifications/stream`: one's inbox as server-sent events.
//!
//! *Invariant:* an event's id is a place up to which everything was sent. So it never runs ahead of what the view shows.

use super::guest::Guest;
use super::hub::{Listener, VIEW, Word};
use super::rounds::{Due, Rounds};
use super::socket::End;
use super::topic::Topic;
use crate::api::notifications::list::NotificationBody;
use crate::api::schema::Problems;
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::{self, StreamExt};
use millstream_domain::ids::NotificationId;
use millstream_event_log::{Position, Seq};
use millstream_store::StoreError;
use millstream_store::views::notifications::Notification;
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

/// What a reader names the last event it saw with.
const LAST_EVENT_ID: &str = "last-event-id";
/// Notifications that are read at once. The next are read when these were taken.
const PAGE: u32 = 100;

#[utoipa::path(
    get, path = "/notifications/stream", tag = "notifications",
    summary = "Hear of new notifications",
    description = "Server-sent events: `notification` (as in the list) and `count` (`{\"unread\": n}`); each `id` is a position. \
                   `Last-Event-ID` goes on where the connection broke: all that came since is told, oldest first.",
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = String), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn notifications(
    State(app): State<AppState>,
    guest: Guest,
    _: NoParams,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let listener = app.hub().listen(guest.caller.id)?;
    listener.set(BTreeSet::from([Topic::Notifications(guest.caller.id)]));
    // From here on changes wait in the queue; what the inbox shows by now is looked up.
    let shown = shown(&app).await?;
    let since = match headers.get(LAST_EVENT_ID) {
        None => shown,
        Some(id) => last_seen(&app, id.to_str().unwrap_or_default())
            .await?
            .min(shown),
    };
    let rounds = Rounds::new(app.hub().limits().ping_every, listener.id);
    let reader = Reader {
        app,
        guest,
        listener,
        rounds,
        cx: RequestContext::current(),
        since,
        page: None,
        ready: VecDeque::new(),
        is_due: true,
    };
    let events = stream::unfold(reader, Reader::next).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// How far the inboxes are.
async fn shown(app: &AppState) -> Result<Seq, StoreError> {
    let row = app.store().pipeline_cut(VIEW).await?;
    Ok(row.and_then(|cut| Seq::try_from(cut).ok()).unwrap_or(0))
}

/// The record that a reader has seen last.
async fn last_seen(app: &AppState, id: &str) -> Result<Seq, ApiError> {
    let seq = match id.parse() {
        Ok(Position::View(seq)) => Some(seq),
        Ok(Position::Write(id)) => app.log().seq_of(id).await?,
        Err(_) => None,
    };
    seq.ok_or_else(|| ApiError::bad_request("Last-Event-ID must be a position that was given out"))
}

struct Reader {
    app: AppState,
    guest: Guest,
    listener: Listener,
    rounds: Rounds,
    cx: Arc<RequestContext>,
    /// All up to here was sent.
    since: Seq,
    /// Where the page ends that was read last, if there is another.
    page: Option<Page>,
    /// Events that were made and not taken yet.
    ready: VecDeque<Event>,
    /// Whether something may have come since the last look.
    is_due: bool,
}

/// A place within what is being sent.
#[derive(Debug, Clone, Copy)]
struct Page {
    after: (Seq, NotificationId),
    until: Seq,
}

impl Reader {
    /// The next event, when there is one; `None` at the end.
    async fn next(mut self) -> Option<(Event, Self)> {
        let cx = Arc::clone(&self.cx);
        Box::pin(cx.scope(async move {
            loop {
                if let Some(event) = self.ready.pop_front() {
                    return Some((event, self));
                }
                if !std::mem::take(&mut self.is_due) && self.page.is_none() {
                    self.wait().await.ok()?;
                }
                self.look().await.ok()?;
            }
        }))
        .await
    }

    /// Until there may be something to tell; the end, when they may not be told any more.
    async fn wait(&mut self) -> Result<(), End> {
        loop {
            tokio::select! {
                word = self.listener.words.recv() => match word {
                    Some(Word::Record(..) | Word::Inbox { .. }) => return Ok(()),
                    Some(Word::AskAgain) => {
                        self.guest.ask_again(&self.app).await?;
                    }
                    Some(Word::Check(_)) => {}
                    None => return Err(End::Gone),
                },
                due = self.rounds.next(&self.app, &self.guest) => match due {
                    // The stream's own comments find out whether somebody is there.
                    Due::Ping => {}
                    Due::Ask => {
                        self.guest.ask_again(&self.app).await?;
                    }
                },
            }
        }
    }

    /// Reads the next page of what came.
    async fn look(&mut self) -> Result<(), StoreError> {
        let person = self.guest.caller.person();
        let store = self.app.store();
        let page = match self.page {
            Some(page) => page,
            None => Page {
                after: (self.since, NotificationId(uuid::Uuid::max())),
                // Asked first, so that all up to there is in the answer.
                until: shown(&self.app).await?.max(self.since),
            },
        };
        let found = store
            .notifications_between(person, page.after, page.until, PAGE)
            .await?;
        let is_last = found.len() < PAGE as usize;
        let mut told = page.after;
        for (index, notification) in found.iter().enumerate() {
            let seq = Seq::try_from(notification.seq).unwrap_or(0);
            told = (seq, notification.id);
            // Of several of one record, the last alone stands for all up to there.
            let is_whole = match found.get(index + 1) {
                Some(next) => next.seq != notification.seq,
                None => is_last,
            };
            self.since = if is_whole { seq } else { seq - 1 }.max(self.since);
            self.ready.push_back(event(self.since, notification));
        }
        self.page = None;
        if is_last {
            self.since = page.until;
            let unread = store.unread_count(person).await?;
            self.ready.push_back(count(self.since, unread));
        } else {
            self.page = Some(Page {
                after: told,
                ..page
            });
        }
        Ok(())
    }
}

fn event(since: Seq, notification: &Notification) -> Event {
    let body = NotificationBody::from(notification.clone());
    let data = serde_json::to_string(&body).expect("a notification is plain data");
    Event::default()
        .event("notification")
        .id(Position::View(since).to_string())
        .data(data)
}

fn count(since: Seq, unread: i64) -> Event {
    Event::default()
        .event("count")
        .id(Position::View(since).to_string())
        .data(json!({ "unread": unread }).to_string())
}

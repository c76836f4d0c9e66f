//! `GET /tasks/{id}/comments/{comment_id}/history`: what a comment said before, read from the log itself.

use super::markdown;
use crate::answer::{Answer, Many};
use crate::api::ActorBody;
use crate::api::schema::Problems;
use crate::api::tasks::history;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{IdIn, Params};
use crate::position::WaitFor;
use crate::state::AppState;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, UserId};
use millstream_event_log::{Event, Record};
use millstream_store::task::TaskRef;
use millstream_store::views::activity::Name;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A comment as it was written, edited or deleted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentHistoryItem)]
pub(crate) struct CommentHistoryBody {
    /// Its place in the log.
    seq: u64,
    at: DateTime<Utc>,
    /// Who wrote, edited or deleted it.
    actor: Option<ActorBody>,
    /// `comment.created`, `comment.edited` or `comment.deleted`.
    #[serde(rename = "type")]
    kind: String,
    /// What it said from then on, as markdown; null once the comment is deleted, from its beginning on.
    body: Option<String>,
    /// The same as HTML that is safe to show.
    body_html: Option<String>,
    created_at: DateTime<Utc>,
}

#[utoipa::path(
    get, path = "/tasks/{id}/comments/{comment_id}/history", tag = "comments",
    summary = "What a comment said before",
    description = "Oldest first, straight from the log, for everybody who sees the task. Of a deleted comment it tells who did \
                   what when, and no text.",
    params(
        WaitFor,
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("comment_id" = Uuid, Path, description = "The comment"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of history", body = Many<CommentHistoryBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_comment_history(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(task, id): IdIn<TaskRef, CommentId>,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let after = history::after(&page)?;
    let comment = app.store().comment(&caller.actor, &task, id).await?;
    wait.log(&app).await?;
    let subject = format!("comment/{id}");
    let records = app
        .log()
        .of_subject(comment.task_id.0, &subject, after, page.limit + 1)
        .await?;
    let (records, next_cursor) = history::page_of(records, page.limit);
    let names = history::actors(&app, &records).await?;
    // Whoever deletes a comment wants what it said to be gone, all of it.
    let is_deleted = comment.deleted_at.is_some();
    let items = records
        .iter()
        .map(|record| item(record, &names, is_deleted));
    let items = items.collect();
    Ok(Answer::page(millstream_store::Page { items, next_cursor }))
}

fn item(record: &Record, names: &BTreeMap<UserId, Name>, is_deleted: bool) -> CommentHistoryBody {
    let body = match record.event() {
        Ok(Event::Comment(event)) if !is_deleted => Some(event.comment().body.clone()),
        // A payload that a newer version wrote is shown without its text.
        _ => None,
    };
    CommentHistoryBody {
        seq: record.seq,
        at: record.at,
        actor: history::actor(record, names),
        kind: record.kind.to_string(),
        body_html: body.as_deref().map(markdown::to_html),
        body,
        created_at: record.at,
    }
}

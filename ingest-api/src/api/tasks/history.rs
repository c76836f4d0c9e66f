//! `GET /tasks/{id}/history`: what happened to a task, read from the log itself.

use crate::answer::{Answer, Many};
use crate::api::ActorBody;
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::position::WaitFor;
use crate::state::AppState;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::UserId;
use millstream_event_log::changes::{FieldChange, changes};
use millstream_event_log::{Cut, Record};
use millstream_store::task::TaskRef;
use millstream_store::views::activity::Name;
use millstream_store::{Page, PageRequest};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Who watches a task is their own business, and nothing that happens to it.
const PERSONAL: &[&str] = &["task.watched", "task.unwatched"];

/// Something that happened to a task or to its comments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryItem)]
pub(crate) struct HistoryBody {
    /// Its place in the log.
    seq: u64,
    at: DateTime<Utc>,
    /// Who acted; null for Millstream itself.
    actor: Option<ActorBody>,
    /// Such as `task.updated`.
    #[serde(rename = "type")]
    kind: String,
    /// Field by field. Long texts are named, not repeated.
    changes: Vec<ChangeBody>,
    created_at: DateTime<Utc>,
}

/// One field, before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub(crate) struct ChangeBody {
    #[schema(example = "status")]
    field: String,
    #[schema(schema_with = schema::any)]
    from: Value,
    #[schema(schema_with = schema::any)]
    to: Value,
}

impl From<FieldChange> for ChangeBody {
    fn from(change: FieldChange) -> Self {
        Self {
            field: change.field,
            from: change.from,
            to: change.to,
        }
    }
}

#[utoipa::path(
    get, path = "/tasks/{id}/history", tag = "tasks",
    summary = "What happened to a task",
    description = "Oldest first, straight from the log.",
    params(
        WaitFor,
        ("id" = String, Path, description = "The task's id, or its name such as `ENG-42`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of history", body = Many<HistoryBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_history(
    State(app): State<AppState>,
    caller: Caller,
    Id(task): Id<TaskRef>,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let after = after(&page)?;
    let task = app.store().task(&caller.actor, &task).await?.state.id;
    wait.log(&app).await?;
    let records = app
        .log()
        .of_key(task.0, PERSONAL, after, page.limit + 1)
        .await?;
    let (records, next_cursor) = page_of(records, page.limit);
    let names = actors(&app, &records).await?;
    let items = records.iter().map(|record| item(record, &names)).collect();
    Ok(Answer::page(Page { items, next_cursor }))
}

/// A page of one record more than it holds, and where the next one goes on.
pub(crate) fn page_of(mut records: Vec<Record>, limit: u32) -> (Vec<Record>, Option<String>) {
    let is_last = records.len() <= limit as usize;
    records.truncate(limit as usize);
    let next_cursor = records
        .last()
        .filter(|_| !is_last)
        .map(|record| format!("h{}", record.seq));
    (records, next_cursor)
}

/// What those are called who acted.
pub(crate) async fn actors(
    app: &AppState,
    records: &[Record],
) -> Result<BTreeMap<UserId, Name>, ApiError> {
    let ids: Vec<UserId> = records
        .iter()
        .filter_map(|record| record.origin.actor)
        .collect();
    Ok(app.store().names(&ids).await?)
}

/// Who acted.
pub(crate) fn actor(record: &Record, names: &BTreeMap<UserId, Name>) -> Option<ActorBody> {
    let id = record.origin.actor?;
    names.get(&id).map(ActorBody::from)
}

/// Where the page before ended.
pub(crate) fn after(page: &PageRequest) -> Result<Cut, ApiError> {
    let Some(cursor) = &page.cursor else {
        return Ok(Cut::START);
    };
    let seq = cursor
        .strip_prefix('h')
        .and_then(|digits| digits.parse().ok());
    seq.map(Cut::at).ok_or_else(|| {
        let error = FieldError::new(
            "cursor",
            FieldCode::Invalid,
            "must be a cursor that this list gave out",
        );
        ApiError::with_fields(crate::problem::Code::BadRequest, vec![error])
    })
}

fn item(record: &Record, names: &BTreeMap<UserId, Name>) -> HistoryBody {
    // A payload that a newer version wrote is shown without its changes.
    let changes = record
        .event()
        .map(|event| changes(&event))
        .unwrap_or_default();
    HistoryBody {
        seq: record.seq,
        at: record.at,
        actor: actor(record, names),
        kind: record.kind.to_string(),
        changes: changes.into_iter().map(ChangeBody::from).collect(),
        created_at: record.at,
    }
}

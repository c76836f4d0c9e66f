//! `GET /pipelines/{name}/dead-letters`, `POST /pipelines/{name}/dead-letters/{seq}/retry` and `…/discard`

use super::{PipelineName, RecordSeq};
use crate::answer::{Answer, Many, One};
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::text;
use crate::extract::{Id, IdIn, JsonBody, NoParams, Params};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::{EventId, UserId};
use millstream_store::pipeline::letter::{
    DeadLetter, DiscardDeadLetter, LetterRecord, LetterState, REASON_CHARACTERS_MAX,
    RetryDeadLetter,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A record that a pipeline refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct LetterBody {
    #[schema(example = "activity")]
    pipeline: String,
    /// Its place in the log.
    seq: i64,
    /// `waiting` for somebody, `retrying` on its way once more, `taken` then, or `discarded`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// Why it was refused, the last time.
    error: String,
    /// How often it was refused.
    tries: i32,
    /// What it was refused for: a task, a person.
    key: String,
    /// When it happened.
    at: DateTime<Utc>,
    /// The record; null when the log does not go back so far.
    record: Option<RecordBody>,
    /// Who did something about it last.
    #[schema(value_type = Option<Uuid>)]
    acted_by: Option<UserId>,
    acted_at: Option<DateTime<Utc>>,
    /// Why it was discarded.
    reason: Option<String>,
}

/// What the record says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterRecord)]
pub(crate) struct RecordBody {
    #[schema(value_type = Uuid)]
    event_id: EventId,
    #[schema(example = "task.created")]
    r#type: String,
    subject: String,
    #[schema(value_type = Option<Uuid>)]
    actor: Option<UserId>,
    #[schema(schema_with = schema::any)]
    data: Box<RawValue>,
}

impl From<LetterRecord> for RecordBody {
    fn from(record: LetterRecord) -> Self {
        Self {
            event_id: record.id,
            r#type: record.kind,
            subject: record.subject,
            actor: record.actor,
            data: record.data,
        }
    }
}

impl From<DeadLetter> for LetterBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            pipeline: letter.pipeline,
            seq: letter.seq,
            state: letter.state.as_str(),
            error: letter.error,
            tries: letter.tries,
            key: letter.key,
            at: letter.at,
            record: letter.record.map(RecordBody::from),
            acted_by: letter.acted_by,
            acted_at: letter.acted_at,
            reason: letter.reason,
        }
    }
}

/// A state in a query.
pub(crate) fn state(text: &str) -> Result<LetterState, Invalid> {
    text.parse().map_err(|error| {
        let error: millstream_store::pipeline::letter::UnknownLetterState = error;
        Invalid::new(FieldCode::NotOneOf, error.to_string())
    })
}

#[utoipa::path(
    get, path = "/pipelines/{name}/dead-letters", tag = "pipelines",
    summary = "Records that a pipeline refused (admin)",
    description = "Newest first, each with the record and why it was refused.",
    params(
        ("name" = String, Path, description = "The pipeline; of a node's own with the node: `search@here`"),
        ("state" = Option<String>, Query, description = "In one of these states: `waiting`, `retrying`, `taken`, `discarded`; \
            repeatable, or several between commas"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them", body = Many<LetterBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_dead_letters(
    State(app): State<AppState>,
    caller: Caller,
    Id(PipelineName(name)): Id<PipelineName>,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let states = params.many("state", state);
    let page = params.page();
    params.finish(|| Some(()))?;
    let letters = app
        .store()
        .dead_letters(&caller.actor, &name, &states, &page)
        .await?;
    Ok(Answer::page(letters.map(LetterBody::from)))
}

#[utoipa::path(
    post, path = "/pipelines/{name}/dead-letters/{seq}/retry", tag = "pipelines",
    summary = "Try a refused record again (admin)",
    description = "By an event that the pipeline reads in its order, and takes the record in the place of: what the record tells \
                   of is shown where it is tried again. When much has happened to the same thing since, make the view anew \
                   instead. One that was taken: 409. May be repeated.",
    params(
        ("name" = String, Path, description = "The pipeline"),
        ("seq" = u64, Path, description = "The record"),
    ),
    responses((status = 200, description = "The dead letter as it is now", body = One<LetterBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn retry_dead_letter(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(PipelineName(pipeline), RecordSeq(seq)): IdIn<PipelineName, RecordSeq>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let retry = RetryDeadLetter {
        actor: caller.actor.clone(),
        pipeline,
        seq,
    };
    write(&app, &caller, retry, answer).await
}

/// What a record is discarded with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct DiscardFields {
    /// Why nobody misses it.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

#[utoipa::path(
    post, path = "/pipelines/{name}/dead-letters/{seq}/discard", tag = "pipelines",
    summary = "Leave a refused record out (admin)",
    description = "It stays listed with the reason, and can still be tried again. One that is on its way once more, or was \
                   taken: 409. May be repeated.",
    params(
        ("name" = String, Path, description = "The pipeline"),
        ("seq" = u64, Path, description = "The record"),
    ),
    request_body = DiscardFields,
    responses((status = 200, description = "The dead letter as it is now", body = One<LetterBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn discard_dead_letter(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(PipelineName(pipeline), RecordSeq(seq)): IdIn<PipelineName, RecordSeq>,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, ApiError> {
    let reason = fields.required("reason", text(bounded_reason));
    let reason = fields.finish(|| reason)?;
    let discard = DiscardDeadLetter {
        actor: caller.actor.clone(),
        pipeline,
        seq,
        reason,
    };
    write(&app, &caller, discard, answer).await
}

/// A reason that is none too long; whether it is one at all the store says.
fn bounded_reason(text: &str) -> Result<String, Invalid> {
    crate::extract::params::bounded(text, REASON_CHARACTERS_MAX)
}

fn answer(letter: &DeadLetter) -> Answer {
    Answer::one(LetterBody::from(letter.clone()))
}

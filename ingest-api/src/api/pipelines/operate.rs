//! `GET /pipelines/{name}`, `POST /pipelines/{name}/rebuild`, `POST /pipelines/{name}/resume`

use super::PipelineName;
use super::list::{PipelineBody, body};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::boolean;
use crate::extract::{Id, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Action;
use millstream_store::pipeline::PipelineStatus;
use millstream_store::pipeline::rebuild::{AskRebuild, Found, Rebuild};
use millstream_store::pipeline::resume::ResumePipeline;
use serde::Serialize;
use utoipa::ToSchema;

/// A view that is made anew, or was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rebuild)]
pub(crate) struct RebuildBody {
    /// `asked`, `reading`, `comparing`, `swapping`, `done` or `failed`.
    #[schema(example = "reading")]
    state: &'static str,
    /// Whether the two views are only compared.
    compare_only: bool,
    /// How much of the present step is done, from 0 to 1.
    progress: Option<f64>,
    asked_at: DateTime<Utc>,
    /// Null for a command.
    #[schema(value_type = Option<Uuid>)]
    asked_by: Option<UserId>,
    finished_at: Option<DateTime<Utc>>,
    /// What came of the comparison.
    found: Option<FoundBody>,
    /// Why it failed; the view is as it was, then.
    error: Option<String>,
}

/// What differed between the view that people saw and the one that the log gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RebuildFound)]
struct FoundBody {
    /// Entries before.
    before: u64,
    /// Entries of the new view.
    rebuilt: u64,
    /// Entries that were missing.
    missing: u64,
    /// Entries that should not have been there.
    surplus: u64,
    /// Entries that were other than they should have been.
    changed: u64,
    /// Records that could not be taken.
    refused: u64,
    /// The first of those that differ.
    examples: Vec<ExampleBody>,
}

/// An entry that differed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RebuildExample)]
struct ExampleBody {
    key: String,
    /// As it was; null where there was none.
    before: Option<String>,
    /// As the log gives it; null where it gives none.
    rebuilt: Option<String>,
}

impl From<&Rebuild> for RebuildBody {
    fn from(rebuild: &Rebuild) -> Self {
        Self {
            state: rebuild.state.as_str(),
            compare_only: rebuild.compare_only,
            progress: progress(rebuild),
            asked_at: rebuild.asked_at,
            asked_by: rebuild.asked_by,
            finished_at: rebuild.finished_at,
            found: rebuild.found.as_ref().map(FoundBody::from),
            error: rebuild.error.clone(),
        }
    }
}

impl From<&Found> for FoundBody {
    fn from(found: &Found) -> Self {
        let example = |example: &millstream_store::pipeline::rebuild::Example| ExampleBody {
            key: example.key.clone(),
            before: example.live.clone(),
            rebuilt: example.rebuilt.clone(),
        };
        Self {
            before: found.live,
            rebuilt: found.rebuilt,
            missing: found.only_rebuilt,
            surplus: found.only_live,
            changed: found.changed,
            refused: found.refused,
            examples: found.examples.iter().map(example).collect(),
        }
    }
}

/// How much of the present step is done, from 0 to 1; nothing, where it is not known or there is none.
pub(crate) fn progress(rebuild: &Rebuild) -> Option<f64> {
    if rebuild.total <= 0 || rebuild.state.has_ended() {
        return None;
    }
    let hundredths = rebuild.done.saturating_mul(100) / rebuild.total;
    let hundredths = i32::try_from(hundredths.clamp(0, 100)).unwrap_or(100);
    Some(f64::from(hundredths) / 100.0)
}

fn answer(app: &AppState, (pipeline, rebuild): &(PipelineStatus, Option<Rebuild>)) -> Answer {
    Answer::one(body(app, pipeline.clone(), rebuild.as_ref()))
}

#[utoipa::path(
    get, path = "/pipelines/{name}", tag = "pipelines",
    summary = "A pipeline (admin)",
    description = "How far it is, how it is, and how far its view is that is made anew, or what came of that.",
    params(("name" = String, Path, description = "The pipeline; of a node's own with the node: `search@here`")),
    responses((status = 200, description = "The pipeline", body = One<PipelineBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_pipeline(
    State(app): State<AppState>,
    caller: Caller,
    Id(PipelineName(name)): Id<PipelineName>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    caller.may(Action::OperatePipelines)?;
    Ok(answer(&app, &app.store().pipeline(&name).await?))
}

#[utoipa::path(
    post, path = "/pipelines/{name}/rebuild", tag = "pipelines",
    summary = "Make a view anew (admin)",
    description = "From the beginning of the log, beside the view that people see; then the two are compared, and the new one \
                   takes the other one's place at once. Reads and writes go on meanwhile. Only `activity`, `notifications` and \
                   `search@…`; the others are refused with the reason: 409. May be repeated: one that is under way goes on. \
                   `GET /pipelines/{name}` tells how far it is.",
    params(("name" = String, Path, description = "The pipeline that keeps the view")),
    request_body = Option<RebuildFields>,
    responses((status = 202, description = "The pipeline, with its rebuild", body = One<PipelineBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn rebuild_pipeline(
    State(app): State<AppState>,
    caller: Caller,
    Id(PipelineName(name)): Id<PipelineName>,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, ApiError> {
    let compare_only = fields.optional("compare_only", boolean);
    fields.finish(|| Some(()))?;
    let wish = AskRebuild {
        actor: caller.actor.clone(),
        pipeline: name.clone(),
        compare_only: compare_only.unwrap_or(false),
    };
    let location = location(&name);
    write(&app, &caller, wish, |done| {
        answer(&app, done).accepted(&location)
    })
    .await
}

/// What a rebuild is asked with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct RebuildFields {
    /// Say what differs, and change nothing.
    #[schema(default = false)]
    compare_only: Option<bool>,
}

fn location(name: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("/api/v1/pipelines/{name}")
}

#[utoipa::path(
    post, path = "/pipelines/{name}/resume", tag = "pipelines",
    summary = "Have a pipeline that has halted try again (admin)",
    description = "It tries within seconds, and halts again if what halted it is still so. One that has not halted: 409.",
    params(("name" = String, Path, description = "The pipeline")),
    responses((status = 200, description = "The pipeline", body = One<PipelineBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn resume_pipeline(
    State(app): State<AppState>,
    caller: Caller,
    Id(PipelineName(name)): Id<PipelineName>,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    fields.finish(|| Some(()))?;
    let wish = ResumePipeline {
        actor: caller.actor.clone(),
        pipeline: name,
    };
    write(&app, &caller, wish, |done| answer(&app, done)).await
}

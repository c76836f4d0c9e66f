//! `GET /health/live`, `GET /health/ready`: for whoever watches over the process. Bare bodies.
//!
//! Ready means that the web can do its work: database, schema, keys. How the pipelines are stands in the body and decides
//! nothing: one record that a pipeline cannot take must not take the site down.

use crate::extract::NoParams;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use millstream_store::StoreError;
use millstream_store::pipeline::PipelineStatus;
use millstream_store::schema::SchemaState;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest wait for the database: a probe wants an answer, not patience.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Live {
    #[schema(example = "live")]
    status: &'static str,
}

/// How each part is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ready` or `unavailable`.
    #[schema(example = "ready")]
    pub(crate) status: &'static str,
    pub(crate) parts: ReadyParts,
    pub(crate) pipelines: Vec<ReadyPipeline>,
}

/// What must be well for the web to do its work: `ok`, or what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadyParts {
    #[schema(example = "ok")]
    pub(crate) database: &'static str,
    #[schema(example = "ok")]
    pub(crate) schema: &'static str,
    #[schema(example = "ok")]
    pub(crate) keys: &'static str,
}

/// A pipeline, in brief.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadyPipeline {
    #[schema(example = "activity")]
    pub(crate) name: String,
    /// `running`, `stalled`, `halted` or `rebuilding`; `stopped` when nobody has run it for a minute.
    #[schema(example = "running")]
    pub(crate) state: String,
    pub(crate) lag_records: i64,
    pub(crate) lag_ms: i64,
    pub(crate) dead_letters: i64,
}

impl From<PipelineStatus> for ReadyPipeline {
    fn from(pipeline: PipelineStatus) -> Self {
        Self {
            name: pipeline.name,
            state: pipeline.state,
            lag_records: pipeline.lag_records,
            lag_ms: pipeline.lag_ms,
            dead_letters: pipeline.dead_letters,
        }
    }
}

#[utoipa::path(
    get, path = "/health/live", tag = "health",
    summary = "Whether the process runs",
    responses((status = 200, description = "It does", body = Live)),
)]
pub(crate) async fn live(_: NoParams) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(Live { status: "live" })).into_response()
}

#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    summary = "Whether requests can be answered",
    responses(
        (status = 200, description = "They can", body = Ready),
        (status = 503, description = "They cannot", body = Ready),
    ),
)]
pub(crate) async fn ready(State(app): State<AppState>, _: NoParams) -> Response {
    let ready = look(&app).await;
    let status = if ready.status == "ready" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(ready)).into_response()
}

/// The pipelines; none when the database does not answer soon.
pub(crate) async fn pipelines(app: &AppState) -> Vec<PipelineStatus> {
    match tokio::time::timeout(ANSWER_TIME_MAX, app.store().pipelines()).await {
        Ok(Ok(pipelines)) => pipelines,
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// Looks at every part.
pub(crate) async fn look(app: &AppState) -> Ready {
    let asked = async {
        let schema = app.store().schema_state().await?;
        let pipelines = app.store().pipelines().await?;
        Ok::<_, StoreError>((schema, pipelines))
    };
    let (database, schema, pipelines) = match tokio::time::timeout(ANSWER_TIME_MAX, asked).await {
        Ok(Ok((SchemaState::Current, pipelines))) => ("ok", "ok", pipelines),
        Ok(Ok((SchemaState::Behind, pipelines))) => ("ok", "behind", pipelines),
        Ok(Err(_)) | Err(_) => ("unavailable", "unknown", Vec::new()),
    };
    let is_ready = database == "ok" && schema == "ok";
    Ready {
        status: if is_ready { "ready" } else { "unavailable" },
        // A server without a key does not start.
        parts: ReadyParts {
            database,
            schema,
            keys: "ok",
        },
        pipelines: pipelines.into_iter().map(ReadyPipeline::from).collect(),
    }
}

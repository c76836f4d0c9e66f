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
    // `unknown` for services of their own alone, until they have fetched the public keys.
    #[schema(example = "ok")]
    pub(crate) keys: &'static str,
    /// `away` while it cannot be reached; everything goes on without it. Absent where there is none.
    #[schema(example = "ok")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis: Option<&'static str>,
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
    shown(look(&app).await)
}

/// The same of a process that runs pipelines: none of its own may wait for a person.
pub(crate) async fn at_work(State(app): State<AppState>, _: NoParams) -> Response {
    let pipelines = pipelines(&app).await;
    let is_ours = |p: &PipelineStatus| p.owner.as_deref() == Some(app.node());
    let has_halted = pipelines.iter().any(|p| is_ours(p) && p.state == "halted");
    let mut ready = look(&app).await;
    if has_halted {
        ready.status = "unavailable";
    }
    shown(ready)
}

/// The same of a process that waits until its database is as it needs it.
pub(crate) async fn not_yet(_: NoParams) -> Response {
    shown(Ready {
        status: "unavailable",
        parts: ReadyParts {
            database: "ok",
            schema: "unknown",
            keys: "unknown",
            redis: None,
        },
        pipelines: Vec::new(),
    })
}

fn shown(ready: Ready) -> Response {
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
    let keys = if app.trust().is_ready() {
        "ok"
    } else {
        "unknown"
    };
    // Whatever needs it does without: it decides nothing.
    let redis = app
        .redis()
        .map(|redis| if redis.is_there() { "ok" } else { "away" });
    let is_ready = database == "ok"
        && schema == "ok"
        && keys == "ok"
        && app.trust().has_caught_up(app.node(), &pipelines);
    Ready {
        status: if is_ready { "ready" } else { "unavailable" },
        parts: ReadyParts {
            database,
            schema,
            keys,
            redis,
        },
        pipelines: pipelines.into_iter().map(ReadyPipeline::from).collect(),
    }
}

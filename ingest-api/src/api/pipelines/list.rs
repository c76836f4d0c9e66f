//! `GET /pipelines`

use super::operate::RebuildBody;
use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::AppState;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::policy::Action;
use millstream_event_log::{Position, Seq};
use millstream_store::pipeline::PipelineStatus;
use millstream_store::pipeline::rebuild::Rebuild;
use serde::Serialize;
use utoipa::ToSchema;

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pipeline)]
pub(crate) struct PipelineBody {
    #[schema(example = "activity")]
    name: String,
    /// The version of its logic.
    version: i32,
    /// How far it is; can be waited for.
    #[schema(example = "s42")]
    position: String,
    /// How many records it has not taken yet.
    lag_records: i64,
    /// How old the oldest of them is.
    lag_ms: i64,
    rate_per_s: f64,
    /// `running`, `stalled`, `halted` or `rebuilding`; `stopped` when nobody has run it for a minute.
    #[schema(example = "running")]
    state: String,
    /// What is wrong.
    error: Option<String>,
    /// Who runs it; who ran it last, when it stopped without giving it up.
    owner: Option<String>,
    /// Raised at each change of owner.
    generation: i64,
    /// How many records it refused that wait for somebody.
    dead_letters: i64,
    committed_at: Option<DateTime<Utc>>,
    /// The last time that its view was made anew, or the one that is under way.
    rebuild: Option<RebuildBody>,
}

#[utoipa::path(
    get, path = "/pipelines", tag = "pipelines",
    summary = "Pipelines",
    description = "How far each is, and how it is.",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of pipelines, by name", body = Many<PipelineBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_pipelines(
    State(app): State<AppState>,
    caller: Caller,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    caller.may(Action::ReadPipelines)?;
    let pipelines = app.store().pipelines_page(&page).await?;
    let rebuilds = app.store().rebuilds().await?;
    Ok(Answer::page(pipelines.map(|pipeline| {
        let rebuild = rebuilds.iter().find(|r| r.pipeline == pipeline.name);
        body(&app, pipeline, rebuild)
    })))
}

pub(crate) fn body(
    app: &AppState,
    pipeline: PipelineStatus,
    rebuild: Option<&Rebuild>,
) -> PipelineBody {
    let seq: Seq = u64::try_from(pipeline.cut).unwrap_or(0);
    PipelineBody {
        rate_per_s: app.rates().per_s(&pipeline.name, pipeline.cut, app.now()),
        name: pipeline.name,
        version: pipeline.version,
        position: Position::View(seq).to_string(),
        lag_records: pipeline.lag_records,
        lag_ms: pipeline.lag_ms,
        state: pipeline.state,
        error: pipeline.error,
        owner: pipeline.owner,
        generation: pipeline.generation,
        dead_letters: pipeline.dead_letters,
        committed_at: pipeline.committed_at,
        rebuild: rebuild.map(RebuildBody::from),
    }
}

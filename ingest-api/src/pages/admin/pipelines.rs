//! How far each pipeline is.

use crate::error::ApiError;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::pipeline::{lag, mood};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::policy::Action;

#[derive(Template)]
#[template(path = "pages/admin_pipelines.html")]
struct PipelinesPage {
    shell: Shell,
    rows: Vec<PipelineRow>,
}

struct PipelineRow {
    name: String,
    state: String,
    /// The colour of its dot.
    dot: &'static str,
    error: Option<String>,
    position: i64,
    lag: String,
    per_s: String,
    refused: i64,
    owner: String,
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::OperatePipelines)?;
    let pipelines = app.store().pipelines().await?;
    let states = pipelines.iter().map(|p| (&*p.name, &*p.state));
    let dots: Vec<_> = pipelines
        .iter()
        .map(|p| mood(&p.name, &p.state, states.clone()))
        .collect();
    let rows = pipelines
        .into_iter()
        .zip(dots)
        .map(|(pipeline, dot)| PipelineRow {
            dot,
            per_s: per_s(app.rates().per_s(&pipeline.name, pipeline.cut, app.now())),
            lag: lag(pipeline.lag_records, pipeline.lag_ms),
            name: pipeline.name,
            state: pipeline.state,
            error: pipeline.error,
            position: pipeline.cut,
            refused: pipeline.dead_letters,
            owner: pipeline.owner.unwrap_or_default(),
        })
        .collect();
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    super::super::render(&PipelinesPage { shell, rows })
}

/// A rate, without a fraction where it says nothing.
fn per_s(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

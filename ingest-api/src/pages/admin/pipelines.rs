//! How far each pipeline is, and what an admin can do about it.

use crate::api::pipelines::PipelineName;
use crate::error::ApiError;
use crate::extract::Id;
use crate::pages::form::PageForm;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::pipeline::{lag, mood};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::policy::Action;
use millstream_store::pipeline::PipelineStatus;
use millstream_store::pipeline::rebuild::{AskRebuild, Rebuild, refusal};
use millstream_store::pipeline::resume::ResumePipeline;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "pages/admin_pipelines.html")]
struct PipelinesPage {
    shell: Shell,
    rows: Vec<PipelineRow>,
}

struct PipelineRow {
    name: String,
    /// Its page, without what stands behind.
    url: String,
    state: String,
    /// The colour of its dot.
    dot: &'static str,
    error: Option<String>,
    position: i64,
    lag: String,
    per_s: String,
    refused: i64,
    owner: String,
    may_rebuild: bool,
    may_resume: bool,
    rebuild: Option<RebuildLine>,
}

/// What came of making the view anew, or how far it is.
pub(super) struct RebuildLine {
    text: String,
    is_wrong: bool,
    /// In hundredths.
    progress: Option<f64>,
}

impl RebuildLine {
    fn of(rebuild: &Rebuild, shell: &Shell) -> Self {
        let t = shell.t;
        let (state, error) = (rebuild.state.as_str(), rebuild.error.as_deref());
        let text = match (&rebuild.found, error) {
            (Some(found), _) => {
                let done = if rebuild.compare_only {
                    t.rebuild_compared
                } else {
                    t.rebuild_done
                };
                done.replacen("{}", &found.rebuilt.to_string(), 1).replacen(
                    "{}",
                    &found.differences().to_string(),
                    1,
                )
            }
            (None, Some(error)) => t.rebuild_failed.replace("{}", error),
            (None, None) => t.rebuild_under_way.replace("{}", state),
        };
        Self {
            text,
            is_wrong: error.is_some(),
            progress: crate::api::pipelines::operate::progress(rebuild)
                .map(|part| (part * 100.0).round()),
        }
    }
}

/// The address of a pipeline's page.
pub(super) fn url(name: &str) -> String {
    format!(
        "/admin/pipelines/{}",
        utf8_percent_encode(name, NON_ALPHANUMERIC)
    )
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::OperatePipelines)?;
    let pipelines = app.store().pipelines().await?;
    let rebuilds = app.store().rebuilds().await?;
    let rebuilds: BTreeMap<_, _> = rebuilds.iter().map(|r| (r.pipeline.as_str(), r)).collect();
    let states = pipelines.iter().map(|p| (&*p.name, &*p.state));
    let dots: Vec<_> = pipelines
        .iter()
        .map(|p| mood(&p.name, &p.state, states.clone()))
        .collect();
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let row = |(pipeline, dot): (PipelineStatus, &'static str)| {
        let rebuild = rebuilds.get(&*pipeline.name);
        PipelineRow {
            dot,
            per_s: per_s(app.rates().per_s(&pipeline.name, pipeline.cut, app.now())),
            lag: lag(pipeline.lag_records, pipeline.lag_ms),
            url: url(&pipeline.name),
            may_rebuild: refusal(&pipeline.name).is_none()
                && rebuild.is_none_or(|rebuild| rebuild.state.has_ended()),
            may_resume: pipeline.state == "halted",
            rebuild: rebuild.map(|rebuild| RebuildLine::of(rebuild, &shell)),
            name: pipeline.name,
            state: pipeline.state,
            error: pipeline.error,
            position: pipeline.cut,
            refused: pipeline.dead_letters,
            owner: pipeline.owner.unwrap_or_default(),
        }
    };
    let rows = pipelines.into_iter().zip(dots).map(row).collect();
    super::super::render(&PipelinesPage { shell, rows })
}

/// Has a view made anew.
pub(crate) async fn rebuild(
    State(app): State<AppState>,
    Id(PipelineName(pipeline)): Id<PipelineName>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperatePipelines)?;
    let wish = AskRebuild {
        actor: viewer.caller.actor.clone(),
        pipeline,
        compare_only: false,
    };
    app.store().write(&viewer.caller.origin, wish).await?;
    Ok(Redirect::to("/admin").into_response())
}

/// Has one that has halted try again.
pub(crate) async fn resume(
    State(app): State<AppState>,
    Id(PipelineName(pipeline)): Id<PipelineName>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    params.finish(|| Some(()))?;
    viewer.caller.may(Action::OperatePipelines)?;
    let wish = ResumePipeline {
        actor: viewer.caller.actor.clone(),
        pipeline,
    };
    app.store().write(&viewer.caller.origin, wish).await?;
    Ok(Redirect::to("/admin").into_response())
}

/// A rate, without a fraction where it says nothing.
fn per_s(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

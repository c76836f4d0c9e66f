//! `GET /jobs`

use super::JobBody;
use crate::answer::{Answer, Many};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::bounded;
use crate::state::AppState;
use axum::extract::State;
use millstream_domain::job::{JobState, Queue};
use millstream_store::PageRequest;
use millstream_store::job::JobFilter;

/// Most characters of a kind's name in a filter: ours stay far below.
pub(crate) const KIND_CHARACTERS_MAX: usize = 64;

#[utoipa::path(
    get, path = "/jobs", tag = "jobs",
    summary = "Jobs (admin)",
    description = "Newest first. Jobs that have ended are forgotten after a week, those that failed after a month.",
    params(
        ("state" = Option<String>, Query, description = "In one of these states: `waiting`, `running`, `done`, `failed`, \
            `cancelled`, `dead`; repeatable, or several between commas"),
        ("queue" = Option<String>, Query, description = "In this queue: `default` or `heavy`"),
        ("kind" = Option<String>, Query, description = "Of this kind, such as `report`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of jobs", body = Many<JobBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_jobs(
    State(app): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Answer, ApiError> {
    let (filter, page) = read(params)?;
    let jobs = app.store().jobs(&caller.actor, &filter, &page).await?;
    Ok(Answer::page(jobs.map(|job| JobBody::from(&job))))
}

fn read(mut params: Params) -> Result<(JobFilter, PageRequest), ApiError> {
    let filter = JobFilter {
        states: params.many("state", str::parse::<JobState>),
        queue: params.one("queue", str::parse::<Queue>),
        kind: params.one("kind", |text| bounded(text, KIND_CHARACTERS_MAX)),
    };
    let page = params.page();
    params.finish(|| Some((filter, page)))
}

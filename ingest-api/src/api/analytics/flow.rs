//! `GET /analytics/projects/{id}/flow`

use super::bodies::{
    DayBody, LevelsBody, PercentilesBody, PeriodBody, ProjectBody, StandingBody, ThroughputBody,
    all,
};
use super::{about_one, ask, for_page, found, named, question};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::position::WaitFor;
use crate::state::AppState;
use axum::extract::State;
use millstream_analytics_engine::reports::{Scope, flow};
use millstream_domain::ids::ProjectId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How work flows through a project.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ProjectFlow)]
pub(crate) struct FlowBody {
    /// The place in the log that every number is as of: a `Millstream-Position`.
    #[schema(example = "s4217")]
    pub(crate) as_of: String,
    pub(crate) project: ProjectBody,
    pub(crate) period: PeriodBody,
    pub(crate) now: StandingBody,
    pub(crate) throughput: ThroughputBody,
    /// From when work began to when it was finished.
    pub(crate) cycle_time: PercentilesBody,
    /// From when the task was made to when it was finished.
    pub(crate) lead_time: PercentilesBody,
    /// Each day, the first one first.
    pub(crate) days: Vec<DayBody>,
    /// How many tasks were in which status at the end of each day; today, now.
    pub(crate) cumulative: Vec<LevelsBody>,
}

#[utoipa::path(
    get, path = "/analytics/projects/{id}/flow", tag = "analytics",
    summary = "How work flows through a project",
    description = "How many tasks were in which status at the end of each day, what was finished, and how long that took. A view: it answers how far it is. `docs/ANALYTICS.md` defines each number.",
    params(
        WaitFor,
        ("id" = uuid::Uuid, Path, description = "The project"),
        ("days" = Option<u32>, Query, description = "How many days, today among them: 1 to 366, default 30"),
    ),
    responses((status = 200, description = "The numbers", body = One<FlowBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_flow(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    Id(id): Id<ProjectId>,
    params: Params,
) -> Result<Answer, ApiError> {
    let make = |days| make(&app, &caller, id, days);
    about_one(&app, &caller, wait, params, ("flow", id), make).await
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    id: ProjectId,
    days: u32,
) -> Result<FlowBody, ApiError> {
    let path = format!("projects/{id}/flow?days={days}");
    let make = || make(app, caller, id, days);
    for_page(app, caller, &path, named("flow", id, days), make).await
}

async fn make(
    app: &AppState,
    caller: &Caller,
    id: ProjectId,
    days: u32,
) -> Result<FlowBody, ApiError> {
    let question = question(app, caller, days, Scope::default()).await?;
    let period = PeriodBody::from(&question);
    let told = ask(app, caller, async move |session| {
        let Some(name) = session.project(id).await? else {
            return Ok(None);
        };
        let told = flow::ask(&session, &question, id).await?;
        Ok(Some((name, told)))
    });
    let (told, as_of) = told.await?;
    let (name, told) = found(told)?;
    Ok(FlowBody {
        as_of,
        project: name.into(),
        period,
        now: told.now.into(),
        throughput: told.period.into(),
        cycle_time: told.cycle_time.into(),
        lead_time: told.lead_time.into(),
        days: all(told.days),
        cumulative: all(told.cumulative),
    })
}

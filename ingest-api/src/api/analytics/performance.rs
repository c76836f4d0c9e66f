//! `GET /analytics/teams/{id}/performance`

use super::bodies::{
    DayBody, LoadBody, PercentilesBody, PeriodBody, StandingBody, TeamBody, ThroughputBody, all,
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
use millstream_analytics_engine::reports::{Scope, team};
use millstream_domain::ids::TeamId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a team does.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TeamPerformance)]
pub(crate) struct PerformanceBody {
    /// The place in the log that every number is as of: a `Millstream-Position`.
    #[schema(example = "s4217")]
    pub(crate) as_of: String,
    pub(crate) team: TeamBody,
    pub(crate) period: PeriodBody,
    pub(crate) now: StandingBody,
    pub(crate) throughput: ThroughputBody,
    /// From when work began to when it was finished.
    pub(crate) cycle_time: PercentilesBody,
    /// From when the task was made to when it was finished.
    pub(crate) lead_time: PercentilesBody,
    /// Each day, the first one first.
    pub(crate) days: Vec<DayBody>,
    /// Its people and whoever else works on its tasks, those with the most to do first; 100 at most.
    pub(crate) people: Vec<LoadBody>,
}

#[utoipa::path(
    get, path = "/analytics/teams/{id}/performance", tag = "analytics",
    summary = "How a team does",
    description = "What it finished, how long that took, and who works on how much. A view: it answers how far it is. `docs/ANALYTICS.md` defines each number.",
    params(
        WaitFor,
        ("id" = uuid::Uuid, Path, description = "The team"),
        ("days" = Option<u32>, Query, description = "How many days, today among them: 1 to 366, default 30"),
    ),
    responses((status = 200, description = "The numbers", body = One<PerformanceBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_performance(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    Id(id): Id<TeamId>,
    params: Params,
) -> Result<Answer, ApiError> {
    let make = |days| make(&app, &caller, id, days);
    about_one(&app, &caller, wait, params, ("performance", id), make).await
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    id: TeamId,
    days: u32,
) -> Result<PerformanceBody, ApiError> {
    let path = format!("teams/{id}/performance?days={days}");
    let make = || make(app, caller, id, days);
    for_page(app, caller, &path, named("performance", id, days), make).await
}

async fn make(
    app: &AppState,
    caller: &Caller,
    id: TeamId,
    days: u32,
) -> Result<PerformanceBody, ApiError> {
    let question = question(app, caller, days, Scope::default()).await?;
    let period = PeriodBody::from(&question);
    let told = ask(app, caller, async move |session| {
        let Some(name) = session.team(id).await? else {
            return Ok(None);
        };
        let told = team::ask(&session, &question, id).await?;
        Ok(Some((name, told)))
    });
    let (told, as_of) = told.await?;
    let (name, told) = found(told)?;
    Ok(PerformanceBody {
        as_of,
        team: name.into(),
        period,
        now: told.now.into(),
        throughput: told.period.into(),
        cycle_time: told.cycle_time.into(),
        lead_time: told.lead_time.into(),
        days: all(told.days),
        people: all(told.people),
    })
}

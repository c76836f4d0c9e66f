//! `GET /analytics/users/{id}/stats`

use super::bodies::{
    DayBody, PercentilesBody, PeriodBody, PersonBody, StandingBody, ThroughputBody, all,
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
use millstream_analytics_engine::reports::{Scope, stats};
use millstream_domain::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody works on and has finished.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UserStats)]
pub(crate) struct StatsBody {
    /// The place in the log that every number is as of: a `Millstream-Position`.
    #[schema(example = "s4217")]
    pub(crate) as_of: String,
    pub(crate) user: PersonBody,
    pub(crate) period: PeriodBody,
    pub(crate) now: StandingBody,
    pub(crate) throughput: ThroughputBody,
    /// From when work began to when it was finished.
    pub(crate) cycle_time: PercentilesBody,
    /// From when the task was made to when it was finished.
    pub(crate) lead_time: PercentilesBody,
    /// Each day, the first one first.
    pub(crate) days: Vec<DayBody>,
}

#[utoipa::path(
    get, path = "/analytics/users/{id}/stats", tag = "analytics",
    summary = "What somebody works on and has finished",
    description = "In the teams that you see. A view: it answers how far it is. `docs/ANALYTICS.md` defines each number.",
    params(
        WaitFor,
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("days" = Option<u32>, Query, description = "How many days, today among them: 1 to 366, default 30"),
    ),
    responses((status = 200, description = "The numbers", body = One<StatsBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_stats(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    Id(id): Id<UserId>,
    params: Params,
) -> Result<Answer, ApiError> {
    let make = |days| make(&app, &caller, id, days);
    about_one(&app, &caller, wait, params, ("stats", id), make).await
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    id: UserId,
    days: u32,
) -> Result<StatsBody, ApiError> {
    let path = format!("users/{id}/stats?days={days}");
    let make = || make(app, caller, id, days);
    for_page(app, caller, &path, named("stats", id, days), make).await
}

async fn make(
    app: &AppState,
    caller: &Caller,
    id: UserId,
    days: u32,
) -> Result<StatsBody, ApiError> {
    let question = question(app, caller, days, Scope::default()).await?;
    let period = PeriodBody::from(&question);
    let told = ask(app, caller, async move |session| {
        let Some(name) = session.person(id).await? else {
            return Ok(None);
        };
        let told = stats::ask(&session, &question, id).await?;
        Ok(Some((name, told)))
    });
    let (told, as_of) = told.await?;
    let (name, told) = found(told)?;
    Ok(StatsBody {
        as_of,
        user: name.into(),
        period,
        now: told.now.into(),
        throughput: told.period.into(),
        cycle_time: told.cycle_time.into(),
        lead_time: told.lead_time.into(),
        days: all(told.days),
    })
}

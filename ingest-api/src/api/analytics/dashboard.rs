//! `GET /analytics/dashboard`

use super::bodies::{DayBody, PercentilesBody, PeriodBody, StandingBody, ThroughputBody, all};
use super::{VIEW, ask, days, elsewhere, kept, question};
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::id;
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use millstream_analytics_engine::reports::{Scope, dashboard};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How things stand, and what happened lately.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Dashboard)]
pub(crate) struct DashboardBody {
    pub(crate) period: PeriodBody,
    /// How the tasks stand that you see.
    pub(crate) now: StandingBody,
    /// How those of them stand that you work on.
    pub(crate) mine: StandingBody,
    pub(crate) throughput: ThroughputBody,
    /// From when work began to when it was finished.
    pub(crate) cycle_time: PercentilesBody,
    /// Each day, the first one first.
    pub(crate) days: Vec<DayBody>,
}

#[utoipa::path(
    get, path = "/analytics/dashboard", tag = "analytics",
    summary = "How things stand",
    description = "In the teams that you see. A view: it answers how far it is. `docs/ANALYTICS.md` defines each number.",
    params(
        WaitFor,
        ("days" = Option<u32>, Query, description = "How many days, today among them: 1 to 366, default 30"),
        ("team" = Option<Uuid>, Query, description = "Only of this team"),
        ("project" = Option<Uuid>, Query, description = "Only of this project"),
    ),
    responses((status = 200, description = "The numbers", body = One<DashboardBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_dashboard(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let scope = Scope {
        team: params.one("team", id),
        project: params.one("project", id),
        assignee: None,
    };
    let days = days(&mut params);
    params.finish(|| Some(()))?;
    let seen = seen(&app, wait, VIEW).await?;
    let about = ("dashboard", format!("{:?}", (days, scope)));
    let make = async || find(&app, &caller, days, scope).await;
    let body = kept(&app, &caller, seen, about, make).await?;
    Ok(Answer::one(body).of_view(seen))
}

/// The same for a page, which asks of everything.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    days: u32,
    scope: Scope,
) -> Result<DashboardBody, ApiError> {
    if let Some(told) = elsewhere(app, caller, &format!("dashboard?days={days}")).await? {
        return Ok(told);
    }
    let question = question(app, caller, days, scope).await?;
    let period = PeriodBody::from(&question);
    let reader = caller.id;
    let told = ask(app, caller, async |session| {
        dashboard::ask(&session, &question, reader).await
    });
    let told = told.await?;
    Ok(DashboardBody {
        period,
        now: told.now.into(),
        mine: told.mine.into(),
        throughput: told.period.into(),
        cycle_time: told.cycle_time.into(),
        days: all(told.days),
    })
}

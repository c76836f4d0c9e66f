//! `GET /analytics/dashboard`

use super::bodies::{DayBody, PercentilesBody, PeriodBody, StandingBody, ThroughputBody, all};
use super::distribution::{ShareBody, group};
use super::{VIEW, ask, days, for_page, kept, question};
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
use millstream_analytics_engine::reports::distribution::{self, Distribution, Group};
use millstream_analytics_engine::reports::{Scope, dashboard};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use utoipa::ToSchema;

/// How things stand, and what happened lately.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Dashboard)]
pub(crate) struct DashboardBody {
    /// The place in the log that every number is as of: a `Millstream-Position`.
    #[schema(example = "s4217")]
    pub(crate) as_of: String,
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
    /// How the tasks are spread, for each `by` that was asked for.
    pub(crate) spread: Vec<SpreadBody>,
}

/// How tasks are spread over one thing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Spread)]
pub(crate) struct SpreadBody {
    /// Over what: `status`, `priority`, `assignee`, `project` or `team`.
    #[schema(example = "status")]
    pub(crate) by: String,
    /// The largest first.
    pub(crate) groups: Vec<ShareBody>,
    /// How many tasks are in groups that are not listed.
    pub(crate) others: u64,
}

/// What is asked of the dashboard.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) days: u32,
    pub(crate) scope: Scope,
    /// Over what the tasks are spread, as of the same moment.
    pub(crate) by: Vec<Group>,
}

impl Asked {
    /// What its answer is kept by.
    fn named(&self) -> (&'static str, String) {
        ("dashboard", format!("{self:?}"))
    }

    /// The same question in an address.
    fn path(&self) -> String {
        let Scope { team, project, .. } = self.scope;
        let mut path = format!("dashboard?days={}", self.days);
        let mut and = |name: &str, value: String| {
            let written = write!(path, "&{name}={value}");
            written.expect("a text takes what is written");
        };
        if let Some(team) = team {
            and("team", team.to_string());
        }
        if let Some(project) = project {
            and("project", project.to_string());
        }
        for group in &self.by {
            and("by", group.word().to_owned());
        }
        path
    }
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
        ("by" = Option<Vec<String>>, Query, description = "Also how the tasks are spread over these, as of the same moment: `status`, `priority`, `assignee`, `project`, `team`"),
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
    let by = params.up_to(Group::ALL.len(), "by", group);
    params.finish(|| Some(()))?;
    let asked = Asked { days, scope, by };
    let seen = seen(&app, wait, VIEW).await?;
    let make = || make(&app, &caller, &asked);
    let body = kept(&app, &caller, seen, asked.named(), make).await?;
    Ok(Answer::one(body).of_view(seen))
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    asked: Asked,
) -> Result<DashboardBody, ApiError> {
    let make = || make(app, caller, &asked);
    for_page(app, caller, &asked.path(), asked.named(), make).await
}

async fn make(app: &AppState, caller: &Caller, asked: &Asked) -> Result<DashboardBody, ApiError> {
    let question = question(app, caller, asked.days, asked.scope).await?;
    let period = PeriodBody::from(&question);
    let (reader, by) = (caller.id, asked.by.clone());
    let told = ask(app, caller, async move |session| {
        let told = dashboard::ask(&session, &question, reader).await?;
        let mut spread = Vec::new();
        for group in by {
            spread.push((group, distribution::ask(&session, &question, group).await?));
        }
        Ok((told, spread))
    });
    let ((told, spread), as_of) = told.await?;
    Ok(DashboardBody {
        as_of,
        period,
        now: told.now.into(),
        mine: told.mine.into(),
        throughput: told.period.into(),
        cycle_time: told.cycle_time.into(),
        days: all(told.days),
        spread: spread.into_iter().map(SpreadBody::from).collect(),
    })
}

impl From<(Group, Distribution)> for SpreadBody {
    fn from((group, told): (Group, Distribution)) -> Self {
        Self {
            by: group.word().to_owned(),
            groups: all(told.groups),
            others: told.others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_service_is_asked_for_no_more_than_was_asked_for_here() {
        let id = Uuid::from_u128(7);
        let asked = Asked {
            days: 7,
            scope: Scope {
                team: Some(id.into()),
                project: Some(id.into()),
                assignee: None,
            },
            by: vec![Group::Status, Group::Team],
        };
        let path = format!("dashboard?days=7&team={id}&project={id}&by=status&by=team");
        assert_eq!(asked.path(), path);
    }
}

//! `GET /analytics/tasks/distribution`

use super::bodies::all;
use super::{VIEW, ask, kept, question};
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
use millstream_analytics_engine::reports::Scope;
use millstream_analytics_engine::reports::distribution::{self, Group, Share};
use millstream_domain::field::{FieldCode, Invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How tasks are spread over something.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Distribution)]
pub(crate) struct DistributionBody {
    /// The place in the log that every number is as of: a `Millstream-Position`.
    #[schema(example = "s4217")]
    pub(crate) as_of: String,
    /// The largest first.
    pub(crate) groups: Vec<ShareBody>,
    /// How many tasks are in groups that are not listed.
    pub(crate) others: u64,
}

/// Tasks of one kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Share)]
pub(crate) struct ShareBody {
    /// A status or priority, or an id; null for those without.
    pub(crate) value: Option<String>,
    /// What it is called.
    pub(crate) label: Option<String>,
    pub(crate) count: u64,
}

impl From<Share> for ShareBody {
    fn from(share: Share) -> Self {
        Self {
            value: share.value,
            label: share.label,
            count: share.count,
        }
    }
}

#[utoipa::path(
    get, path = "/analytics/tasks/distribution", tag = "analytics",
    summary = "How tasks are spread",
    description = "Tasks that are not in the trash and not archived, by status; those of them that are not done, by anything \
                   else. A task that two people work on is with both. A view: it answers how far it is.",
    params(
        WaitFor,
        ("by" = Option<String>, Query, description = "`status` (the default), `priority`, `assignee`, `project` or `team`"),
        ("team" = Option<Uuid>, Query, description = "Only of this team"),
        ("project" = Option<Uuid>, Query, description = "Only of this project"),
    ),
    responses((status = 200, description = "The groups", body = One<DistributionBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_distribution(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let group = params.one("by", group).unwrap_or(Group::Status);
    let scope = Scope {
        team: params.one("team", id),
        project: params.one("project", id),
        assignee: None,
    };
    params.finish(|| Some(()))?;
    let seen = seen(&app, wait, VIEW).await?;
    let about = ("distribution", format!("{:?}", (group, scope)));
    let make = || make(&app, &caller, group, scope);
    let body = kept(&app, &caller, seen, about, make).await?;
    Ok(Answer::one(body).of_view(seen))
}

/// A group by its word in the API.
pub(crate) fn group(word: &str) -> Result<Group, Invalid> {
    let known = Group::ALL.iter().find(|(name, _)| *name == word);
    let words = || {
        let names: Vec<_> = Group::ALL.iter().map(|(name, _)| *name).collect();
        format!("must be one of {}", names.join(", "))
    };
    known
        .map(|(_, group)| *group)
        .ok_or_else(|| Invalid::new(FieldCode::NotOneOf, words()))
}

async fn make(
    app: &AppState,
    caller: &Caller,
    group: Group,
    scope: Scope,
) -> Result<DistributionBody, ApiError> {
    let question = question(app, caller, 1, scope).await?;
    let told = ask(app, caller, async move |session| {
        distribution::ask(&session, &question, group).await
    });
    let (told, as_of) = told.await?;
    Ok(DistributionBody {
        as_of,
        groups: all(told.groups),
        others: told.others,
    })
}

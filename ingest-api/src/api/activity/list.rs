//! `GET /activity`

use super::text::sentence;
use crate::answer::{Answer, Many};
use crate::api::ActorBody;
use crate::api::schema::Problems;
use crate::api::tasks::history::ChangeBody;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::id;
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, ProjectId, TaskId, TeamId};
use millstream_domain::user::Locale;
use millstream_store::views::activity::{ActivityFilter, ActivityLine};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub(crate) struct ActivityBody {
    #[schema(value_type = Uuid)]
    id: EventId,
    /// Its place in the log.
    seq: i64,
    at: DateTime<Utc>,
    /// Who acted; null for Millstream itself.
    actor: Option<ActorBody>,
    /// Such as `task.updated`.
    #[serde(rename = "type")]
    kind: String,
    task: Option<TaskName>,
    #[schema(value_type = Option<Uuid>)]
    project_id: Option<ProjectId>,
    #[schema(value_type = Uuid)]
    team_id: TeamId,
    /// Field by field. Long texts are named, not repeated.
    changes: Vec<ChangeBody>,
    /// A sentence in your language.
    #[schema(example = "Ada finished ENG-42 “Fix the mill wheel”")]
    text: String,
    created_at: DateTime<Utc>,
}

/// A task as it was called then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskName)]
pub(crate) struct TaskName {
    #[schema(value_type = Uuid)]
    pub(crate) id: TaskId,
    #[schema(example = "ENG-42")]
    pub(crate) name: String,
    pub(crate) title: String,
}

#[utoipa::path(
    get, path = "/activity", tag = "activity",
    summary = "What happened",
    description = "In the teams that you see, newest first. A view: it answers how far it is.",
    params(
        WaitFor,
        ("project" = Option<Uuid>, Query, description = "Only of this project"),
        ("user" = Option<String>, Query, description = "Only by this person; `me` for yourself"),
        ("task" = Option<Uuid>, Query, description = "Only of this task"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of activity", body = Many<ActivityBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_activity(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let filter = ActivityFilter {
        project: params.one("project", id),
        user: params.one("user", |text| {
            if text == "me" {
                Ok(caller.id)
            } else {
                id(text)
            }
        }),
        task: params.one("task", id),
    };
    let page = params.page();
    params.finish(|| Some(()))?;
    let seen = seen(&app, wait, "activity").await?;
    let locale = app.store().user(caller.id).await?.state.locale;
    let lines = app.store().activity(&caller.actor, filter, &page).await?;
    Ok(Answer::page(lines.map(|line| body(line, locale))).of_view(seen))
}

fn body(line: ActivityLine, locale: Locale) -> ActivityBody {
    ActivityBody {
        text: sentence(&line, locale),
        id: line.id,
        seq: line.seq,
        at: line.at,
        actor: line.actor.as_ref().map(ActorBody::from),
        kind: line.kind,
        task: line
            .task
            .map(|(id, name, title)| TaskName { id, name, title }),
        project_id: line.project_id,
        team_id: line.team_id,
        changes: line.changes.into_iter().map(ChangeBody::from).collect(),
        created_at: line.at,
    }
}

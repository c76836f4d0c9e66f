//! Projects.

use crate::page::{ByTime, not_ours};
use crate::team::ids;
use crate::version::check_version;
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::project::{ProjectKey, ProjectName};
use millstream_domain::team::Purpose;
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::project::{ProjectAlone, ProjectEvent, ProjectState};
use uuid::Uuid;

struct Row {
    id: Uuid,
    team_id: Uuid,
    key: String,
    name: String,
    description: String,
    archived: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_state(self) -> ProjectState {
        ProjectState {
            id: ProjectId(self.id),
            key: self.key,
            name: self.name,
            description: self.description,
            team_id: TeamId(self.team_id),
            archived: self.archived,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

/// Which projects a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProjectFilter {
    /// Only of this team.
    pub team: Option<TeamId>,
    /// Only archived ones, or only the others.
    pub archived: Option<bool>,
}

impl Store {
    /// The projects that the actor sees, oldest first.
    pub async fn projects(
        &self,
        actor: &Actor,
        filter: ProjectFilter,
        page: &PageRequest,
    ) -> Result<Page<ProjectState>, StoreError> {
        let visible = ids(actor.visible_teams());
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            "select id, team_id, key, name, description, archived, created_at, updated_at, version from app.project
             where ($1::uuid[] is null or team_id = any($1))
               and ($2::uuid is null or team_id = $2)
               and ($3::boolean is null or archived = $3)
               and ($4::timestamptz is null or (created_at, id) > ($4, $5::uuid))
             order by created_at, id limit $6",
            visible.as_deref(),
            filter.team.map(Uuid::from),
            filter.archived,
            after.map(|a| a.0),
            after.map(|a| a.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| ByTime(row.created_at, row.id)).map(Row::into_state))
    }

    /// The same by name, as people look for them.
    pub async fn projects_by_name(
        &self,
        actor: &Actor,
        filter: ProjectFilter,
        page: &PageRequest,
    ) -> Result<Page<ProjectState>, StoreError> {
        let visible = ids(actor.visible_teams());
        let (name, id): (Option<String>, Option<Uuid>) = page.after()?.unzip();
        if name.as_ref().is_some_and(|name| name.contains('\0')) {
            return Err(not_ours());
        }
        let rows = sqlx::query_as!(
            Row,
            "select id, team_id, key, name, description, archived, created_at, updated_at, version from app.project
             where ($1::uuid[] is null or team_id = any($1))
               and ($2::uuid is null or team_id = $2)
               and ($3::boolean is null or archived = $3)
               and ($4::text is null or (lower(name), id) > (lower($4), $5::uuid))
             order by lower(name), id limit $6",
            visible.as_deref(),
            filter.team.map(Uuid::from),
            filter.archived,
            name,
            id,
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| (row.name.clone(), row.id)).map(Row::into_state))
    }

    /// Those of these projects that the actor sees, by name.
    pub async fn some_projects(
        &self,
        actor: &Actor,
        wanted: &[ProjectId],
    ) -> Result<Vec<ProjectState>, StoreError> {
        let visible = ids(actor.visible_teams());
        let wanted: Vec<Uuid> = wanted.iter().map(|id| id.0).collect();
        let rows = sqlx::query_as!(
            Row,
            "select id, team_id, key, name, description, archived, created_at, updated_at, version from app.project
             where id = any($1) and ($2::uuid[] is null or team_id = any($2))
             order by lower(name), id",
            &wanted,
            visible.as_deref(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Row::into_state).collect())
    }

    /// A project, if the actor sees it.
    pub async fn project(&self, actor: &Actor, id: ProjectId) -> Result<ProjectState, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "select id, team_id, key, name, description, archived, created_at, updated_at, version
             from app.project where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound)?;
        decide(actor, Action::ReadTeam, Target::team(TeamId(row.team_id)))?;
        Ok(row.into_state())
    }

    /// A project by its key, if the actor sees it.
    pub async fn project_with_key(
        &self,
        actor: &Actor,
        key: &ProjectKey,
    ) -> Result<ProjectState, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "select id, team_id, key, name, description, archived, created_at, updated_at, version
             from app.project where key = $1",
            key.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound)?;
        decide(actor, Action::ReadTeam, Target::team(TeamId(row.team_id)))?;
        Ok(row.into_state())
    }
}

/// Somebody begins a project.
#[derive(Debug)]
pub struct CreateProject {
    /// Who.
    pub actor: Actor,
    /// Whose it is.
    pub team_id: TeamId,
    /// The first half of its tasks' names.
    pub key: ProjectKey,
    /// Its name.
    pub name: ProjectName,
    /// What it is for.
    pub description: Option<Purpose>,
    /// Whether it is put away from the start: for what is brought over from elsewhere.
    pub archived: bool,
}

impl Change for CreateProject {
    type Output = ProjectState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<ProjectState>, StoreError> {
        // Shared, so that the team cannot be deleted meanwhile.
        let team = sqlx::query_scalar!(
            "select id from app.team where id = $1 for key share",
            self.team_id.0
        )
        .fetch_optional(cx.db())
        .await?;
        match decide(
            &self.actor,
            Action::ManageProjects,
            Target::team(self.team_id),
        ) {
            Ok(()) if team.is_some() => {}
            Err(Refusal::Hidden) | Ok(()) => {
                return Err(StoreError::field(
                    "team_id",
                    FieldCode::NotFound,
                    "must be a team of yours",
                ));
            }
            Err(refusal) => return Err(refusal.into()),
        }
        self.check_key(cx).await?;
        let (id, now): (ProjectId, _) = (cx.id(), cx.now);
        let state = sqlx::query_as!(
            Row,
            "insert into app.project (id, team_id, key, name, description, created_at, updated_at, archived)
             values ($1, $2, $3, $4, $5, $6, $6, $7)
             returning id, team_id, key, name, description, archived, created_at, updated_at, version",
            id.0,
            self.team_id.0,
            self.key.as_str(),
            self.name.as_str(),
            self.description.as_ref().map_or("", Purpose::as_str),
            now,
            self.archived,
        )
        .fetch_one(cx.db())
        .await?
        .into_state();
        let event = ProjectEvent::Created(ProjectAlone {
            project: state.clone(),
        });
        Ok(Changed::because(state, event))
    }
}

impl CreateProject {
    /// A project that was deleted may have left its key to tasks that were moved out of it: they still answer to their old
    /// names, which would otherwise come to mean others.
    async fn check_key(&self, cx: &mut Changing<'_>) -> Result<(), StoreError> {
        let named = sqlx::query_scalar!(
            r#"select exists (select from app.task_alias where split_part(name, '-', 1) = $1) as "named!""#,
            self.key.as_str(),
        )
        .fetch_one(cx.db())
        .await?;
        if named {
            return Err(StoreError::Taken { field: "key" });
        }
        Ok(())
    }
}

/// Asks the policy and locks a project. Its team is for ever.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    id: ProjectId,
) -> Result<ProjectState, StoreError> {
    // Only of the teams where they may, so that nobody holds up a project that is not theirs.
    let teams = ids(actor.teams_for(Action::ManageProjects));
    let locked = sqlx::query_as!(
        Row,
        "select id, team_id, key, name, description, archived, created_at, updated_at, version
         from app.project
         where id = $1 and ($2::uuid[] is null or team_id = any($2)) for no key update",
        id.0,
        teams.as_deref(),
    )
    .fetch_optional(cx.db())
    .await?;
    if let Some(row) = locked {
        return Ok(row.into_state());
    }
    let team = sqlx::query_scalar!("select team_id from app.project where id = $1", id.0)
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
    decide(actor, Action::ManageProjects, Target::team(TeamId(team)))?;
    Err(StoreError::NotFound)
}

/// Somebody changes a project. Its key and team stay: tasks are named after the key.
#[derive(Debug)]
pub struct UpdateProject {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ProjectId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// Its new name.
    pub name: Option<ProjectName>,
    /// What it is for now.
    pub description: Option<Purpose>,
    /// Whether it is put away.
    pub archived: Option<bool>,
}

impl Change for UpdateProject {
    type Output = ProjectState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<ProjectState>, StoreError> {
        let before = locked(cx, &self.actor, self.id).await?;
        check_version(self.expected_version, before.version)?;
        let mut after = before.clone();
        if let Some(name) = self.name {
            after.name = name.into_string();
        }
        if let Some(description) = self.description {
            after.description = description.into_string();
        }
        after.archived = self.archived.unwrap_or(after.archived);
        if after == before {
            return Ok(Changed::nothing(after));
        }
        after.version += 1;
        after.updated_at = cx.now;
        sqlx::query!(
            "update app.project set name = $2, description = $3, archived = $4, updated_at = $5, version = $6
             where id = $1",
            after.id.0,
            after.name,
            after.description,
            after.archived,
            after.updated_at,
            after.version,
        )
        .execute(cx.db())
        .await?;
        let event = ProjectEvent::Updated(Before {
            before,
            after: after.clone(),
        });
        Ok(Changed::because(after, event))
    }
}

/// Somebody deletes a project that holds no tasks.
#[derive(Debug)]
pub struct DeleteProject {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: ProjectId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
}

impl Change for DeleteProject {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let project = locked(cx, &self.actor, self.id).await?;
        check_version(self.expected_version, project.version)?;
        // Waits for those who are making a task in it, and keeps others from it.
        sqlx::query!(
            "select id from app.project where id = $1 for update",
            self.id.0
        )
        .fetch_optional(cx.db())
        .await?;
        let used = sqlx::query_scalar!(
            r#"select exists (select from app.task where project_id = $1) as "used!""#,
            self.id.0,
        )
        .fetch_one(cx.db())
        .await?;
        if used {
            return Err(StoreError::Conflict(
                "the project still has tasks, if only in the trash: archive it instead".into(),
            ));
        }
        sqlx::query!("delete from app.project where id = $1", self.id.0)
            .execute(cx.db())
            .await?;
        Ok(Changed::because(
            (),
            ProjectEvent::Deleted(ProjectAlone { project }),
        ))
    }
}

//! A task is made.

use super::{AssigneeSpec, Task, act, load_one, update};
use crate::{Change, Changed, Changing, StoreError, tag};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::rank;
use millstream_domain::task::{Description, Hours, Metadata, Priority, Status, TagName, Title};
use millstream_event_log::events::task::{TaskAlone, TaskEvent};
use sqlx::types::Json;

/// What a new task is.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Where it belongs.
    pub project_id: ProjectId,
    /// One line.
    pub title: Title,
    /// Markdown.
    pub description: Option<Description>,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Hours it is thought to take.
    pub estimated_hours: Option<Hours>,
    /// Hours it took.
    pub actual_hours: Option<Hours>,
    /// Who works on it.
    pub assignees: Vec<AssigneeSpec>,
    /// Its tags; unknown ones are made.
    pub tags: Vec<TagName>,
    /// The task it is a part of.
    pub parent_id: Option<TaskId>,
    /// What the team keeps with it.
    pub metadata: Metadata,
    /// How it recurs.
    pub recurrence: Option<String>,
}

/// Somebody makes a task.
#[derive(Debug)]
pub struct CreateTask {
    /// Who.
    pub actor: Actor,
    /// What.
    pub task: NewTask,
}

impl Change for CreateTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let team = self.team(cx).await?;
        let new = &self.task;
        act::check_assignees(cx, team, &new.assignees).await?;
        update::check_parent(cx, team, None, new.parent_id).await?;
        let tags = tag::ids_of(cx, team, &new.tags).await?;
        let id: TaskId = cx.id();
        self.insert(cx, id, team).await?;
        act::set_assignees(cx, id, &new.assignees).await?;
        update::set_tags(cx, id, &tags).await?;
        let task = load_one(cx.db(), id).await?;
        let event = TaskEvent::Created(Box::new(TaskAlone {
            task: task.state.clone(),
        }));
        Ok(Changed::because(task, event))
    }
}

impl CreateTask {
    /// The project's team, if the actor may write there.
    async fn team(&self, cx: &mut Changing<'_>) -> Result<TeamId, StoreError> {
        let unknown = || {
            StoreError::field(
                "project_id",
                FieldCode::NotFound,
                "must be a project of yours",
            )
        };
        let project = sqlx::query!(
            "select team_id, archived from app.project where id = $1",
            self.task.project_id.0,
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or_else(unknown)?;
        let team = TeamId(project.team_id);
        match decide(&self.actor, Action::WriteTasks, Target::team(team)) {
            Err(Refusal::Hidden) => Err(unknown()),
            Err(refusal) => Err(refusal.into()),
            Ok(()) if project.archived => Err(StoreError::field(
                "project_id",
                FieldCode::Invalid,
                "must not be an archived project",
            )),
            Ok(()) => Ok(team),
        }
    }

    async fn insert(
        &self,
        cx: &mut Changing<'_>,
        id: TaskId,
        team: TeamId,
    ) -> Result<(), StoreError> {
        let (new, now) = (&self.task, cx.now);
        // The counter comes as late as it can: its row lock makes all who add to the project wait until the commit.
        let number = sqlx::query_scalar!(
            "update app.project set last_number = last_number + 1 where id = $1 returning last_number",
            new.project_id.0,
        )
        .fetch_one(cx.db())
        .await?;
        sqlx::query!(
            "insert into app.task
                 (id, project_id, team_id, number, title, description, status, priority, due_at, estimated_hours,
                  actual_hours, parent_id, metadata, recurrence, rank, created_by, created_at, updated_at, completed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18)",
            id.0,
            new.project_id.0,
            team.0,
            number,
            new.title.as_str(),
            new.description.as_ref().map_or("", Description::as_str),
            new.status.as_str(),
            new.priority.as_str(),
            new.due_at,
            new.estimated_hours.map(Hours::get),
            new.actual_hours.map(Hours::get),
            new.parent_id.map(uuid::Uuid::from),
            Json(&new.metadata) as _,
            new.recurrence,
            rank::nth(u64::try_from(number).unwrap_or(0)),
            self.actor.user_id().map(uuid::Uuid::from),
            now,
            (new.status == Status::Done).then_some(now),
        )
        .execute(cx.db())
        .await?;
        Ok(())
    }
}

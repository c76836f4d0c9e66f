//! Tasks: reading one or many with a fixed number of statements, and the changes in the files below.

mod act;
mod create;
mod list;
mod update;

pub use act::{AssignTask, SetTaskPlace, TaskPlace};
pub use create::{CreateTask, NewTask};
pub use list::{Sort, SortField, TaskFilter};
pub use update::{TaskEdit, UpdateTask};

use crate::actor::stored;
use crate::{Changing, Store, StoreError};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::task::{AssigneeRole, Metadata, TaskName};
use millstream_event_log::events::task::{Assignee, Tag, TaskState};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// A task, and what others have done around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What events carry of it.
    pub state: TaskState,
    /// How many people watch it.
    pub watchers_count: i64,
    /// How many comments it has.
    pub comments_count: i64,
}

/// A task, named in one of its two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskRef {
    /// By id.
    Id(TaskId),
    /// By name; the name it has or one that it had.
    Name(TaskName),
}

/// Somebody who is to work on a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssigneeSpec {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: AssigneeRole,
}

impl Store {
    /// A task, if the actor sees it and it is not in the trash.
    pub async fn task(&self, actor: &Actor, task: &TaskRef) -> Result<Task, StoreError> {
        let mut db = self.pool.acquire().await?;
        let id = resolve(&mut db, task).await?;
        let task = load_one(&mut db, id).await?;
        decide(actor, Action::ReadTeam, Target::team(task.state.team_id))?;
        if task.state.trashed_at.is_some() {
            return Err(StoreError::NotFound);
        }
        Ok(task)
    }
}

/// The id that a reference stands for; whether the caller may know it is asked later.
pub(crate) async fn resolve(db: &mut PgConnection, task: &TaskRef) -> Result<TaskId, StoreError> {
    let name = match task {
        TaskRef::Id(id) => return Ok(*id),
        TaskRef::Name(name) => name,
    };
    let id = sqlx::query_scalar!(
        r#"
        select coalesce(
            (select t.id from app.project p join app.task t on t.project_id = p.id
             where p.key = $1 and t.number = $2),
            (select task_id from app.task_alias where name = $3)
        ) as id
        "#,
        name.key.as_str(),
        name.number,
        name.to_string(),
    )
    .fetch_one(db)
    .await?;
    id.map(TaskId).ok_or(StoreError::NotFound)
}

/// Locks a task, asks the policy, and gives its whole state. In the trash or not.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    task: &TaskRef,
    action: Action,
) -> Result<Task, StoreError> {
    let id = resolve(cx.db(), task).await?;
    let team = sqlx::query_scalar!(
        "select team_id from app.task where id = $1 for update",
        id.0
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    decide(actor, action, Target::team(TeamId(team)))?;
    load_one(cx.db(), id).await
}

pub(crate) async fn load_one(db: &mut PgConnection, id: TaskId) -> Result<Task, StoreError> {
    load(db, &[id.0]).await?.pop().ok_or(StoreError::NotFound)
}

/// Tasks with everything that belongs to them, in the order of the ids, in one statement.
pub(crate) async fn load(db: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Task>, StoreError> {
    let rows = sqlx::query!(
        r#"
        select t.*, p.key,
               (select count(*) from app.task_watcher w where w.task_id = t.id) as "watchers!",
               (select coalesce(json_agg(json_build_object(
                           'user_id', a.user_id, 'username', u.username, 'role', a.role)
                           order by a.role desc, u.username), '[]')
                from app.task_assignee a join app.user u on u.id = a.user_id
                where a.task_id = t.id) as "assignees!: Json<Vec<Assignee>>",
               (select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name) order by lower(g.name)), '[]')
                from app.task_tag tt join app.tag g on g.id = tt.tag_id
                where tt.task_id = t.id) as "tags!: Json<Vec<Tag>>",
               t.metadata as "metadata_json!: Json<Metadata>"
        from unnest($1::uuid[]) with ordinality as wanted (id, place)
        join app.task t on t.id = wanted.id
        join app.project p on p.id = t.project_id
        order by wanted.place
        "#,
        ids,
    )
    .fetch_all(db)
    .await?;
    let tasks = rows.into_iter().map(|row| Task {
        watchers_count: row.watchers,
        comments_count: row.comments_count.into(),
        state: TaskState {
            id: TaskId(row.id),
            name: format!("{}-{}", row.key, row.number),
            number: row.number,
            project_id: ProjectId(row.project_id),
            team_id: TeamId(row.team_id),
            title: row.title,
            description: row.description,
            status: stored(&row.status),
            priority: stored(&row.priority),
            due_at: row.due_at,
            estimated_hours: row.estimated_hours,
            actual_hours: row.actual_hours,
            assignees: row.assignees.0,
            tags: row.tags.0,
            parent_id: row.parent_id.map(TaskId),
            metadata: row.metadata_json.0,
            recurrence: row.recurrence,
            archived: row.archived,
            trashed_at: row.trashed_at,
            rank: row.rank,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
            version: row.version,
        },
    });
    Ok(tasks.collect())
}

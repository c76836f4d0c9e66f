//! Tasks: reading one or many with a fixed number of statements, and the changes in the files below.
//!
//! Order of locks, so that no two changes wait for each other: team row, task rows (several in the order of their ids,
//! parents among them), project rows, tag lock, tag rows. A task that changes is locked `for update`, which also keeps others
//! from making parts of it; what is only said about it (a comment) locks it `for no key update`.

mod act;
mod batch;
pub mod clean;
mod create;
mod family;
mod import;
mod list;
mod place;
mod purge;
mod references;
mod save;
mod some;
mod together;
mod update;
mod watch;

pub use act::{AssignTask, SetTaskPlace, TaskPlace};
pub use batch::{Adjustment, BATCH_MAX, BatchEdit, BatchItem, BatchTasks, ItemRefused};
pub use create::{CreateTask, NewTask};
pub use import::{IMPORTED_FROM, ImportTasks};
pub use list::{Sort, SortField, TaskFilter};
pub use place::MoveTask;
pub use purge::{PurgeTask, TRASH_DAYS};
pub use update::{TaskEdit, UpdateTask};
pub use watch::{TaskWatcher, TaskWatchers, WatchTask};

use crate::actor::stored;
use crate::team::ids;
use crate::{Changing, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::task::{AssigneeRole, Metadata, TaskName};
use millstream_event_log::events::task::{Assignee, Tag, TaskState};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeMap;
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

/// The team of a task, as it is without a lock.
pub(crate) async fn team_of(db: &mut PgConnection, task: TaskId) -> Result<TeamId, StoreError> {
    sqlx::query_scalar!("select team_id from app.task where id = $1", task.0)
        .fetch_optional(db)
        .await?
        .map(TeamId)
        .ok_or(StoreError::NotFound)
}

/// Asks the policy, locks a task, and gives its whole state. In the trash or not.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    task: &TaskRef,
    action: Action,
) -> Result<Task, StoreError> {
    let id = resolve(cx.db(), task).await?;
    // Only of the teams where they may, so that nobody holds up a task that is not theirs.
    let teams = ids(actor.teams_for(action));
    let locked = sqlx::query_scalar!(
        "select id from app.task where id = $1 and ($2::uuid[] is null or team_id = any($2)) for update",
        id.0,
        teams.as_deref(),
    )
    .fetch_optional(cx.db())
    .await?;
    if locked.is_none() {
        return Err(refused(cx, actor, action, id).await);
    }
    load_one(cx.db(), id).await
}

/// Why a task is not among those that the actor may do this to.
pub(crate) async fn refused(
    cx: &mut Changing<'_>,
    actor: &Actor,
    action: Action,
    task: TaskId,
) -> StoreError {
    let team = match team_of(cx.db(), task).await {
        Ok(team) => team,
        Err(error) => return error,
    };
    match decide(actor, action, Target::team(team)) {
        Err(refusal) => refusal.into(),
        Ok(()) => StoreError::Conflict("the task was moved meanwhile".into()),
    }
}

/// The same for what is not in the trash.
async fn locked_live(
    cx: &mut Changing<'_>,
    actor: &Actor,
    task: &TaskRef,
) -> Result<Task, StoreError> {
    let task = locked(cx, actor, task, Action::WriteTasks).await?;
    if task.state.trashed_at.is_some() {
        return Err(StoreError::NotFound);
    }
    Ok(task)
}

/// What is selected of a task with everything that belongs to it, in one statement; `$which` says of which tasks.
///
/// One and many are two statements. The planner guesses how many ids a list has that it does not know yet, and for a list of
/// one it would rather plan anew each time, which takes many times as long as to read the task.
macro_rules! select_tasks {
    ($which:tt, $value:expr) => {
        sqlx::query_as!(
            Row,
            r#"
        select t.id, p.key, t.number, t.project_id, t.team_id, t.title, t.description, t.status, t.priority, t.due_at,
               t.estimated_hours, t.actual_hours, t.parent_id, t.metadata as "metadata: Json<Metadata>", t.recurrence,
               t.archived, t.trashed_at, t.rank, t.created_by, t.created_at, t.updated_at, t.completed_at, t.version,
               t.comments_count,
               (select count(*) from app.task_watcher w where w.task_id = t.id and w.watches) as "watchers_count!",
               (select coalesce(json_agg(json_build_object('user_id', a.user_id, 'username', u.username,
                                                           'role', a.role, 'assigned_by', a.assigned_by,
                                                           'assigned_at', a.assigned_at)), '[]')
                from app.task_assignee a join app.user u on u.id = a.user_id
                where a.task_id = t.id) as "assignees!: Json<Vec<Assignee>>",
               (select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name)), '[]')
                from app.task_tag tt join app.tag g on g.id = tt.tag_id
                where tt.task_id = t.id) as "tags!: Json<Vec<Tag>>"
        from app.task t
        join app.project p on p.id = t.project_id
        "# + $which,
            $value,
        )
    };
}

pub(crate) async fn load_one(db: &mut PgConnection, id: TaskId) -> Result<Task, StoreError> {
    let row = select_tasks!("where t.id = $1", id.0)
        .fetch_optional(db)
        .await?;
    row.map(Row::into_task).ok_or(StoreError::NotFound)
}

/// Tasks in the order of the ids.
pub(crate) async fn load(db: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Task>, StoreError> {
    let rows = select_tasks!("where t.id = any($1)", ids)
        .fetch_all(db)
        .await?;
    let mut tasks: BTreeMap<Uuid, Task> = rows
        .into_iter()
        .map(|row| (row.id, row.into_task()))
        .collect();
    Ok(ids.iter().filter_map(|id| tasks.remove(id)).collect())
}

struct Row {
    id: Uuid,
    key: String,
    number: i64,
    project_id: Uuid,
    team_id: Uuid,
    title: String,
    description: String,
    status: String,
    priority: String,
    due_at: Option<DateTime<Utc>>,
    estimated_hours: Option<f64>,
    actual_hours: Option<f64>,
    parent_id: Option<Uuid>,
    metadata: Json<Metadata>,
    recurrence: Option<String>,
    archived: bool,
    trashed_at: Option<DateTime<Utc>>,
    rank: String,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    version: i64,
    comments_count: i32,
    watchers_count: i64,
    assignees: Json<Vec<Assignee>>,
    tags: Json<Vec<Tag>>,
}

impl Row {
    fn into_task(self) -> Task {
        let mut state = TaskState {
            id: TaskId(self.id),
            name: name(&self.key, self.number),
            number: self.number,
            project_id: ProjectId(self.project_id),
            team_id: TeamId(self.team_id),
            title: self.title,
            description: self.description,
            status: stored(&self.status),
            priority: stored(&self.priority),
            due_at: self.due_at,
            estimated_hours: self.estimated_hours,
            actual_hours: self.actual_hours,
            assignees: self.assignees.0,
            tags: self.tags.0,
            parent_id: self.parent_id.map(TaskId),
            metadata: self.metadata.0,
            recurrence: self.recurrence,
            archived: self.archived,
            trashed_at: self.trashed_at,
            rank: self.rank,
            created_by: self.created_by.map(UserId),
            created_at: self.created_at,
            updated_at: self.updated_at,
            completed_at: self.completed_at,
            version: self.version,
        };
        sort(&mut state);
        Task {
            state,
            watchers_count: self.watchers_count,
            comments_count: self.comments_count.into(),
        }
    }
}

fn name(key: &str, number: i64) -> String {
    format!("{key}-{number}")
}

/// Owners first, then by name. Here and not in SQL: the order must not depend on the database's locale, because a
/// state that was read is compared with one that was made here.
fn sort(state: &mut TaskState) {
    state
        .assignees
        .sort_by(|a, b| (a.role, &a.username).cmp(&(b.role, &b.username)));
    state
        .tags
        .sort_by_cached_key(|tag| (tag.name.to_lowercase(), tag.id));
}

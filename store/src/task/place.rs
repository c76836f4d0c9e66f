//! A task is moved: to another place on its board, to another column, to another project.

use super::create::{Writable, writable};
use super::references::{References, team_members};
use super::{Task, TaskRef, locked_live, save};
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{ProjectId, TaskId};
use millstream_domain::policy::Actor;
use millstream_domain::rank;
use millstream_domain::task::{Status, TagName};
use millstream_event_log::Event;
use millstream_event_log::events::task::{TaskEvent, TaskState};
use uuid::Uuid;

/// Longest rank. Ten thousand tasks moved to one and the same place lengthen ranks by some five bytes; only moves each of which
/// halves the gap of the one before take a byte for five. So this is reached by nobody who moves by hand; cursors and index
/// entries have limits that must not be.
const RANK_BYTES_MAX: usize = 500;

/// Somebody moves a task.
#[derive(Debug)]
pub struct MoveTask {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// Into this column.
    pub status: Option<Status>,
    /// Right behind this task.
    pub after: Option<TaskId>,
    /// Right before this task.
    pub before: Option<TaskId>,
    /// Into this project, at its end if no place is named. Its old name stays valid.
    pub project: Option<ProjectId>,
}

impl Change for MoveTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let before = locked_live(cx, &self.actor, &self.task).await?;
        check_version(self.expected_version, before.state.version)?;
        let (mut after, mut made) = (before.state.clone(), Vec::new());
        if let Some(project) = self.project.filter(|project| *project != after.project_id) {
            let project = writable(cx, &self.actor, project).await?;
            made = change_project(cx, &mut after, &project).await?;
        }
        if let Some(status) = self.status {
            after.status = status;
            after.completed_at = save::completed_at(status, after.completed_at, cx.now);
        }
        if self.after.is_some() || self.before.is_some() {
            after.rank = self.rank(cx, &after).await?;
        }
        let changed = save::changed(cx, before, after, TaskEvent::Moved).await?;
        Ok(changed.after(made))
    }
}

/// Gives the task a number in the project, and leaves behind what does not belong there. What is to be said of tags that the
/// other team did not have.
async fn change_project(
    cx: &mut Changing<'_>,
    task: &mut TaskState,
    project: &Writable,
) -> Result<Vec<Event>, StoreError> {
    let made = if project.team_id == task.team_id {
        Vec::new()
    } else {
        change_team(cx, task, project).await?
    };
    sqlx::query!(
        "insert into app.task_alias (name, task_id) values ($1, $2)
         on conflict (name) do update set task_id = excluded.task_id",
        task.name,
        task.id.0,
    )
    .execute(cx.db())
    .await?;
    project.give_number(cx, task).await?;
    task.project_id = project.id;
    Ok(made)
}

/// Parents and sub-tasks stay within a team; people stay assigned who belong to the other team too; tags go by name.
async fn change_team(
    cx: &mut Changing<'_>,
    task: &mut TaskState,
    project: &Writable,
) -> Result<Vec<Event>, StoreError> {
    let has_parts = sqlx::query_scalar!(
        r#"select exists (select from app.task where parent_id = $1) as "any!""#,
        task.id.0,
    )
    .fetch_one(cx.db())
    .await?;
    if has_parts {
        let message = "must be a project of the same team, because the task has sub-tasks";
        return Err(StoreError::field("project_id", FieldCode::Invalid, message));
    }
    let assigned: Vec<Uuid> = task.assignees.iter().map(|a| a.user_id.0).collect();
    let members = team_members(cx, project.team_id, &assigned).await?;
    task.assignees
        .retain(|assignee| members.contains_key(&assignee.user_id));
    let names: Vec<TagName> = task
        .tags
        .iter()
        .filter_map(|tag| TagName::new(&tag.name).ok())
        .collect();
    let given = project.tags(cx, &names).await?;
    task.tags = given.tags;
    task.parent_id = None;
    task.team_id = project.team_id;
    Ok(given.events)
}

impl MoveTask {
    /// A rank between the neighbours; the one that the task has, if it stands between them already. The project is
    /// locked, so that no two tasks get the same.
    async fn rank(&self, cx: &mut Changing<'_>, task: &TaskState) -> Result<String, StoreError> {
        let last_number = sqlx::query_scalar!(
            "select last_number from app.project where id = $1 for no key update",
            task.project_id.0,
        )
        .fetch_one(cx.db())
        .await?;
        let mut references = References::default();
        let low = neighbour(cx, "after", task, self.after).await;
        let high = neighbour(cx, "before", task, self.before).await;
        let mut low = references.or_wrong(low)?.flatten();
        let mut high = references.or_wrong(high)?.flatten();
        references.checked()?;
        if high.is_none() {
            // Behind the last task, and still before the one that is made next.
            let end = rank::nth(u64::try_from(last_number + 1).unwrap_or(0));
            high = next_rank(cx, task, low.as_deref().unwrap_or(""))
                .await?
                .or(Some(end));
        }
        if low.is_none() {
            low = previous_rank(cx, task, high.as_deref().unwrap_or("")).await?;
        }
        let stands = low.as_deref().is_none_or(|low| low < task.rank.as_str())
            && high
                .as_deref()
                .is_some_and(|high| task.rank.as_str() < high);
        if stands {
            return Ok(task.rank.clone());
        }
        let rank = rank::between(low.as_deref(), high.as_deref());
        if rank.len() > RANK_BYTES_MAX {
            return Err(StoreError::Conflict(
                "there is no room left at this place: move a task that stands next to it to the end of the board \
                 first, then this one"
                    .into(),
            ));
        }
        Ok(rank)
    }
}

/// The rank of a task that is named as a neighbour.
async fn neighbour(
    cx: &mut Changing<'_>,
    field: &str,
    task: &TaskState,
    named: Option<TaskId>,
) -> Result<Option<String>, StoreError> {
    let Some(named) = named else { return Ok(None) };
    let rank = sqlx::query_scalar!(
        "select rank from app.task where id = $1 and project_id = $2 and id <> $3 and trashed_at is null",
        named.0,
        task.project_id.0,
        task.id.0,
    )
    .fetch_optional(cx.db())
    .await?;
    let unknown = || {
        StoreError::field(
            field,
            FieldCode::NotFound,
            "must be another task of the same project",
        )
    };
    rank.map(Some).ok_or_else(unknown)
}

async fn next_rank(
    cx: &mut Changing<'_>,
    task: &TaskState,
    behind: &str,
) -> Result<Option<String>, StoreError> {
    let rank = sqlx::query_scalar!(
        "select rank from app.task where project_id = $1 and rank > $2 and id <> $3 order by rank limit 1",
        task.project_id.0,
        behind,
        task.id.0,
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(rank)
}

async fn previous_rank(
    cx: &mut Changing<'_>,
    task: &TaskState,
    before: &str,
) -> Result<Option<String>, StoreError> {
    let rank = sqlx::query_scalar!(
        "select rank from app.task where project_id = $1 and rank < $2 and id <> $3 order by rank desc limit 1",
        task.project_id.0,
        before,
        task.id.0,
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(rank)
}

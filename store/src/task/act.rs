//! Acts on a task that are more than a change of a field: assigning, putting away, bringing back.

use super::{AssigneeSpec, Task, TaskRef, locked, update};
use crate::user::check_version;
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::{TaskId, TeamId};
use millstream_domain::policy::{Action, Actor};
use millstream_event_log::events::task::TaskEvent;
use uuid::Uuid;

/// Somebody says who works on a task.
#[derive(Debug)]
pub struct AssignTask {
    /// Who.
    pub actor: Actor,
    /// On which.
    pub task: TaskRef,
    /// All of them.
    pub assignees: Vec<AssigneeSpec>,
}

impl Change for AssignTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let before = locked(cx, &self.actor, &self.task, Action::WriteTasks).await?;
        if before.state.trashed_at.is_some() {
            return Err(StoreError::NotFound);
        }
        check_assignees(cx, before.state.team_id, &self.assignees).await?;
        set_assignees(cx, before.state.id, &self.assignees).await?;
        update::finish(cx, before, TaskEvent::Assigned).await
    }
}

/// Where a task is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskPlace {
    /// Among the others.
    Open,
    /// Put away.
    Archive,
    /// In the trash.
    Trash,
}

/// Somebody archives a task, throws it away, or brings it back.
#[derive(Debug)]
pub struct SetTaskPlace {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<i64>,
    /// Where to.
    pub place: TaskPlace,
}

impl Change for SetTaskPlace {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let before = locked(cx, &self.actor, &self.task, Action::WriteTasks).await?;
        // What is in the trash can only come back.
        if before.state.trashed_at.is_some() && self.place != TaskPlace::Open {
            return Err(StoreError::NotFound);
        }
        check_version(self.expected_version, before.state.version)?;
        let now = cx.now;
        let (archived, trashed_at) = match self.place {
            TaskPlace::Open => (false, None),
            TaskPlace::Archive => (true, None),
            TaskPlace::Trash => (before.state.archived, Some(now)),
        };
        sqlx::query!(
            "update app.task set archived = $2, trashed_at = $3 where id = $1",
            before.state.id.0,
            archived,
            trashed_at,
        )
        .execute(cx.db())
        .await?;
        let event = match self.place {
            TaskPlace::Open => TaskEvent::Restored,
            TaskPlace::Archive => TaskEvent::Archived,
            TaskPlace::Trash => TaskEvent::Trashed,
        };
        update::finish(cx, before, event).await
    }
}

/// Assignees must be active members of the team who may at least write.
pub(super) async fn check_assignees(
    cx: &mut Changing<'_>,
    team: TeamId,
    assignees: &[AssigneeSpec],
) -> Result<(), StoreError> {
    if assignees.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = assignees.iter().map(|a| a.user_id.0).collect();
    let members = sqlx::query_scalar!(
        "select m.user_id from app.membership m join app.user u on u.id = m.user_id
         where m.team_id = $1 and m.user_id = any($2) and u.active",
        team.0,
        &users,
    )
    .fetch_all(cx.db())
    .await?;
    let mut wrong = Vec::new();
    for (place, user) in users.iter().enumerate() {
        let field = format!("assignees[{place}].user_id");
        if !members.contains(user) {
            wrong.push(FieldError::new(
                field,
                FieldCode::NotFound,
                "must be an active member of the team",
            ));
        } else if users[..place].contains(user) {
            wrong.push(FieldError::new(
                field,
                FieldCode::Invalid,
                "must not be listed twice",
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Fields(wrong))
    }
}

/// Sets all assignees of a task; who was one already keeps the time of it.
pub(super) async fn set_assignees(
    cx: &mut Changing<'_>,
    task: TaskId,
    assignees: &[AssigneeSpec],
) -> Result<(), StoreError> {
    let users: Vec<Uuid> = assignees.iter().map(|a| a.user_id.0).collect();
    let roles: Vec<String> = assignees.iter().map(|a| a.role.to_string()).collect();
    sqlx::query!(
        "delete from app.task_assignee where task_id = $1 and user_id <> all($2)",
        task.0,
        &users
    )
    .execute(cx.db())
    .await?;
    if assignees.is_empty() {
        return Ok(());
    }
    let (by, now) = (cx.origin.actor.map(Uuid::from), cx.now);
    sqlx::query!(
        "insert into app.task_assignee (task_id, user_id, role, assigned_by, assigned_at)
         select $1, user_id, role, $4, $5 from unnest($2::uuid[], $3::text[]) as t (user_id, role)
         on conflict (task_id, user_id) do update set role = excluded.role",
        task.0,
        &users,
        &roles,
        by,
        now,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

//! Fields of a task are changed.

use super::references::{References, lock_parent};
use super::save::{self, EventOf};
use super::{AssigneeSpec, Task, TaskRef, locked_live, resolve, team_of};
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError, tag};
use chrono::{DateTime, SubsecRound, Utc};
use millstream_domain::ids::{TaskId, TeamId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::recurrence::Recurrence;
use millstream_domain::task::{Description, Hours, Metadata, Priority, Status, TagName, Title};
use millstream_event_log::Event;
use millstream_event_log::events::task::{TaskEvent, TaskState};
use serde_json::{Map, Value};

/// What is to be different; `None` leaves it as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct TaskEdit {
    /// One line.
    pub title: Option<Title>,
    /// Markdown.
    pub description: Option<Description>,
    /// How far it is.
    pub status: Option<Status>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// When it is due.
    pub due_at: Option<Option<DateTime<Utc>>>,
    /// Hours it is thought to take.
    pub estimated_hours: Option<Option<Hours>>,
    /// Hours it took.
    pub actual_hours: Option<Option<Hours>>,
    /// Who works on it, all of them.
    pub assignees: Option<Vec<AssigneeSpec>>,
    /// Its tags, all of them.
    pub tags: Option<Vec<TagName>>,
    /// The task it is a part of.
    pub parent_id: Option<Option<TaskId>>,
    /// What the team keeps with it: a merge patch (RFC 7396).
    pub metadata: Option<Option<Map<String, Value>>>,
    /// How it recurs.
    pub recurrence: Option<Option<Recurrence>>,
}

/// Somebody changes fields of a task.
#[derive(Debug)]
pub struct UpdateTask {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// What is to be different.
    pub edit: TaskEdit,
}

impl Change for UpdateTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        self.edit
            .save(
                cx,
                &self.actor,
                &self.task,
                self.expected_version,
                TaskEvent::Updated,
            )
            .await
    }
}

impl TaskEdit {
    /// Makes the edit and says what happened, if anything did.
    pub(super) async fn save(
        self,
        cx: &mut Changing<'_>,
        actor: &Actor,
        task: &TaskRef,
        expected_version: Option<crate::Versions>,
        event: EventOf,
    ) -> Result<Changed<Task>, StoreError> {
        let team = match self.parent_id {
            Some(Some(parent)) => Some(lock_parents(cx, actor, task, parent).await?),
            Some(None) | None => None,
        };
        let before = locked_live(cx, actor, task).await?;
        if team.is_some_and(|team| team != before.state.team_id) {
            return Err(StoreError::Conflict(
                "the task was moved to another team meanwhile".into(),
            ));
        }
        check_version(expected_version, before.state.version)?;
        let (after, made) = self.applied(cx, &before.state).await?;
        let changed = save::changed(cx, before, after, event).await?;
        Ok(changed.after(made))
    }

    /// The task as it is to be, and what is to be said of tags that are new. Looks up what the edit refers to.
    async fn applied(
        self,
        cx: &mut Changing<'_>,
        before: &TaskState,
    ) -> Result<(TaskState, Vec<Event>), StoreError> {
        let mut task = before.clone();
        let mut references = References::default();
        if let Some(assignees) = &self.assignees {
            task.assignees = references
                .assignees(cx, task.team_id, assignees, &before.assignees)
                .await?;
        }
        if let Some(parent) = self.parent_id {
            task.parent_id = parent;
            if let Some(parent) = parent.filter(|parent| Some(*parent) != before.parent_id) {
                references
                    .parent(cx, task.team_id, Some(task.id), parent)
                    .await?;
            }
        }
        if let Some(patch) = &self.metadata {
            let merged = merged(&task.metadata, patch.as_ref());
            task.metadata = references.or_wrong(merged)?.unwrap_or_default();
        }
        references.checked()?;
        let mut made = Vec::new();
        if let Some(names) = &self.tags {
            let given = tag::find_or_make(cx, task.team_id, names).await?;
            (task.tags, made) = (given.tags, given.events);
        }
        self.set_fields(&mut task, cx.now);
        Ok((task, made))
    }

    /// The fields that refer to nothing.
    pub(super) fn set_fields(self, task: &mut TaskState, now: DateTime<Utc>) {
        if let Some(title) = self.title {
            task.title = title.into_string();
        }
        if let Some(description) = self.description {
            task.description = description.into_string();
        }
        if let Some(due_at) = self.due_at {
            task.due_at = due_at.map(as_kept);
        }
        task.status = self.status.unwrap_or(task.status);
        task.priority = self.priority.unwrap_or(task.priority);
        task.estimated_hours = self
            .estimated_hours
            .map_or(task.estimated_hours, |h| h.map(Hours::get));
        task.actual_hours = self
            .actual_hours
            .map_or(task.actual_hours, |h| h.map(Hours::get));
        if let Some(recurrence) = self.recurrence {
            task.recurrence = recurrence.map(Recurrence::into_string);
        }
        task.completed_at = save::completed_at(task.status, task.completed_at, now);
    }
}

/// Metadata after a patch; without one, cleared. That the whole fits is known only here, beside what was there before.
pub(super) fn merged(
    metadata: &Metadata,
    patch: Option<&Map<String, Value>>,
) -> Result<Metadata, StoreError> {
    let Some(patch) = patch else {
        return Ok(Metadata::default());
    };
    metadata
        .merged(patch)
        .map_err(|invalid| StoreError::Fields(vec![invalid.at("metadata")]))
}

/// A time as the database keeps it: in microseconds. Events and answers tell the same.
pub(super) fn as_kept(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// Locks what stands before a task in the order of locks that is to become a part of another: the team, and a parent with a
/// lower id.
async fn lock_parents(
    cx: &mut Changing<'_>,
    actor: &Actor,
    task: &TaskRef,
    parent: TaskId,
) -> Result<TeamId, StoreError> {
    let team = lock_team(cx, actor, task, Action::WriteTasks).await?;
    if parent < resolve(cx.db(), task).await? {
        lock_parent(cx, team, parent).await?;
    }
    Ok(team)
}

/// Locks the team of a task whose place among parents and parts is to change: see [`References::parent`]. Before the
/// task, as the order of locks wants it, so the policy is asked here too: nobody holds up a team that is not theirs.
pub(super) async fn lock_team(
    cx: &mut Changing<'_>,
    actor: &Actor,
    task: &TaskRef,
    action: Action,
) -> Result<TeamId, StoreError> {
    let id = resolve(cx.db(), task).await?;
    let team = team_of(cx.db(), id).await?;
    decide(actor, action, Target::team(team))?;
    sqlx::query!(
        "select id from app.team where id = $1 for no key update",
        team.0
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(team)
}

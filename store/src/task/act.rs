//! Acts on a task that are more than a change of a field: assigning, putting away, bringing back.

use super::save::EventOf;
use super::update::TaskEdit;
use super::{AssigneeSpec, Task, TaskRef, locked, save};
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::policy::{Action, Actor};
use millstream_event_log::events::task::{TaskEvent, TaskState};

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
        let edit = TaskEdit {
            assignees: Some(self.assignees),
            ..TaskEdit::default()
        };
        edit.save(cx, &self.actor, &self.task, None, TaskEvent::Assigned)
            .await
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

impl TaskPlace {
    /// What is in the trash can only come back.
    pub(super) fn reachable(self, task: &TaskState) -> Result<(), StoreError> {
        match task.trashed_at {
            Some(_) if self != Self::Open => Err(StoreError::NotFound),
            Some(_) | None => Ok(()),
        }
    }

    /// The task there, and what is to be said of it.
    pub(super) fn of(self, task: &TaskState, now: DateTime<Utc>) -> (TaskState, EventOf) {
        let mut after = task.clone();
        let event = match self {
            Self::Open => {
                // Out of the trash it comes back as it was: put away, if it was.
                after.archived = task.archived && task.trashed_at.is_some();
                after.trashed_at = None;
                TaskEvent::Restored
            }
            Self::Archive => {
                after.archived = true;
                TaskEvent::Archived
            }
            Self::Trash => {
                after.trashed_at = Some(now);
                TaskEvent::Trashed
            }
        };
        (after, event)
    }
}

/// Somebody archives a task, throws it away, or brings it back.
#[derive(Debug)]
pub struct SetTaskPlace {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub task: TaskRef,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// Where to.
    pub place: TaskPlace,
}

impl Change for SetTaskPlace {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let before = locked(cx, &self.actor, &self.task, Action::WriteTasks).await?;
        self.place.reachable(&before.state)?;
        check_version(self.expected_version, before.state.version)?;
        let (after, event) = self.place.of(&before.state, cx.now);
        save::changed(cx, before, after, event).await
    }
}

//! Events of tasks. Each carries the whole task, before and after.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TagId, TaskId, TeamId, UserId};
use millstream_domain::task::{AssigneeRole, Metadata, Priority, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A task as events carry it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    /// Its id.
    pub id: TaskId,
    /// Its name: project key and number.
    pub name: String,
    /// Its number in the project.
    pub number: i64,
    /// Its project.
    pub project_id: ProjectId,
    /// The project's team.
    pub team_id: TeamId,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Hours it is thought to take.
    pub estimated_hours: Option<f64>,
    /// Hours it took.
    pub actual_hours: Option<f64>,
    /// Who works on it, owner first, then by username.
    pub assignees: Vec<Assignee>,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
    /// The task it is a part of.
    pub parent_id: Option<TaskId>,
    /// What the team keeps with it.
    pub metadata: Metadata,
    /// How it recurs (RFC 5545 RRULE).
    pub recurrence: Option<String>,
    /// Put away: finished business, still found when asked for.
    pub archived: bool,
    /// In the trash since.
    pub trashed_at: Option<DateTime<Utc>>,
    /// Where it stands on a board.
    pub rank: String,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was last finished.
    pub completed_at: Option<DateTime<Utc>>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// Somebody who works on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignee {
    /// Who.
    pub user_id: UserId,
    /// Their name when the event was written.
    pub username: String,
    /// As what.
    pub role: AssigneeRole,
    /// Who gave it to them; `None` for Millstream itself.
    pub assigned_by: Option<UserId>,
    /// Since when they work on it, whatever their role was then.
    pub assigned_at: DateTime<Utc>,
}

/// A tag on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Which.
    pub id: TagId,
    /// Its name when the event was written.
    pub name: String,
}

/// A task that came to be or ceased to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskAlone {
    /// The task.
    pub task: TaskState,
}

events! {
    /// What happened to a task.
    TaskEvent ("task", Topic::TaskEvents, version 1) {
        /// It was made.
        Created(Box<TaskAlone>) = "task.created",
        /// Fields of it were changed.
        Updated(Box<Change<TaskState>>) = "task.updated",
        /// Its assignees were set.
        Assigned(Box<Change<TaskState>>) = "task.assigned",
        /// It was moved on its board or to another project.
        Moved(Box<Change<TaskState>>) = "task.moved",
        /// It was put away.
        Archived(Box<Change<TaskState>>) = "task.archived",
        /// It was put into the trash.
        Trashed(Box<Change<TaskState>>) = "task.trashed",
        /// It came back from the archive or the trash.
        Restored(Box<Change<TaskState>>) = "task.restored",
        /// It was removed for ever.
        Deleted(Box<TaskAlone>) = "task.deleted",
    }
    key(event) event.task().id.0;
    subject(event) format!("task/{}", event.task().id);
    samples samples();
}

impl TaskEvent {
    /// The task as it was; `None` for one that was just made.
    #[must_use]
    pub fn before(&self) -> Option<&TaskState> {
        match self {
            Self::Created(_) => None,
            Self::Updated(c)
            | Self::Assigned(c)
            | Self::Moved(c)
            | Self::Archived(c)
            | Self::Trashed(c)
            | Self::Restored(c) => Some(&c.before),
            Self::Deleted(d) => Some(&d.task),
        }
    }

    /// The task as it is; `None` for one that is gone.
    #[must_use]
    pub fn after(&self) -> Option<&TaskState> {
        match self {
            Self::Created(c) => Some(&c.task),
            Self::Updated(c)
            | Self::Assigned(c)
            | Self::Moved(c)
            | Self::Archived(c)
            | Self::Trashed(c)
            | Self::Restored(c) => Some(&c.after),
            Self::Deleted(_) => None,
        }
    }

    /// The newest state that the event knows.
    #[must_use]
    pub fn task(&self) -> &TaskState {
        match self {
            Self::Created(c) => &c.task,
            Self::Updated(c)
            | Self::Assigned(c)
            | Self::Moved(c)
            | Self::Archived(c)
            | Self::Trashed(c)
            | Self::Restored(c) => &c.after,
            Self::Deleted(d) => &d.task,
        }
    }
}

fn samples() -> Vec<TaskEvent> {
    let before = TaskState {
        id: TaskId(Uuid::from_u128(0x10)),
        name: "ENG-42".into(),
        number: 42,
        project_id: ProjectId(Uuid::from_u128(0x20)),
        team_id: TeamId(Uuid::from_u128(0x30)),
        title: "Fix the mill wheel".into(),
        description: "It *squeaks*.".into(),
        status: Status::Todo,
        priority: Priority::Medium,
        due_at: Some(at(86_400)),
        estimated_hours: Some(1.5),
        actual_hours: None,
        assignees: vec![Assignee {
            user_id: UserId(Uuid::from_u128(0x40)),
            username: "ada".into(),
            role: AssigneeRole::Owner,
            assigned_by: Some(UserId(Uuid::from_u128(0x41))),
            assigned_at: at(0),
        }],
        tags: vec![Tag {
            id: TagId(Uuid::from_u128(0x50)),
            name: "wheel".into(),
        }],
        parent_id: None,
        metadata: Metadata::default(),
        recurrence: None,
        archived: false,
        trashed_at: None,
        rank: "V".into(),
        created_by: Some(UserId(Uuid::from_u128(0x40))),
        created_at: at(0),
        updated_at: at(0),
        completed_at: None,
        version: 1,
    };
    let changed = |edit: fn(&mut TaskState)| {
        let mut after = before.clone();
        after.version += 1;
        after.updated_at = at(60);
        edit(&mut after);
        Box::new(Change {
            before: before.clone(),
            after,
        })
    };
    vec![
        TaskEvent::Created(Box::new(TaskAlone {
            task: before.clone(),
        })),
        TaskEvent::Updated(changed(|t| {
            t.status = Status::Done;
            t.completed_at = Some(t.updated_at);
        })),
        TaskEvent::Assigned(changed(|t| t.assignees.clear())),
        TaskEvent::Moved(changed(|t| t.rank = "k".into())),
        TaskEvent::Archived(changed(|t| t.archived = true)),
        TaskEvent::Trashed(changed(|t| t.trashed_at = Some(t.updated_at))),
        TaskEvent::Restored(changed(|t| t.actual_hours = Some(2.0))),
        TaskEvent::Deleted(Box::new(TaskAlone {
            task: before.clone(),
        })),
    ]
}

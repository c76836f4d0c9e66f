//! Tasks.

pub(crate) mod assign;
pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod fields;
pub(crate) mod filters;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod move_task;
pub(crate) mod place;
pub(crate) mod read;
pub(crate) mod update;
pub(crate) mod watch;

use crate::answer::Answer;
use crate::api::schema;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TaskId, UserId};
use millstream_domain::task::{AssigneeRole, Metadata, Priority, Status};
use millstream_event_log::events::task::{Assignee, TaskState};
use millstream_store::task::Task;
use serde::Serialize;
use utoipa::ToSchema;

/// A task.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskBody {
    #[schema(value_type = Uuid)]
    id: TaskId,
    /// Project key and number.
    #[schema(example = "ENG-42")]
    name: String,
    number: i64,
    #[schema(value_type = Uuid)]
    project_id: ProjectId,
    #[schema(example = "Fix the mill wheel")]
    title: String,
    /// Markdown.
    description: String,
    #[schema(schema_with = schema::status)]
    status: Status,
    #[schema(schema_with = schema::priority)]
    priority: Priority,
    due_at: Option<DateTime<Utc>>,
    estimated_hours: Option<f64>,
    actual_hours: Option<f64>,
    /// Owners first, then by name.
    assignees: Vec<AssigneeBody>,
    /// Names.
    tags: Vec<String>,
    /// The task it is a part of.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<TaskId>,
    /// What the team keeps with it.
    #[schema(value_type = Object)]
    metadata: Metadata,
    /// How it recurs (RFC 5545 RRULE).
    recurrence: Option<String>,
    archived: bool,
    /// In the trash since; removed for ever 30 days later.
    trashed_at: Option<DateTime<Utc>>,
    /// Where it stands on its board: sorts bytewise.
    rank: String,
    watchers_count: i64,
    comments_count: i64,
    #[schema(value_type = Option<Uuid>)]
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    version: i64,
}

/// Somebody who works on a task.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Assignee)]
pub(crate) struct AssigneeBody {
    #[schema(value_type = Uuid)]
    user_id: UserId,
    username: String,
    #[schema(schema_with = schema::assignee_role)]
    role: AssigneeRole,
    /// Who gave them the task.
    #[schema(value_type = Option<Uuid>)]
    assigned_by: Option<UserId>,
    /// Since when they work on it.
    assigned_at: DateTime<Utc>,
}

impl From<&Assignee> for AssigneeBody {
    fn from(assignee: &Assignee) -> Self {
        Self {
            user_id: assignee.user_id,
            username: assignee.username.clone(),
            role: assignee.role,
            assigned_by: assignee.assigned_by,
            assigned_at: assignee.assigned_at,
        }
    }
}

impl From<&Task> for TaskBody {
    fn from(task: &Task) -> Self {
        let state: TaskState = task.state.clone();
        Self {
            id: state.id,
            name: state.name,
            number: state.number,
            project_id: state.project_id,
            title: state.title,
            description: state.description,
            status: state.status,
            priority: state.priority,
            due_at: state.due_at,
            estimated_hours: state.estimated_hours,
            actual_hours: state.actual_hours,
            assignees: state.assignees.iter().map(AssigneeBody::from).collect(),
            tags: state.tags.into_iter().map(|tag| tag.name).collect(),
            parent_id: state.parent_id,
            metadata: state.metadata,
            recurrence: state.recurrence,
            archived: state.archived,
            trashed_at: state.trashed_at,
            rank: state.rank,
            watchers_count: task.watchers_count,
            comments_count: task.comments_count,
            created_by: state.created_by,
            created_at: state.created_at,
            updated_at: state.updated_at,
            completed_at: state.completed_at,
            version: state.version,
        }
    }
}

/// One task.
pub(crate) fn task_answer(task: &Task) -> Answer {
    Answer::versioned(task.state.version, TaskBody::from(task))
}

//! The rows of the lake's tables. `docs/LAKE.md` says what each column means.
//!
//! *Invariant:* no e-mail address, no client address, no agent. A field here is a column there, of the same name
//! (`analytics-engine/src/tables.rs`); a row with another one is refused.

use chrono::{DateTime, Utc};
use millstream_domain::ids::{EventId, ProjectId, TaskId, TeamId, UserId};
use millstream_domain::task::{Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_event_log::Seq;
use millstream_event_log::events::project::ProjectState;
use millstream_event_log::events::task::TaskState;
use millstream_event_log::events::team::TeamState;
use millstream_event_log::events::user::UserState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its place in the log.
    pub seq: Seq,
    /// Its id.
    pub event_id: EventId,
    /// Its type, such as `task.created`.
    pub kind: String,
    /// Where it is published.
    pub topic: String,
    /// The aggregate whose order it keeps.
    pub key: Uuid,
    /// The thing it is about.
    pub subject: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who acted.
    pub actor: Option<UserId>,
    /// By which way.
    pub via: String,
    /// The version of the payload's form.
    pub schema_version: u16,
    /// Whose team it was in: who sees that may see it.
    pub team_id: Option<TeamId>,
    /// The project, for everything below one.
    pub project_id: Option<ProjectId>,
    /// The task, for everything that belongs to one.
    pub task_id: Option<TaskId>,
    /// The payload: JSON, as it was written.
    pub data: String,
}

/// A stretch in which neither the status of a task changed nor where it belongs, who works on it, and whether it is put away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a table, each asked for by itself"
)]
pub struct IntervalRow {
    /// The task.
    pub task_id: TaskId,
    /// Counts the stretches of the task, from 1.
    pub number: u32,
    /// Its team.
    pub team_id: TeamId,
    /// Its project.
    pub project_id: ProjectId,
    /// Its status.
    pub status: Status,
    /// Whether it was put away.
    pub archived: bool,
    /// Who worked on it, by id.
    pub assignees: Vec<UserId>,
    /// When the stretch began.
    pub entered_at: DateTime<Utc>,
    /// When it ended; none for the one that lasts.
    pub left_at: Option<DateTime<Utc>>,
    /// Since when the task had this status.
    pub status_since: DateTime<Utc>,
    /// When work on it began: it was first in progress, counted from its creation or last reopening.
    pub started_at: Option<DateTime<Utc>>,
    /// When the task was made.
    pub created_at: DateTime<Utc>,
    /// When it was due, at the stretch's beginning.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether the task was made with this stretch.
    pub creation: bool,
    /// Whether it was finished with this stretch.
    pub completion: bool,
    /// Whether it was taken up again with this stretch, after it had been finished.
    pub reopening: bool,
    /// The record with which the stretch began.
    pub entered_seq: Seq,
    /// The record with which it ended.
    pub left_seq: Option<Seq>,
}

/// A task as it is now. Its description stands in the events alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// Its number in the project.
    pub number: i64,
    /// Its team.
    pub team_id: TeamId,
    /// Its project.
    pub project_id: ProjectId,
    /// One line.
    pub title: String,
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
    /// Who works on it, by id.
    pub assignees: Vec<UserId>,
    /// The names of its tags.
    pub tags: Vec<String>,
    /// The task it is a part of.
    pub parent_id: Option<TaskId>,
    /// What the team keeps with it: JSON.
    pub metadata: String,
    /// Put away.
    pub archived: bool,
    /// In the trash since.
    pub trashed_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was last finished.
    pub completed_at: Option<DateTime<Utc>>,
    /// Since when it has this status; none in the trash.
    pub status_since: Option<DateTime<Utc>>,
    /// When work on it began, as in its stretches; none in the trash.
    pub started_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i64,
}

impl TaskRow {
    /// A task as it is after an event.
    pub(crate) fn of(task: &TaskState) -> Self {
        Self {
            id: task.id,
            name: task.name.clone(),
            number: task.number,
            team_id: task.team_id,
            project_id: task.project_id,
            title: task.title.clone(),
            status: task.status,
            priority: task.priority,
            due_at: task.due_at,
            estimated_hours: task.estimated_hours,
            actual_hours: task.actual_hours,
            assignees: workers(task),
            tags: task.tags.iter().map(|tag| tag.name.clone()).collect(),
            parent_id: task.parent_id,
            metadata: serde_json::to_string(task.metadata.as_map())
                .expect("a map with text keys has a JSON form"),
            archived: task.archived,
            trashed_at: task.trashed_at,
            created_by: task.created_by,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
            status_since: None,
            started_at: None,
            version: task.version,
        }
    }
}

/// Who works on a task, by id, so that the same people are the same list.
pub(crate) fn workers(task: &TaskState) -> Vec<UserId> {
    let mut workers: Vec<_> = task.assignees.iter().map(|a| a.user_id).collect();
    workers.sort_unstable();
    workers
}

/// A person as they are now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// The name they log in with.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// What they are in the system.
    pub role: Role,
    /// Their time zone.
    pub time_zone: String,
    /// Whether they may log in.
    pub active: bool,
    /// When they came.
    pub created_at: DateTime<Utc>,
}

impl From<UserState> for UserRow {
    fn from(user: UserState) -> Self {
        Self {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            time_zone: user.time_zone,
            active: user.active,
            created_at: user.created_at,
        }
    }
}

/// A team as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TeamRow {
    /// Its id, under the name that row rights go by.
    pub team_id: TeamId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<TeamState> for TeamRow {
    fn from(team: TeamState) -> Self {
        Self {
            team_id: team.id,
            name: team.name,
            description: team.description,
            created_at: team.created_at,
        }
    }
}

/// A project as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectRow {
    /// Its id.
    pub id: ProjectId,
    /// Its team.
    pub team_id: TeamId,
    /// The first half of its tasks' names.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Put away.
    pub archived: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<ProjectState> for ProjectRow {
    fn from(project: ProjectState) -> Self {
        Self {
            id: project.id,
            team_id: project.team_id,
            key: project.key,
            name: project.name,
            archived: project.archived,
            created_at: project.created_at,
        }
    }
}

/// Somebody's place in a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MembershipRow {
    /// The team.
    pub team_id: TeamId,
    /// The person.
    pub user_id: UserId,
    /// As what.
    pub role: TeamRole,
}

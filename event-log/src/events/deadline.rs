//! What time does to tasks. Nobody acts: a timer of the pipeline `timers` says so.

use super::events;
use super::task::TaskState;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A task was not done when it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskOverdue {
    /// Which.
    pub task_id: TaskId,
    /// Its name then.
    pub name: String,
    /// Its title then.
    pub title: String,
    /// Its project.
    pub project_id: ProjectId,
    /// The project's team.
    pub team_id: TeamId,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// Its version then.
    pub version: i64,
    /// Who works on it.
    pub assignees: Vec<UserId>,
}

impl TaskOverdue {
    /// What is said of this task once `due_at` has passed.
    #[must_use]
    pub fn of(task: &TaskState, due_at: DateTime<Utc>) -> Self {
        Self {
            task_id: task.id,
            name: task.name.clone(),
            title: task.title.clone(),
            project_id: task.project_id,
            team_id: task.team_id,
            due_at,
            version: task.version,
            assignees: task.assignees.iter().map(|a| a.user_id).collect(),
        }
    }
}

events! {
    /// What time did to a task.
    DeadlineEvent ("deadline", Topic::SystemNotifications, version 1) {
        /// It was not done when it was due.
        Overdue(TaskOverdue) = "task.overdue",
    }
    key(event) event.overdue().task_id.0;
    subject(event) format!("task/{}", event.overdue().task_id);
    samples samples();
}

impl DeadlineEvent {
    /// The task, and when it was due.
    #[must_use]
    pub fn overdue(&self) -> &TaskOverdue {
        let Self::Overdue(overdue) = self;
        overdue
    }
}

fn samples() -> Vec<DeadlineEvent> {
    vec![DeadlineEvent::Overdue(TaskOverdue {
        task_id: TaskId(Uuid::from_u128(0x10)),
        name: "ENG-42".into(),
        title: "Turn the wheel".into(),
        project_id: ProjectId(Uuid::from_u128(0x20)),
        team_id: TeamId(Uuid::from_u128(0x30)),
        due_at: at(60),
        version: 3,
        assignees: vec![UserId(Uuid::from_u128(0x40))],
    })]
}

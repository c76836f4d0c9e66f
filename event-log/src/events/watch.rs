//! Who wants to be told of what happens to a task. Not a part of the task's state: whoever watches changes nothing about it,
//! and its version stays. Key: the task, so that watching keeps its place among what there is to be told.

use super::events;
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody, and the task that they watch or do not watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// Who.
    pub user_id: UserId,
    /// Which task.
    pub task_id: TaskId,
    /// Its name then.
    pub name: String,
    /// Its title then.
    pub title: String,
    /// Its project.
    pub project_id: ProjectId,
    /// The project's team.
    pub team_id: TeamId,
    /// Since when.
    pub since: DateTime<Utc>,
}

events! {
    /// Somebody chose whether to be told.
    WatchEvent ("watch", Topic::TaskEvents, version 1) {
        /// They want to be told of what happens to it.
        Watched(Watcher) = "task.watched",
        /// They do not want to be told any more, whatever they have to do with it.
        Unwatched(Watcher) = "task.unwatched",
    }
    key(event) event.watcher().task_id.0;
    subject(event) format!("task/{}", event.watcher().task_id);
    samples samples();
}

impl WatchEvent {
    /// Who, and which task.
    #[must_use]
    pub fn watcher(&self) -> &Watcher {
        match self {
            Self::Watched(watcher) | Self::Unwatched(watcher) => watcher,
        }
    }
}

fn samples() -> Vec<WatchEvent> {
    let watcher = Watcher {
        user_id: UserId(Uuid::from_u128(0x41)),
        task_id: TaskId(Uuid::from_u128(0x10)),
        name: "ENG-42".into(),
        title: "Fix the mill wheel".into(),
        project_id: ProjectId(Uuid::from_u128(0x20)),
        team_id: TeamId(Uuid::from_u128(0x30)),
        since: at(60),
    };
    vec![
        WatchEvent::Watched(watcher.clone()),
        WatchEvent::Unwatched(watcher),
    ]
}

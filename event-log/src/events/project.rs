//! Events of projects.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TeamId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A project as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectState {
    /// Its id.
    pub id: ProjectId,
    /// The first half of its tasks' names.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The team it belongs to.
    pub team_id: TeamId,
    /// Put away.
    pub archived: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A project that came to be or ceased to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAlone {
    /// The project.
    pub project: ProjectState,
}

events! {
    /// What happened to a project.
    ProjectEvent ("project", Topic::TaskEvents, version 1) {
        /// It was made.
        Created(ProjectAlone) = "project.created",
        /// Fields of it were changed.
        Updated(Change<ProjectState>) = "project.updated",
        /// It was removed; it held no tasks.
        Deleted(ProjectAlone) = "project.deleted",
    }
    key(event) event.project().id.0;
    subject(event) format!("project/{}", event.project().id);
    samples samples();
}

impl ProjectEvent {
    /// The newest state that the event knows.
    #[must_use]
    pub fn project(&self) -> &ProjectState {
        match self {
            Self::Created(p) | Self::Deleted(p) => &p.project,
            Self::Updated(c) => &c.after,
        }
    }
}

fn samples() -> Vec<ProjectEvent> {
    let project = ProjectState {
        id: ProjectId(Uuid::from_u128(0x20)),
        key: "ENG".into(),
        name: "Engine".into(),
        description: String::new(),
        team_id: TeamId(Uuid::from_u128(0x30)),
        archived: false,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    let after = ProjectState {
        archived: true,
        updated_at: at(60),
        version: 2,
        ..project.clone()
    };
    vec![
        ProjectEvent::Created(ProjectAlone {
            project: project.clone(),
        }),
        ProjectEvent::Updated(Change {
            before: project.clone(),
            after,
        }),
        ProjectEvent::Deleted(ProjectAlone { project }),
    ]
}

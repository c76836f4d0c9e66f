//! Events of comments. Each carries the comment and enough of its task that no reader has to ask for it. Key: the task.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, ProjectId, TaskId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A comment as events carry it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentState {
    /// Its id.
    pub id: CommentId,
    /// What it is about.
    pub task: CommentedTask,
    /// Who wrote it.
    pub author: UserId,
    /// Markdown; empty once deleted.
    pub body: String,
    /// People of the team whom the text mentions.
    pub mentions: Vec<UserId>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last edited.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was deleted; the mark stays.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// The task of a comment, in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentedTask {
    /// Its id.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its project.
    pub project_id: ProjectId,
    /// The project's team.
    pub team_id: TeamId,
}

/// A comment that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentAlone {
    /// The comment.
    pub comment: CommentState,
}

events! {
    /// What happened to a comment.
    CommentEvent ("comment", Topic::TaskEvents, version 1) {
        /// It was written.
        Created(CommentAlone) = "comment.created",
        /// Its text was changed.
        Edited(Change<CommentState>) = "comment.edited",
        /// It was deleted; its text is gone, its place remains.
        Deleted(Change<CommentState>) = "comment.deleted",
    }
    key(event) event.comment().task.id.0;
    subject(event) format!("comment/{}", event.comment().id);
    samples samples();
}

impl CommentEvent {
    /// The newest state that the event knows.
    #[must_use]
    pub fn comment(&self) -> &CommentState {
        match self {
            Self::Created(c) => &c.comment,
            Self::Edited(c) | Self::Deleted(c) => &c.after,
        }
    }

    /// The comment as it was; `None` for one that was just written.
    #[must_use]
    pub fn before(&self) -> Option<&CommentState> {
        match self {
            Self::Created(_) => None,
            Self::Edited(c) | Self::Deleted(c) => Some(&c.before),
        }
    }
}

fn samples() -> Vec<CommentEvent> {
    let before = CommentState {
        id: CommentId(Uuid::from_u128(0x60)),
        task: CommentedTask {
            id: TaskId(Uuid::from_u128(0x10)),
            name: "ENG-42".into(),
            title: "Fix the mill wheel".into(),
            project_id: ProjectId(Uuid::from_u128(0x20)),
            team_id: TeamId(Uuid::from_u128(0x30)),
        },
        author: UserId(Uuid::from_u128(0x40)),
        body: "Grease it, @grace.".into(),
        mentions: vec![UserId(Uuid::from_u128(0x41))],
        created_at: at(0),
        edited_at: None,
        deleted_at: None,
        version: 1,
    };
    let edited = CommentState {
        body: "Oil it.".into(),
        mentions: vec![],
        edited_at: Some(at(60)),
        version: 2,
        ..before.clone()
    };
    let deleted = CommentState {
        body: String::new(),
        mentions: vec![],
        deleted_at: Some(at(90)),
        version: 2,
        ..before.clone()
    };
    vec![
        CommentEvent::Created(CommentAlone {
            comment: before.clone(),
        }),
        CommentEvent::Edited(Change {
            before: before.clone(),
            after: edited,
        }),
        CommentEvent::Deleted(Change {
            before,
            after: deleted,
        }),
    ]
}

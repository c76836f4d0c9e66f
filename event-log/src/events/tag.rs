//! Events of tags. What tasks carry them is told by the events of tasks: when a tag is deleted, it was taken from them
//! before.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TagId, TeamId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tag as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagState {
    /// Its id.
    pub id: TagId,
    /// Whose it is.
    pub team_id: TeamId,
    /// Its name.
    pub name: String,
    /// The colour it is shown in.
    pub color: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A tag that came to be or ceased to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagAlone {
    /// The tag.
    pub tag: TagState,
}

events! {
    /// What happened to a tag.
    TagEvent ("tag", Topic::TaskEvents, version 1) {
        /// It was made: by itself, or because a task was given it.
        Created(TagAlone) = "tag.created",
        /// It was renamed or got another colour. The tasks that carry it stay as they are.
        Updated(Change<TagState>) = "tag.updated",
        /// It was removed; no task carried it any more.
        Deleted(TagAlone) = "tag.deleted",
    }
    key(event) event.tag().id.0;
    subject(event) format!("tag/{}", event.tag().id);
    samples samples();
}

impl TagEvent {
    /// The newest state that the event knows.
    #[must_use]
    pub fn tag(&self) -> &TagState {
        match self {
            Self::Created(t) | Self::Deleted(t) => &t.tag,
            Self::Updated(c) => &c.after,
        }
    }
}

fn samples() -> Vec<TagEvent> {
    let tag = TagState {
        id: TagId(Uuid::from_u128(0x50)),
        team_id: TeamId(Uuid::from_u128(0x30)),
        name: "wheel".into(),
        color: "gray".into(),
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    let after = TagState {
        name: "wheels".into(),
        color: "teal".into(),
        updated_at: at(60),
        version: 2,
        ..tag.clone()
    };
    vec![
        TagEvent::Created(TagAlone { tag: tag.clone() }),
        TagEvent::Updated(Change {
            before: tag.clone(),
            after,
        }),
        TagEvent::Deleted(TagAlone { tag }),
    ]
}

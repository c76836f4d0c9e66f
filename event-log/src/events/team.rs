//! Events of teams.

use super::{Change, events};
use crate::testing::at;
use crate::topic::Topic;
use chrono::{DateTime, Utc};
use millstream_domain::ids::TeamId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A team as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamState {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A team that came to be or ceased to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamAlone {
    /// The team.
    pub team: TeamState,
}

events! {
    /// What happened to a team.
    TeamEvent ("team", Topic::TaskEvents, version 1) {
        /// It was made.
        Created(TeamAlone) = "team.created",
        /// Fields of it were changed.
        Updated(Change<TeamState>) = "team.updated",
        /// It was removed; it held no projects.
        Deleted(TeamAlone) = "team.deleted",
    }
    key(event) event.team().id.0;
    subject(event) format!("team/{}", event.team().id);
    samples samples();
}

impl TeamEvent {
    /// The newest state that the event knows.
    #[must_use]
    pub fn team(&self) -> &TeamState {
        match self {
            Self::Created(t) | Self::Deleted(t) => &t.team,
            Self::Updated(c) => &c.after,
        }
    }
}

fn samples() -> Vec<TeamEvent> {
    let team = TeamState {
        id: TeamId(Uuid::from_u128(0x30)),
        name: "Millers".into(),
        description: "Keeps the wheel turning.".into(),
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    let after = TeamState {
        name: "Mill hands".into(),
        updated_at: at(60),
        version: 2,
        ..team.clone()
    };
    vec![
        TeamEvent::Created(TeamAlone { team: team.clone() }),
        TeamEvent::Updated(Change {
            before: team.clone(),
            after,
        }),
        TeamEvent::Deleted(TeamAlone { team }),
    ]
}

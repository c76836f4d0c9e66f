//! Events of memberships: who belongs to a team, and as what. Key: the team.

use super::events;
use crate::topic::Topic;
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::team::TeamRole;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A membership as events carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The team.
    pub team_id: TeamId,
    /// The person.
    pub user_id: UserId,
    /// Their name when the event was written.
    pub username: String,
    /// As what they belong to it; for one that ended, as what they did.
    pub role: TeamRole,
    /// As what they belonged to it before, if they did.
    pub role_before: Option<TeamRole>,
}

events! {
    /// What happened to a membership.
    MemberEvent ("member", Topic::TaskEvents, version 1) {
        /// Somebody joined.
        Added(Membership) = "member.added",
        /// Somebody's role was changed.
        Changed(Membership) = "member.changed",
        /// Somebody left.
        Removed(Membership) = "member.removed",
    }
    key(event) event.membership().team_id.0;
    subject(event) format!("team/{}/member/{}", event.membership().team_id, event.membership().user_id);
    samples samples();
}

impl MemberEvent {
    /// The membership.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        match self {
            Self::Added(m) | Self::Changed(m) | Self::Removed(m) => m,
        }
    }
}

fn samples() -> Vec<MemberEvent> {
    let membership = |role, role_before| Membership {
        team_id: TeamId(Uuid::from_u128(0x30)),
        user_id: UserId(Uuid::from_u128(0x40)),
        username: "ada".into(),
        role,
        role_before,
    };
    vec![
        MemberEvent::Added(membership(TeamRole::Member, None)),
        MemberEvent::Changed(membership(TeamRole::Maintainer, Some(TeamRole::Member))),
        MemberEvent::Removed(membership(TeamRole::Maintainer, Some(TeamRole::Maintainer))),
    ]
}

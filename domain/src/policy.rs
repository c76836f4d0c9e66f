//! Who may do what: one table, asked by every way in (REST, pages, live connections, search, exports).
//!
//! A question names the [`Actor`], the [`Action`] and the [`Target`]; the answer is yes or a [`Refusal`]. What somebody
//! may not see answers exactly like what does not exist, so a refusal says which of the two a client is to be told.
//!
//! To add an act: a row in [`table`]. `docs/PERMISSIONS.md` is generated from it.

mod table;

pub use table::{Action, Need, TABLE};

use crate::ids::{TeamId, UserId};
use crate::team::TeamRole;
use crate::user::Role;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Not logged in.
    Anonymous,
    /// A person, with their role in the system and in each of their teams.
    User(Person),
    /// A part of Millstream acting for itself: timers, clean-up.
    System,
}

/// A logged-in person as the policy sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their role in the whole system.
    pub role: Role,
    /// Their role in each of their teams.
    pub teams: BTreeMap<TeamId, TeamRole>,
}

impl Actor {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::User(person) => Some(person),
            Self::Anonymous | Self::System => None,
        }
    }

    /// The person's id, if it is one.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        self.person().map(|p| p.id)
    }

    /// Which teams' things the actor may see.
    #[must_use]
    pub fn visible_teams(&self) -> Visible {
        match self {
            Self::Anonymous => Visible::Teams(Vec::new()),
            Self::System => Visible::All,
            Self::User(p) if p.role != Role::Member => Visible::All,
            Self::User(p) => Visible::Teams(p.teams.keys().copied().collect()),
        }
    }
}

impl Actor {
    /// The teams to whose things the actor may do this: what a row is looked for by before it is locked.
    #[must_use]
    pub fn teams_for(&self, action: Action) -> Visible {
        let may = |team| decide(self, action, Target::team(team)).is_ok();
        // Whoever may do it in a team that nobody belongs to may do it in all.
        if may(TeamId(Uuid::nil())) {
            return Visible::All;
        }
        let teams = self.person().into_iter().flat_map(|p| p.teams.keys());
        Visible::Teams(teams.copied().filter(|team| may(*team)).collect())
    }
}

/// The teams whose things somebody may see: what lists, search and feeds filter by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible {
    /// Every team.
    All,
    /// These teams.
    Teams(Vec<TeamId>),
}

impl Visible {
    /// Whether things of this team are among them.
    #[must_use]
    pub fn includes(&self, team: TeamId) -> bool {
        match self {
            Self::All => true,
            Self::Teams(teams) => teams.contains(&team),
        }
    }
}

/// What the action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Target {
    /// The team that it belongs to, for everything below a team.
    pub team: Option<TeamId>,
    /// Who wrote it, for comments; whose it is, for what is personal.
    pub owner: Option<UserId>,
}

impl Target {
    /// The system as a whole.
    pub const SYSTEM: Self = Self {
        team: None,
        owner: None,
    };

    /// A team, or something that belongs to it.
    #[must_use]
    pub fn team(team: TeamId) -> Self {
        Self {
            team: Some(team),
            owner: None,
        }
    }

    /// Something of a team that somebody wrote.
    #[must_use]
    pub fn authored(team: TeamId, author: UserId) -> Self {
        Self {
            team: Some(team),
            owner: Some(author),
        }
    }

    /// Something personal.
    #[must_use]
    pub fn personal(owner: UserId) -> Self {
        Self {
            team: None,
            owner: Some(owner),
        }
    }
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is logged in: 401.
    #[error("log in first")]
    Unauthenticated,
    /// The actor may not even see it: 404, as if it did not exist.
    #[error("not found")]
    Hidden,
    /// The actor sees it but may not do this: 403.
    #[error("you may see this, but not do that")]
    Forbidden,
}

/// Decides. `Ok` means yes.
pub fn decide(actor: &Actor, action: Action, target: Target) -> Result<(), Refusal> {
    let person = match actor {
        Actor::Anonymous => return Err(Refusal::Unauthenticated),
        Actor::System => return Ok(()),
        Actor::User(person) => person,
    };
    let need = action.need();
    if person.role == Role::Admin {
        return Ok(());
    }
    let team_role = target
        .team
        .and_then(|team| person.teams.get(&team).copied());
    let sees = target.team.is_none() || team_role.is_some() || person.role == Role::Manager;
    let own = target.owner == Some(person.id);
    if !sees || (need == Need::OwnOrAdmin && !own) {
        return Err(Refusal::Hidden);
    }
    let allowed = match need {
        Need::LoggedIn | Need::SeeTeam | Need::OwnOrAdmin => true,
        Need::TeamRole(least) => team_role >= Some(least),
        Need::Author => own && team_role >= Some(TeamRole::Member),
        Need::AuthorOr(least) => {
            team_role >= Some(least) || (own && team_role >= Some(TeamRole::Member))
        }
        Need::Admin => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}

#[cfg(test)]
mod document;
#[cfg(test)]
mod tests;

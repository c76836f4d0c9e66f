//! What somebody may see, from what the pipeline has kept about them.

use crate::error::SearchError;
use crate::index::Index;
use crate::schema::Fields;
use crate::stored;
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Actor, Person, Visible};
use tantivy::Searcher;

/// The teams whose tasks somebody may find: the policy's answer for who they are in this snapshot. Whoever is unknown or
/// deactivated finds nothing.
pub(crate) fn visible(
    searcher: &Searcher,
    fields: &Fields,
    caller: UserId,
) -> Result<Visible, SearchError> {
    let Some(source) = stored::person(searcher, fields, caller)? else {
        return Ok(Visible::Teams(Vec::new()));
    };
    let Some(person) = source.person.filter(|person| person.active) else {
        return Ok(Visible::Teams(Vec::new()));
    };
    let actor = Actor::User(Person {
        id: caller,
        role: person.role,
        teams: source.teams,
    });
    Ok(actor.visible_teams())
}

/// Somebody, as the pipeline has kept them.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Their roles.
    pub person: Person,
    /// The name of their time zone.
    pub time_zone: String,
    /// Whether they may see anything at all.
    pub active: bool,
}

impl Index {
    /// Somebody; `None` when the index has not heard of them yet. This blocks.
    pub fn person(&self, id: UserId) -> Result<Option<Known>, SearchError> {
        let read = stored::person(&self.searcher(), self.fields(), id);
        let source = read.map_err(|error| self.noted(error))?;
        Ok(source.and_then(|source| {
            let known = source.person?;
            Some(Known {
                person: Person {
                    id,
                    role: known.role,
                    teams: source.teams,
                },
                time_zone: known.time_zone,
                active: known.active,
            })
        }))
    }
}

/// What is visible both ways.
pub(crate) fn both(one: Visible, other: &Visible) -> Visible {
    match one {
        Visible::All => other.clone(),
        Visible::Teams(teams) => Visible::Teams(
            teams
                .into_iter()
                .filter(|team| other.includes(*team))
                .collect(),
        ),
    }
}

//! What somebody may see, from what the pipeline has kept about them.

use crate::error::SearchError;
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

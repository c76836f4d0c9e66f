//! A team has an owner who can act: the last one neither goes nor is deactivated.

use crate::{Changing, StoreError};
use millstream_domain::ids::{TeamId, UserId};

/// How many teams a refusal names; of more, it says how many.
const NAMED_MAX: usize = 5;

/// Refuses to let an owner go when no other is left who can log in. The team is locked, so that holds until the commit.
pub(super) async fn keep_another(
    cx: &mut Changing<'_>,
    team: TeamId,
    going: UserId,
) -> Result<(), StoreError> {
    let has_another = sqlx::query_scalar!(
        r#"
        select exists (
            select from app.membership m join app.user u on u.id = m.user_id
            where m.team_id = $1 and m.role = 'owner' and m.user_id <> $2 and u.active
        ) as "has_another!"
        "#,
        team.0,
        going.0,
    )
    .fetch_one(cx.db())
    .await?;
    if has_another {
        return Ok(());
    }
    let message = "the last owner cannot go: make somebody else owner first";
    Err(StoreError::Conflict(message.into()))
}

/// Refuses to deactivate somebody who is the last owner of a team, and names those teams.
pub(crate) async fn keep_another_everywhere(
    cx: &mut Changing<'_>,
    going: UserId,
) -> Result<(), StoreError> {
    // Whoever changes the owners of one of them waits; in one order, so that no two wait for each other.
    sqlx::query!(
        "select id from app.team
         where id in (select team_id from app.membership where user_id = $1 and role = 'owner')
         order by id for no key update",
        going.0,
    )
    .fetch_all(cx.db())
    .await?;
    let alone = sqlx::query_scalar!(
        "select t.name from app.team t
         join app.membership mine on mine.team_id = t.id and mine.user_id = $1 and mine.role = 'owner'
         where not exists (
             select from app.membership m join app.user u on u.id = m.user_id
             where m.team_id = t.id and m.role = 'owner' and m.user_id <> $1 and u.active
         )
         order by t.created_at, t.id",
        going.0,
    )
    .fetch_all(cx.db())
    .await?;
    if alone.is_empty() {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "they are the last owner of {}: make somebody else owner first, or delete the team",
        named(&alone)
    )))
}

fn named(teams: &[String]) -> String {
    let mut names: Vec<_> = teams
        .iter()
        .take(NAMED_MAX)
        .map(|name| format!("\"{name}\""))
        .collect();
    if teams.len() > NAMED_MAX {
        names.push(format!("{} more", teams.len() - NAMED_MAX));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn teams_are_named_up_to_a_number() {
        let teams: Vec<_> = ('a'..='g').map(String::from).collect();
        assert_eq!(named(&teams[..1]), r#""a""#);
        assert_eq!(named(&teams[..2]), r#""a" and "b""#);
        assert_eq!(named(&teams), r#""a", "b", "c", "d", "e" and 2 more"#);
    }
}

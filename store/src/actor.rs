//! Who asks: a person with their roles, in one statement, at every request.

use crate::{Store, StoreError};
use millstream_domain::ids::{SessionId, TeamId, UserId};
use millstream_domain::policy::Person;
use millstream_domain::user::Locale;
use std::collections::BTreeMap;

impl Store {
    /// The person behind a live session; `None` when the session has ended or the account is not active.
    pub async fn person(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<Person>, StoreError> {
        let row = sqlx::query!(
            r#"
            select u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.user u
            join app.session s on s.user_id = u.id and s.id = $2 and s.ended_at is null and s.expires_at > $3
            left join app.membership m on m.user_id = u.id
            where u.id = $1 and u.active
            group by u.id
            "#,
            user.0,
            session.0,
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| person(user, &row.role, row.teams, &row.roles)))
    }

    /// A person by username, for commands that act as somebody; `None` when there is no such active account.
    pub async fn person_named(&self, username: &str) -> Result<Option<Person>, StoreError> {
        self.person_where(Some(username)).await
    }

    /// The first admin that registered, if there is one.
    pub async fn first_admin(&self) -> Result<Option<Person>, StoreError> {
        self.person_where(None).await
    }

    async fn person_where(&self, username: Option<&str>) -> Result<Option<Person>, StoreError> {
        let row = sqlx::query!(
            r#"
            select u.id, u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.user u
            left join app.membership m on m.user_id = u.id
            where u.active and (u.username = $1 or ($1::text is null and u.role = 'admin'))
            group by u.id
            order by u.created_at, u.id
            limit 1
            "#,
            username,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| person(UserId(row.id), &row.role, row.teams, &row.roles)))
    }
}

pub(crate) fn person(id: UserId, role: &str, teams: Vec<uuid::Uuid>, roles: &[String]) -> Person {
    let teams: BTreeMap<_, _> = teams
        .into_iter()
        .map(TeamId)
        .zip(roles.iter().map(|r| stored(r)))
        .collect();
    Person {
        id,
        role: stored(role),
        teams,
    }
}

/// A word that a check constraint of the schema allows. A new one comes in two releases, programs that know it before the
/// constraint that allows it: old and new programs run side by side.
pub(crate) fn stored<T: std::str::FromStr>(word: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    word.parse()
        .expect("the schema's check constraints allow only words that the domain knows")
}

/// Somebody's language. No check constraint knows those: one that only a newer program speaks is English to this one.
pub(crate) fn stored_locale(word: &str) -> Locale {
    word.parse().unwrap_or(Locale::En)
}

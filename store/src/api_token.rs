//! API tokens: for programs that act for a person, narrower than the person. Stored as hashes only.

mod change;

pub(crate) use change::revoke_all;
pub use change::{CreateApiToken, RevokeApiToken, TOKENS_MAX};

use crate::actor::{person, stored};
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::page::ByTime;
use crate::session::TokenHash;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::api_token::{Scope, Scopes};
use millstream_domain::ids::{ApiTokenId, UserId};
use millstream_domain::policy::Person;
use uuid::Uuid;

/// How often the use of a token is written down at most: it comes with every request.
const TOUCHED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long a token that has expired is still listed, so that its person sees why something stopped.
const EXPIRED_KEPT: TimeDelta = TimeDelta::days(30);

/// A token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Which.
    pub id: ApiTokenId,
    /// What they call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is good; `None`: until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Who is behind a token.
#[derive(Debug, Clone)]
pub struct TokenBearer {
    /// Which token.
    pub id: ApiTokenId,
    /// What it may do.
    pub scopes: Scopes,
    /// Its person, with all that they may do themselves.
    pub person: Person,
}

struct Row {
    id: Uuid,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_token(self) -> ApiToken {
        ApiToken {
            id: ApiTokenId(self.id),
            name: self.name,
            scopes: scopes(&self.scopes),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
        }
    }
}

fn scopes(words: &[String]) -> Scopes {
    let scopes = words.iter().map(|word| stored::<Scope>(word));
    Scopes::new(scopes).expect("a check constraint of the schema allows no empty list")
}

impl Store {
    /// The tokens of a person, the newest first.
    pub async fn api_tokens(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<ApiToken>, StoreError> {
        let after: Option<ByTime> = page.after()?;
        let (at, id) = after.map(|ByTime(at, id)| (at, id)).unzip();
        let rows = sqlx::query_as!(
            Row,
            "select id, name, scopes, created_at, expires_at, last_used_at from app.api_token
             where user_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3))
             order by created_at desc, id desc limit $4",
            user.0,
            at,
            id,
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let rows = Page::of(rows, page, |row| ByTime(row.created_at, row.id));
        Ok(rows.map(Row::into_token))
    }

    /// A token of a person's.
    pub async fn api_token(&self, user: UserId, id: ApiTokenId) -> Result<ApiToken, StoreError> {
        sqlx::query_as!(
            Row,
            "select id, name, scopes, created_at, expires_at, last_used_at from app.api_token
             where id = $1 and user_id = $2",
            id.0,
            user.0,
        )
        .fetch_optional(&self.pool)
        .await?
        .map(Row::into_token)
        .ok_or(StoreError::NotFound)
    }

    /// The person behind a token, in one statement; `None` when it was revoked or has expired, or when the account is not
    /// active.
    pub async fn token_bearer(&self, token: TokenHash) -> Result<Option<TokenBearer>, StoreError> {
        let now = self.clock.now();
        let row = sqlx::query!(
            r#"
            select t.id, t.scopes, t.last_used_at, u.id as user_id, u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.api_token t
            join app.user u on u.id = t.user_id and u.active
            left join app.membership m on m.user_id = u.id
            where t.hash = $1 and (t.expires_at is null or t.expires_at > $2)
            group by t.id, u.id
            "#,
            &token.0,
            now,
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id = ApiTokenId(row.id);
        if row
            .last_used_at
            .is_none_or(|last| now - last >= TOUCHED_EVERY)
        {
            self.touch_api_token(id, now).await?;
        }
        Ok(Some(TokenBearer {
            id,
            scopes: scopes(&row.scopes),
            person: person(UserId(row.user_id), &row.role, row.teams, &row.roles),
        }))
    }

    /// Writes down that a token is used. Of many requests at once, the first does it.
    async fn touch_api_token(&self, id: ApiTokenId, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.api_token set last_used_at = $2
             where id = $1 and (last_used_at is null or last_used_at <= $3)",
            id.0,
            now,
            now - TOUCHED_EVERY,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets tokens that expired long ago.
    pub(crate) async fn prune_api_tokens(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - EXPIRED_KEPT;
        let pruned = sqlx::query!(
            "delete from app.api_token where id in (
                 select id from app.api_token where expires_at < $1 limit $2 for update skip locked)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

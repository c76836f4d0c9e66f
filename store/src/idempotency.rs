//! Idempotency keys: an act that is asked for twice is done once, and answered twice the same.
//!
//! An answer tells of things as they were, to somebody who saw them then. Whether they still do is not asked of each thing:
//! whoever sees fewer teams by now than when it was given does not get it again.

use crate::housekeeping::PRUNED_PER_ROUND;
use crate::team::ids;
use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::policy::Visible;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// A key in its scope, and the body it came with, of which only hashes are stored; and what the caller sees.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    scope: [u8; 32],
    body: [u8; 32],
    /// The teams whose things the caller sees; `None` for all.
    sees: Option<Vec<Uuid>>,
}

/// An answer as it is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// A header of a stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Whether the act was done before.
#[derive(Debug)]
pub(crate) enum Claim {
    /// No: whoever holds the claim does it.
    Fresh,
    /// Yes.
    Answered(StoredAnswer),
}

impl IdempotencyKey {
    /// The key that `caller` sent with `body` to a method and path.
    #[must_use]
    pub fn new(caller: &str, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let mut scope = Sha256::new();
        for part in [caller, method, path, key] {
            // Length first: no two lists of parts read the same.
            scope.update((part.len() as u64).to_be_bytes());
            scope.update(part.as_bytes());
        }
        Self {
            scope: scope.finalize().into(),
            body: Sha256::digest(body).into(),
            sees: Some(Vec::new()),
        }
    }

    /// The same of an act that is only to be done on these versions: on others it is another act.
    #[must_use]
    pub fn on_versions(self, if_match: &[u8]) -> Self {
        let body = Sha256::new().chain_update(self.body).chain_update(if_match);
        Self {
            body: body.finalize().into(),
            ..self
        }
    }

    /// The same from somebody who sees the things of these teams.
    #[must_use]
    pub fn of_one_who_sees(self, visible: Visible) -> Self {
        Self {
            sees: ids(visible),
            ..self
        }
    }

    /// Whether the caller still sees what they saw then.
    fn still_sees(&self, then: Option<&[Uuid]>) -> bool {
        match (&self.sees, then) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(now), Some(then)) => then.iter().all(|team| now.contains(team)),
        }
    }

    /// Claims the key for this transaction.
    pub(crate) async fn claim(
        &self,
        tx: &mut Transaction<'static, Postgres>,
    ) -> Result<Claim, StoreError> {
        // Whoever holds the lock is doing the act; it ends with its transaction, whatever happens to it.
        let lock = i64::from_be_bytes(
            self.scope[..8]
                .try_into()
                .expect("eight bytes of thirty-two"),
        );
        let alone =
            sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "alone!""#, lock)
                .fetch_one(&mut **tx)
                .await?;
        match self.find(tx).await? {
            Some(answer) => Ok(Claim::Answered(answer)),
            None if alone => Ok(Claim::Fresh),
            None => Err(StoreError::StillRunning),
        }
    }

    async fn find(&self, db: &mut PgConnection) -> Result<Option<StoredAnswer>, StoreError> {
        let row = sqlx::query!(
            r#"select body, status, headers as "headers: Json<Vec<Header>>", answer, sees
               from app.idempotency where scope = $1"#,
            &self.scope,
        )
        .fetch_optional(db)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.body != self.body {
            return Err(StoreError::KeyReused);
        }
        if !self.still_sees(row.sees.as_deref()) {
            return Err(StoreError::SeesLess);
        }
        let status = u16::try_from(row.status).unwrap_or(500);
        Ok(Some(StoredAnswer {
            status,
            headers: row.headers.0,
            body: row.answer,
        }))
    }

    /// Keeps the answer.
    pub(crate) async fn keep(
        &self,
        db: &mut PgConnection,
        answer: &StoredAnswer,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into app.idempotency (scope, body, status, headers, answer, created_at, sees)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (scope) do nothing",
            &self.scope,
            &self.body,
            i16::try_from(answer.status).unwrap_or(500),
            Json(&answer.headers) as _,
            &answer.body,
            now,
            self.sees.as_deref(),
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

impl Store {
    /// The answer that this key had before, if it had one: asked before anything else is looked at.
    pub async fn answered(&self, key: &IdempotencyKey) -> Result<Option<StoredAnswer>, StoreError> {
        let mut db = self.pool.acquire().await?;
        key.find(&mut db).await
    }

    /// Keeps a refusal, so that a repeat is refused in the same words.
    pub async fn keep_refusal(
        &self,
        key: &IdempotencyKey,
        answer: &StoredAnswer,
    ) -> Result<(), StoreError> {
        let mut db = self.pool.acquire().await?;
        key.keep(&mut db, answer, self.clock.now()).await
    }

    /// Forgets answers that are older than [`KEPT`].
    pub(crate) async fn prune_idempotency(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - KEPT;
        let done = sqlx::query!(
            "delete from app.idempotency
             where scope in (select scope from app.idempotency where created_at < $1 limit $2)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}

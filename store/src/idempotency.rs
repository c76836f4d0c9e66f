//! Idempotency keys: an act that is asked for twice is done once, and answered twice the same.

use crate::housekeeping::PRUNED_PER_ROUND;
use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, Transaction};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// A key in its scope, and the body it came with; only hashes are stored.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    scope: [u8; 32],
    body: [u8; 32],
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
            r#"select body, status, headers as "headers: Json<Vec<Header>>", answer from app.idempotency where scope = $1"#,
            &self.scope,
        )
        .fetch_optional(db)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.body != self.body {
            return Err(StoreError::KeyReused);
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
            "insert into app.idempotency (scope, body, status, headers, answer, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (scope) do nothing",
            &self.scope,
            &self.body,
            i16::try_from(answer.status).unwrap_or(500),
            Json(&answer.headers) as _,
            &answer.body,
            now,
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

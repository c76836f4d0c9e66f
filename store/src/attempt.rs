//! Tries that are counted, each counter over the last hour: at passwords ([`login`]), and at having one reset.
//!
//! *Invariant:* a try is counted before anything is done for it, in one statement: of any number that come at once no more
//! than the limit get through. Counters are rows, so they survive a restart and hold for all processes together.

pub mod login;

use crate::housekeeping::PRUNED_PER_ROUND;
use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

/// How long a try counts.
const COUNTED_FOR: TimeDelta = TimeDelta::hours(1);

/// What is counted, and how often it may be within an hour.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    /// Such as `login:user:0191…`.
    pub(crate) name: String,
    /// Most tries within an hour.
    pub(crate) max: i32,
}

/// Whether a try is within its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Yes, and it has been counted.
    Within,
    /// No.
    Beyond {
        /// When the next one will be.
        retry_after: TimeDelta,
    },
}

impl Counter {
    /// Counts a try that is made now, unless it is one too many.
    pub(crate) async fn count(
        &self,
        db: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<Count, StoreError> {
        // The row keeps the newest `max` tries: one more is within the limit when the oldest of them has had its hour.
        let counted = sqlx::query!(
            "insert into app.attempt as a (counter, tries) values ($1, array[$2::timestamptz])
             on conflict (counter) do update
             set tries = (a.tries || $2::timestamptz)[greatest(1, cardinality(a.tries) + 2 - $3):]
             where cardinality(a.tries) < $3 or a.tries[cardinality(a.tries) + 1 - $3] <= $4",
            self.name,
            now,
            self.max,
            now - COUNTED_FOR,
        )
        .execute(&mut *db)
        .await?;
        if counted.rows_affected() == 1 {
            return Ok(Count::Within);
        }
        let oldest = sqlx::query_scalar!(
            "select tries[cardinality(tries) + 1 - $2] from app.attempt where counter = $1",
            self.name,
            self.max,
        )
        .fetch_optional(db)
        .await?
        .flatten();
        let free_at = oldest.map_or(now, |oldest| oldest + COUNTED_FOR);
        Ok(Count::Beyond {
            retry_after: (free_at - now).max(TimeDelta::seconds(1)),
        })
    }

    /// Takes back a try that was counted at this time.
    async fn take_back(
        &self,
        db: &mut PgConnection,
        counted_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update app.attempt
             set tries = tries[:array_position(tries, $2::timestamptz) - 1]
                      || tries[array_position(tries, $2::timestamptz) + 1:]
             where counter = $1 and $2::timestamptz = any(tries)",
            self.name,
            counted_at,
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Forgets counters without a try in the last hour.
    pub(crate) async fn prune_attempts(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - COUNTED_FOR;
        let pruned = sqlx::query!(
            "delete from app.attempt where counter in (
                 select counter from app.attempt
                 where coalesce(tries[cardinality(tries)], '-infinity') <= $1 limit $2 for update skip locked)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

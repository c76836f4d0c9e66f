//! Sharing: a process that has fewer pipelines than another says which it would like to have, and is handed some over.
//!
//! *Invariant:* of two processes the one that hands over has at least as many afterwards. So nothing goes to and fro; it is
//! counted under a lock, one pipeline at a time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// How long a wish holds. Whoever has it repeats it every two seconds, with each try to take the lease.
const WISH: TimeDelta = TimeDelta::seconds(6);
/// The advisory lock under which it is counted who has how many.
const COUNTING: i64 = 0x006d_696c_6c73;

/// Notes that `owner` would like to run a pipeline that somebody else runs; one at a time may.
pub async fn want(
    pool: &PgPool,
    name: &str,
    owner: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline set wanted_by = $2, wanted_until = $4
         where name = $1 and owner <> $2
             and (wanted_until is null or wanted_until < $3 or (wanted_by = $2 and wanted_until < $5))",
        name,
        owner,
        now,
        now + WISH,
        // Not at each try: a row that is only repeated is written for nobody.
        now + WISH / 2,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives the lease up for somebody who wants it and has at least two fewer; whether that was so.
pub async fn hand_over(
    pool: &PgPool,
    name: &str,
    generation: i64,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let wanted = sqlx::query_scalar!(
        r#"select wanted_until > $3 and wanted_by <> owner as "wanted" from stream.pipeline
           where name = $1 and generation = $2"#,
        name,
        generation,
        now,
    )
    .fetch_optional(pool)
    .await?;
    if wanted.flatten() != Some(true) {
        return Ok(false);
    }
    let mut tx = pool.begin().await?;
    // In a statement of its own: the next one is to see what others did while this one waited.
    sqlx::query!("select pg_advisory_xact_lock($1)", COUNTING)
        .execute(&mut *tx)
        .await?;
    let done = sqlx::query!(
        "with shared as (
             select owner, count(*) as pipelines from stream.pipeline
             where leased_until > $3 and name not like '%@%' group by owner
         )
         update stream.pipeline p set owner = null, leased_until = null
         where p.name = $1 and p.generation = $2 and p.wanted_until > $3 and p.wanted_by <> p.owner
             and coalesce((select pipelines from shared where owner = p.owner), 0)
                 >= 2 + coalesce((select pipelines from shared where owner = p.wanted_by), 0)",
        name,
        generation,
        now,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Whether somebody else than `me` runs the pipeline.
pub async fn is_anothers(pool: &PgPool, name: &str, me: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from stream.pipeline where name = $1 and owner <> $2) as "is!""#,
        name,
        me,
    )
    .fetch_one(pool)
    .await
}

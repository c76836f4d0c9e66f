//! What a rebuild does to the rows of its pipelines: it begins with nothing, holds the one that people see, and hands over to it.

use crate::pipeline::letter;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

/// Has the pipeline that makes a view anew begin at the beginning of the log, with nothing remembered and nothing refused.
/// Whoever wrote it before writes nothing any more.
pub async fn begin(
    db: &mut PgConnection,
    shadow: &str,
    version: i32,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into stream.pipeline as p (name, version, reported_at) values ($1, $2, $3)
         on conflict (name) do update
         set version = $2, generation = p.generation + 1, owner = null, leased_until = null, cut = 0,
             committed_at = null, state = 'running', error = null, dead_letters = 0, reported_at = $3",
        shadow,
        version,
        now,
    )
    .execute(&mut *db)
    .await?;
    forget(db, shadow).await
}

/// Forgets what a pipeline remembers and has refused.
pub async fn forget(db: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from stream.pipeline_state where pipeline = $1",
        name
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from stream.dead_letter where pipeline = $1", name)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes a pipeline from whoever owns it, for a while: the new generation, and where the pipeline stands. It stands still
/// until this is given up, or runs out.
pub async fn hold(
    pool: &PgPool,
    name: &str,
    owner: &str,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let held = sqlx::query!(
        "update stream.pipeline set owner = $2, generation = generation + 1, leased_until = $4, reported_at = $3
         where name = $1 returning generation, cut",
        name,
        owner,
        now,
        now + ttl,
    )
    .fetch_optional(pool)
    .await?;
    Ok(held.map(|held| (held.generation, held.cut)))
}

/// Has what a pipeline remembers and has refused be what its shadow does, inside the transaction that also carries the view
/// over. What people did about refused records stays known. A pipeline that has halted tries again.
pub async fn take_over(db: &mut PgConnection, name: &str, shadow: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from stream.pipeline_state where pipeline = $1",
        name
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update stream.pipeline_state set pipeline = $1 where pipeline = $2",
        name,
        shadow
    )
    .execute(&mut *db)
    .await?;
    take_over_letters(&mut *db, name, shadow).await?;
    sqlx::query!(
        "update stream.pipeline set resume_asked = (state = 'halted') where name = $1",
        name
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn take_over_letters(
    db: &mut PgConnection,
    name: &str,
    shadow: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.dead_letter l set state = 'taken'
         where l.pipeline = $1 and l.state in ('waiting', 'retrying')
           and not exists (select from stream.dead_letter s
                           where s.pipeline = $2 and s.seq = l.seq and s.state <> 'taken')",
        name,
        shadow,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into stream.dead_letter as l (pipeline, seq, key, error, at, tries)
         select $1, seq, key, error, at, tries from stream.dead_letter where pipeline = $2 and state = 'waiting'
         on conflict (pipeline, seq) do update set state = 'waiting', error = excluded.error where l.state = 'taken'",
        name,
        shadow,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from stream.dead_letter where pipeline = $1", shadow)
        .execute(&mut *db)
        .await?;
    letter::count(db, name).await
}

//! What a rebuild does to the rows of its pipelines: it begins with nothing, holds the one that people see, and hands over to it.

use super::{Wish, is_newest};
use crate::pipeline::letter;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

/// Has the pipeline that makes a view anew begin at the beginning of the log, with nothing remembered and nothing refused.
/// Whoever wrote it before writes nothing any more. `false` when somebody has asked again: nothing is to be done then.
pub async fn begin(
    db: &mut PgConnection,
    wish: &Wish,
    version: i32,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    if !is_newest(&mut *db, wish).await? {
        return Ok(false);
    }
    let shadow = wish.shadow();
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
    forget(db, &shadow).await?;
    Ok(true)
}

/// Has the pipeline that has made a view anew forget everything, and nobody write it any more; `false` when somebody has asked
/// again, and it is theirs.
pub async fn clear(db: &mut PgConnection, wish: &Wish) -> Result<bool, sqlx::Error> {
    if !is_newest(&mut *db, wish).await? {
        return Ok(false);
    }
    let shadow = wish.shadow();
    sqlx::query!(
        "update stream.pipeline set generation = generation + 1, owner = null, leased_until = null where name = $1",
        shadow
    )
    .execute(&mut *db)
    .await?;
    forget(db, &shadow).await?;
    Ok(true)
}

/// Forgets what a pipeline remembers and has refused.
async fn forget(db: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
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

/// Takes a pipeline from whoever owns it, for a while: the new generation. It stands still until this is given up, or runs out.
/// `None` when somebody has asked again.
pub async fn hold(
    pool: &PgPool,
    wish: &Wish,
    owner: &str,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<Option<i64>, sqlx::Error> {
    // Whoever asks again in this very moment holds it after us, and we lose it.
    sqlx::query_scalar!(
        "update stream.pipeline set owner = $2, generation = generation + 1, leased_until = $4, reported_at = $3
         where name = $1 and exists (select from stream.rebuild r where r.pipeline = $1 and r.wish = $5)
         returning generation",
        wish.pipeline,
        owner,
        now,
        now + ttl,
        wish.id,
    )
    .fetch_optional(pool)
    .await
}

/// Where a pipeline stands that makes a view anew, and who wrote it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    generation: i64,
    /// The last record that it has committed.
    pub cut: i64,
}

impl Standing {
    /// Now; `None` where nobody has begun.
    pub async fn now(pool: &PgPool, wish: &Wish) -> Result<Option<Self>, sqlx::Error> {
        let row = sqlx::query!(
            "select generation, cut from stream.pipeline where name = $1",
            wish.shadow()
        )
        .fetch_optional(pool)
        .await?;
        Ok(row.map(|row| Self {
            generation: row.generation,
            cut: row.cut,
        }))
    }

    /// Whether it still stands there. If so, nobody writes it any more.
    async fn ends(self, db: &mut PgConnection, wish: &Wish) -> Result<bool, sqlx::Error> {
        let ended = sqlx::query!(
            "update stream.pipeline set generation = generation + 1
             where name = $1 and generation = $2 and cut = $3",
            wish.shadow(),
            self.generation,
            self.cut,
        )
        .execute(db)
        .await?;
        Ok(ended.rows_affected() == 1)
    }
}

/// Has what a pipeline remembers and has refused, up to and with the record `cut`, be what its shadow does: first in the
/// transaction that also carries the view over, or in one after that. What people did about refused records stays known. A
/// pipeline that has halted tries again. `false` when the shadow does not stand there any more: it was taken over, or somebody
/// else has written it.
pub async fn take_over(
    db: &mut PgConnection,
    wish: &Wish,
    standing: Standing,
    cut: i64,
) -> Result<bool, sqlx::Error> {
    if !standing.ends(&mut *db, wish).await? {
        return Ok(false);
    }
    let (name, shadow) = (wish.pipeline.as_str(), wish.shadow());
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
    take_over_letters(&mut *db, name, &shadow, cut).await?;
    sqlx::query!(
        "update stream.pipeline set resume_asked = (state = 'halted') where name = $1",
        name
    )
    .execute(db)
    .await?;
    Ok(true)
}

async fn take_over_letters(
    db: &mut PgConnection,
    name: &str,
    shadow: &str,
    cut: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.dead_letter l set state = 'taken'
         where l.pipeline = $1 and l.state in ('waiting', 'retrying') and l.seq <= $3
           and not exists (select from stream.dead_letter s
                           where s.pipeline = $2 and s.seq = l.seq and s.state <> 'taken')",
        name,
        shadow,
        cut,
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

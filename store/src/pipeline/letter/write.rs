//! What sinks write of dead letters, and read of them, inside their commits.

use chrono::{DateTime, Utc};
use millstream_event_log::events::PipelineEvent;
use sqlx::{PgConnection, PgPool};

/// A dead letter as a sink writes it.
#[derive(Debug, Clone)]
pub struct StoredLetter {
    /// The record.
    pub seq: i64,
    /// The key it was processed under.
    pub key: String,
    /// Why it was refused.
    pub error: String,
    /// The record's own time.
    pub at: DateTime<Utc>,
}

/// Writes dead letters, inside a sink's commit. A repeat adds nothing; one that was tried again, and refused again, waits
/// again.
pub async fn write_letters(
    db: &mut PgConnection,
    name: &str,
    letters: &[StoredLetter],
) -> Result<(), sqlx::Error> {
    for letter in letters {
        sqlx::query!(
            "insert into stream.dead_letter as d (pipeline, seq, key, error, at) values ($1, $2, $3, $4, $5)
             on conflict (pipeline, seq) do update
             set state = 'waiting', key = excluded.key, error = excluded.error, tries = d.tries + 1
             where d.state = 'retrying'",
            name,
            letter.seq,
            letter.key,
            letter.error,
            letter.at,
        )
        .execute(&mut *db)
        .await?;
    }
    if letters.is_empty() {
        return Ok(());
    }
    count(db, name).await
}

/// Notes that these records were taken when they were tried again, inside a sink's commit.
pub async fn answer_letters(
    db: &mut PgConnection,
    name: &str,
    seqs: &[i64],
) -> Result<(), sqlx::Error> {
    if seqs.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update stream.dead_letter set state = 'taken'
         where pipeline = $1 and seq = any($2) and state in ('waiting', 'retrying')",
        name,
        seqs,
    )
    .execute(&mut *db)
    .await?;
    count(db, name).await
}

/// Notes that records were taken whose retries stand before this cut: for a sink that keeps its own cut, and may have died
/// between its commit and [`answer_letters`].
pub async fn answer_letters_before(pool: &PgPool, name: &str, cut: i64) -> Result<(), sqlx::Error> {
    let seqs = sqlx::query_scalar!(
        "select d.seq from stream.dead_letter d
         where d.pipeline = $1 and d.state = 'retrying'
           and exists (select from stream.log l where l.event_id = d.retry_event and l.key = $2 and l.seq <= $3)",
        name,
        PipelineEvent::key_of(name),
        cut,
    )
    .fetch_all(pool)
    .await?;
    if seqs.is_empty() {
        return Ok(());
    }
    let mut db = pool.acquire().await?;
    answer_letters(&mut db, name, &seqs).await
}

/// The records that a pipeline has refused and not taken since.
pub async fn refused(pool: &PgPool, name: &str) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "select seq from stream.dead_letter where pipeline = $1 and state <> 'taken'",
        name
    )
    .fetch_all(pool)
    .await
}

/// Keeps the number of letters that somebody has to look at, which is shown with the pipeline.
pub(crate) async fn count(db: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline
         set dead_letters = (select count(*) from stream.dead_letter
                             where pipeline = $1 and state in ('waiting', 'retrying'))
         where name = $1",
        name,
    )
    .execute(db)
    .await?;
    Ok(())
}

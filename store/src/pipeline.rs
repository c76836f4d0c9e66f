//! What is kept about each pipeline: lease, cut, state, dead letters, health. Schema `stream`.
//!
//! A lease is a row, not a session's advisory lock, so that it survives connection poolers. Correctness does not rest on
//! it: the fence is the `generation` that every commit compares.

pub mod letter;
pub mod lookout;
pub mod rebuild;
pub mod resume;
mod setback;
pub mod share;
mod status;

pub use letter::{StoredLetter, answer_letters, answer_letters_before, refused, write_letters};
pub use setback::{is_newest, set_back};
pub(crate) use status::UNOWNED_KEPT;
pub use status::{PipelineStatus, view};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

/// Takes the lease if nobody else holds it, and raises the generation. `None` while somebody does. A lower version than
/// the one that ran before is refused.
pub async fn acquire(
    pool: &PgPool,
    name: &str,
    version: i32,
    owner: &str,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into stream.pipeline as p (name, version, owner, generation, leased_until, reported_at)
         values ($1, $2, $3, 1, $5, $4)
         on conflict (name) do update
         set owner = $3, version = $2, generation = p.generation + 1, leased_until = $5, reported_at = $4,
             resume_asked = false
         where p.version <= $2 and (
             p.owner = $3 or p.leased_until < $4
             -- One that was handed over is for who wanted it.
             or (p.owner is null and (p.wanted_until is null or p.wanted_until < $4 or p.wanted_by = $3))
         )
         returning generation",
        name,
        version,
        owner,
        now,
        now + ttl,
    )
    .fetch_optional(pool)
    .await
}

/// Keeps the lease for another while; `false` when it was lost.
pub async fn renew(
    pool: &PgPool,
    name: &str,
    generation: i64,
    now: DateTime<Utc>,
    ttl: TimeDelta,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update stream.pipeline set leased_until = $4, reported_at = $3 where name = $1 and generation = $2",
        name,
        generation,
        now,
        now + ttl,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lease up.
pub async fn release(pool: &PgPool, name: &str, generation: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline set owner = null, leased_until = null where name = $1 and generation = $2",
        name,
        generation,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Has the next owner's generation be above `generation`. For a sink that keeps the generation too, and whose row is
/// younger than itself: the row was forgotten while nobody owned it.
pub async fn outgrow(pool: &PgPool, name: &str, generation: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline set generation = $2 where name = $1 and generation < $2",
        name,
        generation,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Writes down how the pipeline is.
pub async fn report(
    pool: &PgPool,
    name: &str,
    generation: i64,
    state: &str,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update stream.pipeline set state = $3, error = $4, reported_at = $5 where name = $1 and generation = $2",
        name,
        generation,
        state,
        error,
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A state row as it is stored.
#[derive(Debug)]
pub struct StoredState {
    /// The operator.
    pub operator: String,
    /// The key.
    pub key: String,
    /// The state.
    pub state: Box<RawValue>,
}

/// Where a pipeline stands, read under its generation; `None` when the generation is not the newest any more.
pub async fn resume(
    pool: &PgPool,
    name: &str,
    generation: i64,
) -> Result<Option<(i64, Vec<StoredState>)>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let cut = sqlx::query_scalar!(
        "select cut from stream.pipeline where name = $1 and generation = $2 for share",
        name,
        generation,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(cut) = cut else { return Ok(None) };
    let rows = sqlx::query!(
        r#"select operator, key, state as "state!: Json<Box<RawValue>>" from stream.pipeline_state where pipeline = $1"#,
        name,
    )
    .fetch_all(&mut *tx)
    .await?;
    let states = rows.into_iter().map(|r| StoredState {
        operator: r.operator,
        key: r.key,
        state: r.state.0,
    });
    Ok(Some((cut, states.collect())))
}

/// The states that a commit writes, column by column; no state deletes the row.
#[derive(Debug, Default)]
pub struct StateColumns {
    /// The operators.
    pub operators: Vec<String>,
    /// The keys.
    pub keys: Vec<String>,
    /// The states.
    pub states: Vec<Option<Json<Box<RawValue>>>>,
}

/// Writes states, inside a sink's commit.
pub async fn write_states(
    db: &mut PgConnection,
    name: &str,
    columns: &StateColumns,
) -> Result<(), sqlx::Error> {
    if columns.keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "delete from stream.pipeline_state s
         using unnest($2::text[], $3::text[], $4::json[]) as t (operator, key, state)
         where s.pipeline = $1 and s.operator = t.operator and s.key = t.key and t.state is null",
        name,
        &columns.operators,
        &columns.keys,
        &columns.states as &[Option<Json<Box<RawValue>>>],
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into stream.pipeline_state (pipeline, operator, key, state)
         select $1, operator, key, state
         from unnest($2::text[], $3::text[], $4::json[]) as t (operator, key, state)
         where state is not null
         on conflict (pipeline, operator, key) do update set state = excluded.state",
        name,
        &columns.operators,
        &columns.keys,
        &columns.states as &[Option<Json<Box<RawValue>>>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Moves the cut, if the generation is still the newest; `false` when it is not, and the commit must be rolled back.
pub async fn move_cut(
    db: &mut PgConnection,
    name: &str,
    generation: i64,
    cut: i64,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update stream.pipeline set cut = greatest(cut, $3), committed_at = $4 where name = $1 and generation = $2",
        name,
        generation,
        cut,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Begins again from the first record, with nothing remembered, because what was made of the records is lost; `false` when
/// the generation is not the newest any more.
pub async fn begin_again(pool: &PgPool, name: &str, generation: i64) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query!(
        "update stream.pipeline set cut = 0 where name = $1 and generation = $2",
        name,
        generation,
    )
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "delete from stream.pipeline_state where pipeline = $1",
        name
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

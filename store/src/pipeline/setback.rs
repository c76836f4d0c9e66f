//! Going back: a sink that others can lose asks for what it no longer has.

use super::{StateColumns, write_states};
use sqlx::PgPool;

/// Whether this generation is the newest. A sink that writes elsewhere asks before it does; the cut is fenced all the same.
pub async fn is_newest(pool: &PgPool, name: &str, generation: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from stream.pipeline where name = $1 and generation = $2) as "is!""#,
        name,
        generation,
    )
    .fetch_one(pool)
    .await
}

/// Sets the cut back, and with it what is remembered beside it; `false` when the generation is not the newest any more.
pub async fn set_back(
    pool: &PgPool,
    name: &str,
    generation: i64,
    cut: i64,
    states: &StateColumns,
) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query!(
        "update stream.pipeline set cut = least(cut, $3) where name = $1 and generation = $2",
        name,
        generation,
        cut,
    )
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    write_states(&mut tx, name, states).await?;
    tx.commit().await?;
    Ok(true)
}

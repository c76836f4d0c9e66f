//! Checkpoints, vacuum and statistics, by size and time: what a Postgres server does in the background.
//!
//! `tests.rs` beside it holds what it is for: 100,000 events go through, and neither the outbox nor the write-ahead log grows
//! with them.
//!
//! Nothing here runs for long: a checkpoint and the vacuum of a table with ten thousand dead rows take some 10 ms each.

use millstream_store::upkeep::{checkpoint, since_checkpoint, tend, worn_tables};
use sqlx::PgPool;

/// Write-ahead log at which a checkpoint is due: bounds the disk it takes, and what a start after a crash replays (less
/// than half a second).
const WAL_BYTES_MAX: i64 = 32 << 20;
/// Age at which a checkpoint is due, as Postgres itself has it.
const CHECKPOINT_AGE_MAX_S: f64 = 300.0;
/// Below this nothing but the leases' own heartbeat was written, and no checkpoint is worth it.
const WAL_BYTES_MIN: i64 = 1 << 20;

/// Looks at the database once, and does what is due.
pub(super) async fn look(pool: &PgPool) -> Result<(), sqlx::Error> {
    let since = since_checkpoint(pool).await?;
    let is_old = since.age_s > CHECKPOINT_AGE_MAX_S && since.bytes > WAL_BYTES_MIN;
    if since.bytes > WAL_BYTES_MAX || is_old {
        checkpoint(pool).await?;
        tracing::debug!(bytes = since.bytes, "a checkpoint was written");
    }
    for table in worn_tables(pool).await? {
        tend(pool, &table).await?;
        tracing::debug!(table = table.name, "a table was looked after");
    }
    Ok(())
}

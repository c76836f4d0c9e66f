//! What a Postgres server does by itself in the background, done by hand: for the embedded one, which has no background.

use sqlx::PgPool;

/// What a crash would replay.
#[derive(Debug, Clone, Copy)]
pub struct SinceCheckpoint {
    /// Bytes of write-ahead log.
    pub bytes: i64,
    /// Seconds.
    pub age_s: f64,
}

/// How much was written since the last checkpoint, and how long ago it was.
pub async fn since_checkpoint(pool: &PgPool) -> Result<SinceCheckpoint, sqlx::Error> {
    sqlx::query_as!(
        SinceCheckpoint,
        r#"
        select (pg_current_wal_lsn() - checkpoint_lsn)::bigint as "bytes!",
               extract(epoch from clock_timestamp() - checkpoint_time)::double precision as "age_s!"
        from pg_control_checkpoint()
        "#
    )
    .fetch_one(pool)
    .await
}

/// Writes everything to the data files, so that the write-ahead log before now is no longer needed.
pub async fn checkpoint(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!("checkpoint").execute(pool).await.map(drop)
}

/// A table of ours that has changed enough to be looked after.
#[derive(Debug, Clone)]
pub struct Worn {
    /// Its name, quoted, with its schema.
    pub name: String,
    /// Whether rows that nobody sees any more take up room. If not, only its statistics are old.
    pub is_bloated: bool,
}

/// The tables to look after, the most worn first; by the same measure as Postgres's own autovacuum.
pub async fn worn_tables(pool: &PgPool) -> Result<Vec<Worn>, sqlx::Error> {
    sqlx::query_as!(
        Worn,
        r#"
        select format('%I.%I', s.schemaname, s.relname) as "name!",
               s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0) as "is_bloated!"
        from pg_stat_user_tables s
        join pg_class c on c.oid = s.relid
        where s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
           or s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
        order by s.n_dead_tup desc
        "#
    )
    .fetch_all(pool)
    .await
}

/// Makes the room of dead rows free again, where there are any, and renews the statistics that plans are made from.
pub async fn tend(pool: &PgPool, table: &Worn) -> Result<(), sqlx::Error> {
    let verb = if table.is_bloated {
        "vacuum (analyze)"
    } else {
        "analyze"
    };
    // The name was quoted by the database itself.
    let sql = sqlx::AssertSqlSafe(format!("{verb} {}", table.name));
    sqlx::query(sql).execute(pool).await.map(drop)
}

//! The audit's rows as they are hashed: written by the sink, walked by checkpoints and verification.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::{PgConnection, PgPool};
use std::ops::{Range, RangeInclusive};
use uuid::Uuid;

/// A row, every column as it is stored. What a column holds is not checked here: somebody may have written anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the columns are described where the table is made, and by `views::audit::Entry`"
)]
pub struct Row {
    pub index: i64,
    pub form: i16,
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor: Option<Uuid>,
    pub via: String,
    pub action: String,
    pub entity: String,
    pub entity_id: Option<Uuid>,
    pub entity_name: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub outcome: String,
    pub reason: Option<String>,
    pub leaf_hash: Vec<u8>,
    pub nodes: Vec<u8>,
}

/// Rows of one insert: keeps the statement's arrays small while a replay still takes few round trips.
const ROWS_PER_STATEMENT: usize = 500;

/// Appends rows.
pub async fn append(db: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        insert(db, chunk).await?;
    }
    Ok(())
}

fn column<'a, T>(rows: &'a [Row], value: impl Fn(&'a Row) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

async fn insert(db: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into app.audit
            (index, form, seq, at, actor, via, action, entity, entity_id, entity_name, ip, user_agent, request_id,
             before, after, outcome, reason, leaf_hash, nodes)
        select * from unnest(
            $1::bigint[], $2::smallint[], $3::bigint[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[],
            $8::text[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
            $16::text[], $17::text[], $18::bytea[], $19::bytea[])
        "#,
        &column(rows, |r| r.index),
        &column(rows, |r| r.form),
        &column(rows, |r| r.seq),
        &column(rows, |r| r.at),
        &column(rows, |r| r.actor) as &[Option<Uuid>],
        &column(rows, |r| r.via.as_str()) as &[&str],
        &column(rows, |r| r.action.as_str()) as &[&str],
        &column(rows, |r| r.entity.as_str()) as &[&str],
        &column(rows, |r| r.entity_id) as &[Option<Uuid>],
        &column(rows, |r| r.entity_name.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.ip.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.user_agent.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.request_id.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.before.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.after.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.outcome.as_str()) as &[&str],
        &column(rows, |r| r.reason.as_deref()) as &[Option<&str>],
        &column(rows, |r| r.leaf_hash.as_slice()) as &[&[u8]],
        &column(rows, |r| r.nodes.as_slice()) as &[&[u8]],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives every row whose index is in the range to `each`, in the order of the indexes, one at a time: memory holds one
/// row, and a connection is held for this range only.
///
/// Ordered by `seq` too, because somebody may have dropped the primary key and written an index twice.
pub async fn walk(
    pool: &PgPool,
    range: Range<i64>,
    mut each: impl FnMut(Row) + Send,
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Row,
        r#"
        select index, form, seq,
               -- Postgres counts to later times than `chrono` does, and to infinity.
               least(greatest(at, '4000-01-01 00:00:00+00 BC'), '9999-12-31 00:00:00+00') as "at!", actor, via, action, entity, entity_id, entity_name, ip, user_agent, request_id,
               before, after, outcome, reason, leaf_hash, nodes
        from app.audit
        where index >= $1 and index < $2
        order by index, seq
        "#,
        range.start,
        range.end,
    )
    .fetch(pool);
    while let Some(row) = rows.try_next().await? {
        each(row);
    }
    Ok(())
}

/// The lowest index in the range.
pub async fn next_index(pool: &PgPool, range: Range<i64>) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "select index from app.audit where index >= $1 and index < $2 order by index limit 1",
        range.start,
        range.end,
    )
    .fetch_optional(pool)
    .await
}

/// The same for the rows whose `seq` is in the range, in the order of their records, below the index `end`.
pub async fn walk_records(
    pool: &PgPool,
    seqs: RangeInclusive<i64>,
    end: i64,
    mut each: impl FnMut(Row) + Send,
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Row,
        r#"
        select index, form, seq,
               -- Postgres counts to later times than `chrono` does, and to infinity.
               least(greatest(at, '4000-01-01 00:00:00+00 BC'), '9999-12-31 00:00:00+00') as "at!", actor, via, action, entity, entity_id, entity_name, ip, user_agent, request_id,
               before, after, outcome, reason, leaf_hash, nodes
        from app.audit
        where seq between $1 and $2 and index < $3
        order by seq, index
        "#,
        seqs.start(),
        seqs.end(),
        end,
    )
    .fetch(pool);
    while let Some(row) = rows.try_next().await? {
        each(row);
    }
    Ok(())
}

/// How far the audit is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many entries there ought to be: one more than the highest index.
    pub size: u64,
    /// The last record that the pipeline has made an entry of.
    pub cut: u64,
}

/// How far the audit is, entries and cut in one statement, because one commit writes both.
pub async fn extent(pool: &PgPool) -> Result<Extent, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select coalesce((select max(index) from app.audit), -1) as "last!",
               coalesce((select cut from stream.pipeline where name = 'audit'), 0) as "cut!"
        "#
    )
    .fetch_one(pool)
    .await?;
    let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(Extent {
        size: unsigned(row.last.saturating_add(1)),
        cut: unsigned(row.cut),
    })
}

//! The log in Postgres: written by outbox and mover, read in batches. The bare client inserts the same rows into a table of
//! the same form, as many in a transaction, and selects them; what cannot be beaten is `COPY`, both ways.

use crate::results::Results;
use crate::{ours, world};
use futures::TryStreamExt as _;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::{Log, Record, outbox};
use sqlx::postgres::PgPoolCopyExt as _;
use sqlx::{AssertSqlSafe, PgPool, QueryBuilder};
use std::time::Instant;

/// Events of a transaction.
const TRANSACTION: u64 = 1_000;
/// Rows of an insert of the bare client, and of a page that it selects: as ours.
const INSERT: usize = 500;
const PAGE: i64 = 2_000;

const COLUMNS: &str = "seq, outbox_id, event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent, request_id, \
                       schema_version, data";

/// Makes the tables of the bare client.
pub(crate) async fn prepare(pool: &PgPool) {
    run(pool, "create schema bench").await;
    run(
        pool,
        "create table bench.log (like stream.log including all)",
    )
    .await;
}

async fn run(pool: &PgPool, sql: &str) {
    let run = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    run.execute(pool).await.unwrap();
}

/// One round. The log is full after it.
pub(crate) async fn round(pool: &PgPool, events: u64, results: &mut Results) {
    let written = write(pool, events).await;
    let records = ours::records(pool, events).await;
    let inserted = insert(pool, &records).await;
    let copied = copy_in(pool).await;
    results.put("postgres written", written, inserted, Some(copied));
    let read = ours::read(&Log::Postgres(ours::log(pool)), events).await;
    let selected = select(pool, events).await;
    let copied = copy_out(pool).await.1;
    results.put("postgres read", read, selected, Some(copied));
}

/// Through outbox and mover; both have to be done.
async fn write(pool: &PgPool, events: u64) -> f64 {
    run(
        pool,
        "truncate stream.log, stream.outbox; update stream.head set next = 1",
    )
    .await;
    let events: Vec<_> = (0..events).map(world::event).collect();
    let begun = Instant::now();
    for some in events.chunks(usize::try_from(TRANSACTION).unwrap()) {
        let mut tx = pool.begin().await.unwrap();
        outbox::append(&mut tx, some).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mover = Mover::new(pool.clone());
    while mover.move_once().await.unwrap() != Moved::Events(0) {}
    begun.elapsed().as_secs_f64()
}

async fn insert(pool: &PgPool, records: &[Record]) -> f64 {
    run(pool, "truncate bench.log").await;
    let begun = Instant::now();
    for some in records.chunks(usize::try_from(TRANSACTION).unwrap()) {
        let mut tx = pool.begin().await.unwrap();
        for some in some.chunks(INSERT) {
            let mut insert = QueryBuilder::new(format!("insert into bench.log ({COLUMNS}) "));
            insert.push_values(some, |mut row, record| {
                row.push_bind(i64::try_from(record.seq).unwrap())
                    .push_bind(record.outbox_id)
                    .push_bind(record.id.0)
                    .push_bind(record.topic.as_str())
                    .push_bind(record.key)
                    .push_bind(&*record.kind)
                    .push_bind(&*record.subject)
                    .push_bind(record.at)
                    .push_bind(record.origin.actor.map(|actor| actor.0))
                    .push_bind(record.origin.via.as_str())
                    .push_bind(&record.origin.client_ip)
                    .push_bind(&record.origin.user_agent)
                    .push_bind(&record.origin.request_id)
                    .push_bind(i16::try_from(record.schema_version).unwrap())
                    .push_bind(record.data.get())
                    .push_unseparated("::json");
            });
            insert.build().execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    begun.elapsed().as_secs_f64()
}

async fn copy_in(pool: &PgPool) -> f64 {
    run(pool, "truncate bench.log").await;
    let (rows, _) = copy_out(pool).await;
    let begun = Instant::now();
    let copy = format!("copy bench.log ({COLUMNS}) from stdin (format binary)");
    let mut copy = pool.copy_in_raw(&copy).await.unwrap();
    for piece in rows.chunks(64 << 10) {
        copy.send(piece).await.unwrap();
    }
    copy.finish().await.unwrap();
    begun.elapsed().as_secs_f64()
}

/// The rows as `COPY` gives them, and how long that takes.
async fn copy_out(pool: &PgPool) -> (Vec<u8>, f64) {
    let begun = Instant::now();
    let copy =
        format!("copy (select {COLUMNS} from stream.log order by seq) to stdout (format binary)");
    let mut copied = pool.copy_out_raw(&copy).await.unwrap();
    let mut rows = Vec::new();
    while let Some(piece) = copied.try_next().await.unwrap() {
        rows.extend_from_slice(&piece);
    }
    (rows, begun.elapsed().as_secs_f64())
}

async fn select(pool: &PgPool, events: u64) -> f64 {
    let select = format!("select {COLUMNS} from stream.log where seq > $1 order by seq limit $2");
    let events = i64::try_from(events).unwrap();
    let (begun, mut after) = (Instant::now(), 0);
    while after < events {
        let page = sqlx::query(AssertSqlSafe(select.as_str()))
            .bind(after)
            .bind(PAGE);
        let page = page.fetch_all(pool).await.unwrap();
        after += i64::try_from(page.len()).unwrap();
        std::hint::black_box(&page);
    }
    begun.elapsed().as_secs_f64()
}

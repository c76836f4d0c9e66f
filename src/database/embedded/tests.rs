//! What the upkeep is for: however much is written, what is only on its way takes no more room than a moment's worth.

use super::{Embedded, upkeep};
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Event, outbox};
use millstream_store::MIGRATOR;
use sqlx::PgPool;

/// Moves through the outbox, and the events of each: as much as an import of a large tracker writes.
const ROUNDS: u64 = 20;
const EVENTS: u64 = 5_000;

/// The write-ahead log that may stand on the disk: what is written between two checkpoints, of which the second is due as
/// soon as the first bound is passed, and what Postgres keeps to write over (`min_wal_size`).
const WAL_BYTES_MAX: i64 = 96 << 20;

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(pool)
        .await
        .expect("a number")
}

async fn write(pool: &PgPool, mover: &Mover, round: u64) {
    let samples = Event::samples();
    let kinds = samples.into_iter().cycle();
    let events: Vec<_> = (round * EVENTS..)
        .zip(kinds)
        .map(|(n, event)| new_event(n, event))
        .take(usize::try_from(EVENTS).expect("small"))
        .collect();
    let mut tx = pool.begin().await.expect("a transaction");
    outbox::append(&mut tx, &events).await.expect("appended");
    tx.commit().await.expect("committed");
    while mover.move_once().await.expect("moved") != Moved::Events(0) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_and_the_write_ahead_log_stay_small_however_much_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (embedded, pool) = Embedded::start(folder.path()).await.expect("it starts");
    MIGRATOR.run(&pool).await.expect("the schema");
    let mover = Mover::new(pool.clone());
    let outbox = "select pg_total_relation_size('stream.outbox')";
    let mut first = None;
    for round in 0..ROUNDS {
        write(&pool, &mover, round).await;
        let full = number(&pool, outbox).await;
        // Postgres counts dead rows once a second, and the upkeep looks every few; here rounds follow each other faster.
        let flush = sqlx::query("select pg_stat_force_next_flush()");
        flush.execute(&pool).await.expect("counted");
        upkeep::look(&pool).await.expect("looked after");
        // What one round left behind is used again by the next.
        let first = *first.get_or_insert(full);
        assert!(
            full <= first * 2,
            "round {round}: {full} bytes, at first {first}"
        );
        let wal = number(&pool, "select sum(size)::bigint from pg_ls_waldir()").await;
        assert!(wal <= WAL_BYTES_MAX, "round {round}: {wal} bytes of log");
    }
    let written = i64::try_from(ROUNDS * EVENTS).expect("small");
    assert_eq!(
        number(&pool, "select count(*) from stream.log").await,
        written
    );
    pool.close().await;
    embedded.stop().await;
}

//! Ours: the pipeline that fills a mirror, and the reader of any log.

use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Budget, Cut, Log, Record};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::mirror;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mirror::{MirrorSink, Target};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// What the runner reads at once.
const BUDGET: Budget = Budget {
    records: 2_000,
    bytes: 8 << 20,
};

/// The log in Postgres.
pub(crate) fn log(pool: &PgPool) -> PostgresLog {
    PostgresLog::new(pool.clone(), None)
}

/// All records of the log.
pub(crate) async fn records(pool: &PgPool, events: u64) -> Vec<Record> {
    let (mut all, log) = (Vec::new(), log(pool));
    let mut cut = Cut::START;
    while cut.seq < events {
        let batch = log.read(cut, BUDGET).await.unwrap();
        cut = batch.cut;
        all.extend(batch.records);
    }
    all
}

/// Reads a log from its first record to its last; the seconds that it takes.
pub(crate) async fn read(log: &Log, events: u64) -> f64 {
    let begun = Instant::now();
    let mut cut = Cut::START;
    while cut.seq < events {
        let batch = log.read(cut, BUDGET).await.unwrap();
        if batch.records.is_empty() {
            log.wait(cut).await;
        }
        cut = batch.cut;
    }
    begun.elapsed().as_secs_f64()
}

/// Fills a mirror from the log's first record to its last; the seconds that it takes.
pub(crate) async fn mirror<T: Target>(pool: &PgPool, events: u64, target: T) -> f64 {
    for table in ["stream.pipeline_state", "stream.pipeline"] {
        let delete = format!("delete from {table}");
        let delete = sqlx::query(sqlx::AssertSqlSafe(delete));
        delete.execute(pool).await.unwrap();
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (signals, stop) = (Signals::default(), CancellationToken::new());
    let sink = MirrorSink::new(target, log(pool), pool.clone(), Arc::clone(&clock));
    let lease = PostgresLease::new(pool.clone(), Arc::clone(&clock), T::NAME, 1, "bench");
    let pipeline = mirror::pipeline(T::NAME);
    let from = Log::Postgres(log(pool));
    let runner = Runner::new(pipeline, from, sink, lease, clock, signals.clone());
    let begun = Instant::now();
    let (seconds, ()) = tokio::join!(
        async {
            signals.reached(T::NAME, events).await;
            let seconds = begun.elapsed().as_secs_f64();
            stop.cancel();
            seconds
        },
        runner.run(stop.clone())
    );
    seconds
}

/// The log in Postgres, read as the mirror's pipeline reads it: what that cannot beat.
pub(crate) async fn truth(pool: &PgPool, events: u64) -> f64 {
    let log = Log::Postgres(log(pool));
    read(&log, events).await
}

//! The mover's rate, the bare readers, and the replay of each pipeline as a ratio to them.

use crate::world;
use futures::TryStreamExt;
use millstream_bench::numbers::median;
use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::signals::Signals;
use millstream_event_log::{Budget, Cut, Log};
use millstream_pipelines::dataflows::{activity, audit, notifications};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::{Pipeline, Runner};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::{PostgresSink, View};
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// What the runner reads at once: the bare reader gets the same.
const BUDGET: Budget = Budget {
    records: 2_000,
    bytes: 8 << 20,
};

/// Measures and prints.
pub(crate) async fn run(events: u64, rounds: usize) {
    let database = world::database().await;
    let pool = database.pool();
    println!("filling the outbox with {events} events …");
    world::fill_outbox(pool, events).await;
    let moved = mover(pool).await;
    println!(
        "mover                 {:>10.0} events/s",
        rate(events, moved)
    );

    let (mut copies, mut reads) = (Vec::new(), Vec::new());
    let mut pipelines: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        copies.push(rate(events, copy(pool).await));
        reads.push(rate(events, read(pool).await));
        pipelines[0].push(rate(
            events,
            Box::pin(replay(
                pool,
                events,
                activity::pipeline(),
                ActivityView::default(),
            ))
            .await,
        ));
        pipelines[1].push(rate(
            events,
            Box::pin(replay(
                pool,
                events,
                notifications::pipeline(),
                NotificationsView::default(),
            ))
            .await,
        ));
        pipelines[2].push(rate(
            events,
            Box::pin(replay(pool, events, audit::pipeline(), AuditView)).await,
        ));
    }
    let (copy, read) = (median(copies), median(reads));
    println!("copy to stdout        {copy:>10.0} records/s");
    println!("bare reader, decoded  {read:>10.0} records/s");
    for (name, rates) in [activity::NAME, notifications::NAME, audit::NAME]
        .into_iter()
        .zip(pipelines)
    {
        let ours = median(rates);
        println!(
            "{name:<21} {ours:>10.0} records/s  ratio to reader={:.2}  to copy={:.2}  rounds={rounds}",
            ours / read,
            ours / copy
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rates are printed without decimals"
)]
fn rate(events: u64, seconds: f64) -> f64 {
    events as f64 / seconds
}

async fn mover(pool: &PgPool) -> f64 {
    let mover = Mover::new(pool.clone());
    let started = Instant::now();
    while mover.move_once().await.unwrap() != Moved::Events(0) {}
    started.elapsed().as_secs_f64()
}

async fn copy(pool: &PgPool) -> f64 {
    let started = Instant::now();
    let mut rows = pool
        .copy_out_raw("copy (select * from stream.log order by seq) to stdout")
        .await
        .unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.unwrap() {
        bytes += row.len();
    }
    assert!(bytes > 0);
    started.elapsed().as_secs_f64()
}

async fn read(pool: &PgPool) -> f64 {
    let log = PostgresLog::new(pool.clone(), None);
    let started = Instant::now();
    let mut cut = Cut::START;
    loop {
        let batch = log.read(cut, BUDGET).await.unwrap();
        if batch.records.is_empty() {
            break;
        }
        for record in &batch.records {
            std::hint::black_box(record.event().unwrap());
        }
        cut = batch.cut;
    }
    started.elapsed().as_secs_f64()
}

/// Empties the view and lets its pipeline keep it from the start of the log.
async fn replay<V>(pool: &PgPool, events: u64, pipeline: Pipeline<V::Item>, view: V) -> f64
where
    V: View,
    V::Item: Item,
{
    let name = pipeline.name();
    for sql in [
        "delete from stream.pipeline",
        "delete from stream.pipeline_state",
        "truncate app.activity",
        "truncate app.notification",
        "alter table app.audit disable trigger user",
        "truncate app.audit",
        "alter table app.audit enable trigger user",
    ] {
        sqlx::query(sql).execute(pool).await.unwrap();
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (signals, stop) = (Signals::default(), CancellationToken::new());
    let sink = PostgresSink::new(name, pool.clone(), Arc::clone(&clock), view);
    let lease = PostgresLease::new(pool.clone(), Arc::clone(&clock), name, 1, "bench");
    let log = Log::Postgres(PostgresLog::new(pool.clone(), None));
    let runner = Runner::new(pipeline, log, sink, lease, clock, signals.clone());
    let started = Instant::now();
    let (elapsed, ()) = tokio::join!(
        async {
            signals.reached(name, events).await;
            let elapsed = started.elapsed();
            stop.cancel();
            elapsed
        },
        runner.run(stop.clone())
    );
    elapsed.as_secs_f64()
}

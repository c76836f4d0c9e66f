//! The pipeline as it runs: from the log to the table, over restarts, and what stops it.

use super::world::World;
use millstream_domain::clock::SystemClock;
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::audit;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::postgres::PostgresSink;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Runs the pipeline until `until` has come.
async fn run(world: &World, signals: &Signals, until: impl Future<Output = ()>) {
    let (pool, clock) = (world.pool.clone(), Arc::new(SystemClock));
    let lease = PostgresLease::new(pool.clone(), clock.clone(), audit::NAME, 1, "a node");
    let sink = PostgresSink::new(audit::NAME, pool.clone(), clock.clone(), AuditView);
    let log = Log::Postgres(PostgresLog::new(pool, None));
    let runner = Runner::new(audit::pipeline(), log, sink, lease, clock, signals.clone());
    let stop = CancellationToken::new();
    tokio::join!(Box::pin(runner.run(stop.clone())), async {
        until.await;
        stop.cancel();
    });
}

async fn run_to(world: &World, seq: u64) {
    let signals = Signals::default();
    run(world, &signals, async {
        signals.reached(audit::NAME, seq).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_becomes_one_entry_over_restarts() {
    let mut world = World::new().await;
    for (count, tail) in [(30, 30), (1, 31), (200, 231)] {
        world.log(count).await;
        run_to(&world, tail).await;
        world.sign().await;
    }
    let rows = world.rows().await;
    assert!(rows.iter().map(|row| row.index).eq(0..231));
    assert!(rows.iter().map(|row| row.seq).eq(1..=231));
    let report = world.verify().await;
    assert!(report.holds(), "{report}");
    assert_eq!(report.holding, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_gives_no_entry_halts_the_audit_at_it() {
    let mut world = World::new().await;
    world.log(10).await;
    world
        .superuser("update stream.log set kind = 'task.sung' where seq = 6")
        .await;
    let halted = async {
        loop {
            let state: Option<(String, Option<String>)> =
                sqlx::query_as("select state, error from stream.pipeline where state = 'halted'")
                    .fetch_optional(&world.pool)
                    .await
                    .unwrap();
            if let Some((_, error)) = state {
                assert!(error.unwrap().contains("record 6 was refused"));
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    run(&world, &Signals::default(), halted).await;
    assert_eq!(
        world.rows().await.len(),
        5,
        "what came before is written, the rest waits"
    );

    world
        .superuser("update stream.log set kind = 'session.started' where seq = 6")
        .await;
    let data = r#"'{"session_id": "00000000-0000-0000-0000-000000000001", "user_id": "00000000-0000-0000-0000-000000000002"}'"#;
    world
        .superuser(&format!(
            "update stream.log set data = {data} where seq = 6"
        ))
        .await;
    run_to(&world, 10).await;
    assert_eq!(world.rows().await.len(), 10);
}

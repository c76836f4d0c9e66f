//! How far pipelines are behind: counted from when a record came into the log, whatever time its event tells of.

use millstream_domain::clock::SystemClock;
use millstream_event_log::testing::{at, new_event};
use millstream_event_log::{Event, outbox};
use millstream_pipelines::dataflows::activity;
use millstream_pipelines::sink::{Commit, Lease, Sink};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::postgres::PostgresSink;
use millstream_store::testing::TestStore;
use std::sync::Arc;

/// Far less than lies between the time that the event tells of and any time at which this runs, and far more than it takes.
const AN_HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn an_event_that_tells_of_long_ago_lags_since_it_came_into_the_log() {
    let world = TestStore::new().await;
    let pool = world.database().pool();
    let clock = Arc::new(SystemClock);
    let name = activity::NAME;
    let mut lease = PostgresLease::new(pool.clone(), clock.clone(), name, 1, "a");
    let generation = lease.acquire().await.unwrap().expect("nobody holds it");
    let mut sink = PostgresSink::new(name, pool.clone(), clock, ActivityView::default());
    let resume = sink.open(generation).await.unwrap();
    let lag = async || {
        let pipelines = world.store.pipelines().await.unwrap();
        (pipelines[0].lag_records, pipelines[0].lag_ms)
    };
    assert_eq!(lag().await, (0, 0), "nothing to be behind of");

    let mut event = new_event(1, Event::samples().swap_remove(0));
    event.at = at(-365 * 86_400);
    let mut tx = pool.begin().await.unwrap();
    outbox::append(&mut tx, &[event]).await.unwrap();
    tx.commit().await.unwrap();
    world.mover.move_once().await.unwrap();
    let (records, ms) = lag().await;
    assert_eq!(records, 1);
    assert!((0..AN_HOUR_MS).contains(&ms), "{ms}");

    let commit = Commit {
        effects: Vec::new(),
        states: Vec::new(),
        dead: Vec::new(),
        taken: Vec::new(),
        cut: millstream_event_log::Cut::at(resume.cut.seq + 1),
    };
    sink.commit(&commit).await.unwrap();
    assert_eq!(lag().await, (0, 0));
}

//! `kill -9` at random moments while the lake is written: a child process runs mover, pipeline and writer, dies again and
//! again, and in the end every table holds what one walk through the log gives, once.

use super::world::{PEOPLE, history};
use super::written::{expected, rows_of};
use super::{asker, open};
use millstream_analytics_engine::{Engine, Table};
use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::record::NewEvent;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Budget, Cut, Log, outbox};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::lake;
use millstream_sinks::lease::PostgresLease;
use millstream_store::testing::TestDatabase;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Set for the child: the database's URL.
const CHILD: &str = "MILLSTREAM_TEST_LAKE_CHILD";
/// Set for the child: the folder of its lake.
const FOLDER: &str = "MILLSTREAM_TEST_LAKE_FOLDER";
/// How often the child is killed.
const KILLS: u32 = 15;
/// Events that are written meanwhile.
const EVENTS: usize = 2_500;
/// How often the child writes files: so often that it mostly dies while it does.
const WRITE_EVERY: Duration = Duration::from_millis(5);

/// Not a test of its own: what the child runs, until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(url) = std::env::var(CHILD) else {
        return;
    };
    let pool = PgPool::connect(&url).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (mover, signals, stop) = (
        Mover::new(pool.clone()),
        Signals::default(),
        CancellationToken::new(),
    );
    let log = Log::Postgres(PostgresLog::new(pool.clone(), Some(mover.tail())));
    let lake = open(std::env::var(FOLDER).unwrap().as_ref()).await;
    let (sink, writer) =
        millstream_sinks::lake::lake(lake, pool.clone(), clock.clone(), lake::NAME);
    // One owner's name for every life of the child, so that no life waits for the lease of the one before.
    let lease = PostgresLease::new(pool, clock.clone(), lake::NAME, 1, "child");
    let runner = Runner::new(lake::pipeline(), log, sink, lease, clock, signals);
    tokio::join!(
        mover.run(stop.clone()),
        runner.run(stop.clone()),
        writer.every(WRITE_EVERY).run(stop.clone()),
    );
}

fn start(url: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["lake::kill::child", "--exact", "--nocapture"])
        .env(CHILD, url)
        .env(FOLDER, folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Tells a history in transactions of random size.
async fn write(pool: &PgPool) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let records = history(9, EVENTS);
    let mut events = records.into_iter().map(|record| NewEvent {
        id: record.id,
        at: record.at,
        origin: record.origin.clone(),
        event: record.event().unwrap(),
    });
    loop {
        let some: Vec<_> = events.by_ref().take(rng.random_range(1..30)).collect();
        if some.is_empty() {
            return;
        }
        let mut tx = pool.begin().await.unwrap();
        outbox::append(&mut tx, &some).await.unwrap();
        tx.commit().await.unwrap();
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..80))).await;
    }
}

/// Until everything that was said stands in files.
async fn caught_up(pool: &PgPool) {
    let written = async {
        let sql = "select exists (select from stream.pipeline, stream.head where cut = next - 1)
                   and not exists (select from stream.outbox)";
        while !sqlx::query_scalar::<_, bool>(sql)
            .fetch_one(pool)
            .await
            .unwrap()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), written)
        .await
        .expect("the last child catches up");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_no_event_is_missing_or_double() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let url = database.url();
    let folder = tempfile::tempdir().unwrap();
    let killing = async {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..KILLS {
            let mut child = start(&url, folder.path());
            tokio::time::sleep(Duration::from_millis(rng.random_range(300..1_500))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    };
    let ((), ()) = tokio::join!(write(&pool), killing);
    let mut last = start(&url, folder.path());
    caught_up(&pool).await;
    last.kill().unwrap();
    last.wait().unwrap();

    let all = Budget {
        records: 100_000,
        bytes: 1 << 30,
    };
    let log = PostgresLog::new(pool, None);
    let records = log.read(Cut::START, all).await.unwrap().records;
    assert_eq!(records.len(), EVENTS);
    let lake = open(folder.path()).await;
    let tail = records.last().unwrap().seq;
    assert!(lake.holds(Table::Events, tail));
    assert!(
        lake.begin(tail).await.unwrap(),
        "what was written down is there"
    );
    let session = Engine::new(lake)
        .unwrap()
        .session(&asker(PEOPLE[0]))
        .await
        .unwrap();
    let held = rows_of(&session).await;
    for (table, rows) in expected(&records).await {
        assert_eq!(held[table].len(), rows.len(), "rows of {table}");
        assert!(
            held[table] == rows,
            "{table} is not what the log makes of it"
        );
    }
}

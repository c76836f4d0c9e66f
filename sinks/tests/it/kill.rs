//! `kill -9` at random moments on real Postgres: a child process runs mover and pipelines, dies again and again, and in the
//! end every view, the search index among them, holds exactly what a fold over the log gives.

use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, Event, Log, outbox};
use millstream_pipelines::dataflows::{activity, audit, notifications, search, timers};
use millstream_pipelines::operators::notify::NotificationItem;
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::{Commit, Effect, Generation, Sink as _};
use millstream_pipelines::testing::Naked;
use millstream_pipelines::{Pipeline, Runner};
use millstream_search::Index;
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::tantivy::TantivySink;
use millstream_sinks::timers::TimersView;
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
const CHILD: &str = "MILLSTREAM_TEST_KILL_CHILD";
/// Set for the child: the folder of its search index.
const FOLDER: &str = "MILLSTREAM_TEST_KILL_FOLDER";
/// How often the child is killed.
const KILLS: u32 = 12;
/// The pipelines of the child.
const PIPELINES: i64 = 5;
/// Events that are written meanwhile.
const EVENTS: u64 = 6_000;

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
    let index = Index::open(std::env::var(FOLDER).unwrap().as_ref()).unwrap();
    macro_rules! run {
        ($pipeline:expr, $view:expr) => {{
            let pipeline = $pipeline;
            let sink = PostgresSink::new(pipeline.name(), pool.clone(), clock.clone(), $view);
            run!(pipeline; sink)
        }};
        ($pipeline:expr; $sink:expr) => {{
            let (pipeline, sink) = ($pipeline, $sink);
            // One owner's name for every life of the child, so that no life waits for the lease of the one before.
            let lease = PostgresLease::new(pool.clone(), clock.clone(), pipeline.name(), 1, "child");
            Runner::new(pipeline, log.clone(), sink, lease, clock.clone(), signals.clone()).run(stop.clone())
        }};
    }
    tokio::join!(
        mover.run(stop.clone()),
        run!(activity::pipeline(), ActivityView::default()),
        run!(notifications::pipeline(), NotificationsView::default()),
        run!(audit::pipeline(), AuditView),
        run!(timers::pipeline(), TimersView),
        run!(search::pipeline(); TantivySink::new(index, pool.clone(), clock.clone(), search::NAME)),
    );
}

fn start(url: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--nocapture"])
        .env(CHILD, url)
        .env(FOLDER, folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Writes events in transactions of random size; every tenth is rolled back.
async fn write(pool: &PgPool) -> u64 {
    let samples = Event::samples();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut next, mut written) = (1, 0);
    while next < EVENTS {
        let size = rng.random_range(1..30);
        let events: Vec<_> = (next..next + size)
            .map(|n| {
                new_event(
                    n,
                    samples[usize::try_from(n).unwrap() % samples.len()].clone(),
                )
            })
            .collect();
        next += size;
        let mut tx = pool.begin().await.unwrap();
        outbox::append(&mut tx, &events).await.unwrap();
        if rng.random_range(0..10) == 0 {
            tx.rollback().await.unwrap();
        } else {
            tx.commit().await.unwrap();
            written += size;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..12))).await;
    }
    written
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn killed_again_and_again_every_view_ends_exactly_right() {
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
            tokio::time::sleep(Duration::from_millis(rng.random_range(80..600))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    };
    let (written, ()) = tokio::join!(write(&pool), killing);
    let mut last = start(&url, folder.path());
    let caught_up = async {
        loop {
            let behind = count(
                &pool,
                "select count(*) from stream.pipeline, stream.head where cut < next - 1
                 or exists (select from stream.outbox)",
            )
            .await;
            let pipelines = count(&pool, "select count(*) from stream.pipeline").await;
            if behind == 0 && pipelines == PIPELINES {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), caught_up)
        .await
        .expect("the last child catches up");
    last.kill().unwrap();
    last.wait().unwrap();

    // What the timers said of tasks that are due, each of it once. How often depends on when the children died.
    let said = count(
        &pool,
        "select count(*) from stream.log where kind = 'task.overdue' and actor is null",
    )
    .await;
    let written = i64::try_from(written).unwrap() + said;
    assert_eq!(
        count(&pool, "select count(*) from stream.log").await,
        written
    );
    assert_eq!(
        count(&pool, "select max(seq) from stream.log").await,
        written,
        "dense"
    );
    assert_eq!(
        count(&pool, "select count(distinct event_id) from stream.log").await,
        written
    );
    let lines = effects(&pool, &activity::pipeline()).await.len();
    assert_eq!(
        count(&pool, "select count(*) from app.activity").await,
        i64::try_from(lines).unwrap()
    );
    assert_eq!(
        count(&pool, "select count(*) from app.audit").await,
        written
    );
    assert_eq!(
        count(&pool, "select count(distinct seq) from app.audit").await,
        written
    );
    assert_eq!(
        count(&pool, "select count(*) from stream.dead_letter").await,
        0
    );
    assert_eq!(told(&pool).await, expected_notifications(&pool).await);
    let index = Index::open(folder.path()).unwrap();
    assert_eq!(index.cut(), u64::try_from(written).unwrap());
    assert_eq!(index.sources().unwrap(), expected_documents(&pool).await);
}

/// Who was told of which event, in the view.
async fn told(pool: &PgPool) -> Vec<String> {
    let rows =
        "select concat(event_id, ' ', user_id, ' ', reason) from app.notification order by 1";
    sqlx::query_scalar(rows).fetch_all(pool).await.unwrap()
}

/// The same by running the whole log through the pipeline once, in memory.
async fn expected_notifications(pool: &PgPool) -> Vec<String> {
    let told = effects(pool, &notifications::pipeline()).await;
    let told = told.into_iter().filter_map(|effect| match effect.item {
        NotificationItem::Told(told) => Some(format!(
            "{} {} {}",
            told.event_id,
            told.user_id,
            told.reason.as_str()
        )),
        NotificationItem::Read { .. } => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

/// What the index is made of when the whole log is written into a fresh one at once.
async fn expected_documents(pool: &PgPool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path()).unwrap();
    let clock = Arc::new(SystemClock);
    let mut sink = TantivySink::new(index.clone(), pool.clone(), clock, "search@elsewhere");
    sink.open(Generation(1)).await.unwrap();
    let effects = effects(pool, &search::pipeline()).await;
    let cut = Cut::at(effects.last().unwrap().seq);
    let commit = Commit {
        effects,
        states: Vec::new(),
        dead: Vec::new(),
        taken: Vec::new(),
        cut,
    };
    sink.commit(&commit).await.unwrap();
    index.sources().unwrap()
}

/// What a pipeline makes of the whole log.
async fn effects<I: Item>(pool: &PgPool, pipeline: &Pipeline<I>) -> Vec<Effect<I>> {
    let log = PostgresLog::new(pool.clone(), None);
    let all = Budget {
        records: 100_000,
        bytes: 1 << 30,
    };
    let records = log.read(Cut::START, all).await.unwrap().records;
    let mut naked = Naked::new(pipeline, Vec::new());
    let end = records.last().unwrap().at;
    naked.records(records, end);
    let effects = naked.settle().effects.into_iter();
    effects
        .map(|(seq, at, item)| Effect { seq, at, item })
        .collect()
}

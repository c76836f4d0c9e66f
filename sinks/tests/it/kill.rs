//! `kill -9` at random moments on real Postgres: a child process runs mover and pipelines, dies again and again, and in the
//! end every view holds exactly what a fold over the log gives.

use millstream_domain::clock::{Clock, SystemClock};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::new_event;
use millstream_event_log::{Event, Log, outbox};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::{activity, audit, notifications};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_store::testing::TestDatabase;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Set for the child: the database's URL.
const CHILD: &str = "MILLSTREAM_TEST_KILL_CHILD";
/// How often the child is killed.
const KILLS: u32 = 12;
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
    macro_rules! run {
        ($pipeline:expr, $view:expr) => {{
            let pipeline = $pipeline;
            let sink = PostgresSink::new(pipeline.name(), pool.clone(), clock.clone(), $view);
            // One owner's name for every life of the child, so that no life waits for the lease of the one before.
            let lease = PostgresLease::new(pool.clone(), clock.clone(), pipeline.name(), 1, "child");
            Runner::new(pipeline, log.clone(), sink, lease, clock.clone(), signals.clone()).run(stop.clone())
        }};
    }
    tokio::join!(
        mover.run(stop.clone()),
        run!(activity::pipeline(), ActivityView),
        run!(notifications::pipeline(), NotificationsView),
        run!(audit::pipeline(), AuditView),
    );
}

fn start(url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--nocapture"])
        .env(CHILD, url)
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
    let killing = async {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..KILLS {
            let mut child = start(&url);
            tokio::time::sleep(Duration::from_millis(rng.random_range(80..600))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    };
    let (written, ()) = tokio::join!(write(&pool), killing);
    let mut last = start(&url);
    let caught_up = async {
        loop {
            let behind = count(
                &pool,
                "select count(*) from stream.pipeline, stream.head where cut < next - 1
                 or exists (select from stream.outbox)",
            )
            .await;
            let pipelines = count(&pool, "select count(*) from stream.pipeline").await;
            if behind == 0 && pipelines == 3 {
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

    let written = i64::try_from(written).unwrap();
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
    let feed =
        "select count(*) from stream.log where kind ~ '^(task|comment|project|team|member)\\.'";
    let expected = count(&pool, feed).await;
    assert_eq!(
        count(&pool, "select count(*) from app.activity").await,
        expected
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
}

/// Who was told of which event, in the view.
async fn told(pool: &PgPool) -> Vec<String> {
    let rows =
        "select concat(event_id, ' ', user_id, ' ', reason) from app.notification order by 1";
    sqlx::query_scalar(rows).fetch_all(pool).await.unwrap()
}

/// The same by running the whole log through the pipeline once, in memory.
async fn expected_notifications(pool: &PgPool) -> Vec<String> {
    use millstream_event_log::{Budget, Cut};
    use millstream_pipelines::operators::notify::NotificationItem;
    let log = PostgresLog::new(pool.clone(), None);
    let all = log
        .read(
            Cut::START,
            Budget {
                records: 100_000,
                bytes: 1 << 30,
            },
        )
        .await
        .unwrap()
        .records;
    let mut naked =
        millstream_pipelines::testing::Naked::new(&notifications::pipeline(), Vec::new());
    let end = all.last().unwrap().at;
    naked.records(all, end);
    let mut told: Vec<_> = naked
        .settle()
        .effects
        .into_iter()
        .filter_map(|(_, _, item)| match item {
            NotificationItem::Told(told) => Some(format!(
                "{} {} {}",
                told.event_id,
                told.user_id,
                told.reason.as_str()
            )),
            NotificationItem::Read { .. } => None,
        })
        .collect();
    told.sort();
    told
}

//! `kill -9` at random moments on real Postgres: a child process runs jobs and dies again and again; in the end every job
//! was done, and no two tries of one overlapped.

use super::handlers::Grind;
use super::{enqueued, eventually, grind};
use chrono::TimeDelta;
use millstream_domain::clock::{SystemClock, SystemIds};
use millstream_event_log::mover::Poke;
use millstream_sinks::backoff::Backoff;
use millstream_sinks::jobs::{Handler, Handlers, JobContext, JobFault, JobRunner, Pace};
use millstream_store::Store;
use millstream_store::testing::{TestDatabase, TestStore};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Set for the child: the database's URL.
const CHILD: &str = "MILLSTREAM_TEST_JOBS_CHILD";
/// How often a child is killed.
const KILLS: u32 = 12;
/// How many jobs there are.
const JOBS: u32 = 150;

/// A lease that a dead child's jobs are free after soon.
const PACE: Pace = Pace {
    poll: Duration::from_millis(20),
    retry: Duration::from_millis(20),
    lease: Duration::from_millis(1_500),
    pulse: Duration::from_millis(100),
    progress: Duration::from_millis(50),
    grace: Duration::from_millis(100),
    backoff: Backoff {
        shortest: TimeDelta::zero(),
        first: TimeDelta::milliseconds(10),
        longest: TimeDelta::milliseconds(10),
    },
};

/// Writes down when it begins and when it ends.
struct Ledger(PgPool);

impl Handler for Ledger {
    type Args = Grind;

    async fn run(&self, args: Grind, job: &JobContext) -> Result<Value, JobFault> {
        let begun: i64 = sqlx::query_scalar("insert into ledger (job) values ($1) returning id")
            .bind(job.id().0)
            .fetch_one(&self.0)
            .await
            .map_err(JobFault::retry)?;
        tokio::time::sleep(Duration::from_millis(u64::from(args.sacks % 40))).await;
        sqlx::query("update ledger set ended_at = clock_timestamp() where id = $1")
            .bind(begun)
            .execute(&self.0)
            .await
            .map_err(JobFault::retry)?;
        Ok(json!(begun))
    }
}

/// Not a test of its own: what the child runs, until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(url) = std::env::var(CHILD) else {
        return;
    };
    let pool = PgPool::connect(&url).await.unwrap();
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let store = Store::new(pool.clone(), Poke::default(), clock, ids);
    let handlers = Handlers::default().with(Ledger(pool));
    let owner = std::process::id().to_string();
    let runner = JobRunner::new(store, owner, handlers).at_pace(PACE);
    runner.run(CancellationToken::new()).await;
}

fn start(url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["jobs::kill::child", "--exact", "--nocapture"])
        .env(CHILD, url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_every_job_is_done() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let store = TestStore::on(TestDatabase::new().await);
    let (pool, url) = (store.store.pool().clone(), store.database().url());
    let table = "create table ledger (id bigint generated always as identity primary key, job uuid not null,
                     begun_at timestamptz not null default clock_timestamp(), ended_at timestamptz)";
    sqlx::query(table).execute(&pool).await.unwrap();
    // The tries are not what is looked at here, and a job that is killed with its runner has had one.
    enqueued(&store, (0..JOBS).map(grind).collect()).await;
    let many = "update jobs.job set max_attempts = 1000, run_at = now() - interval '1 minute'";
    sqlx::query(many).execute(&pool).await.unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..KILLS {
        let mut children = [start(&url), start(&url)];
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..500))).await;
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    let mut last = start(&url);
    eventually(async || {
        count(&pool, "select count(*) from jobs.job where state = 'done'").await == i64::from(JOBS)
    })
    .await;
    last.kill().unwrap();
    last.wait().unwrap();
    let wrong = "select count(*) from jobs.job j
                 left join ledger l on l.id::text = j.result::text and l.job = j.id and l.ended_at is not null
                 where l.id is null";
    assert_eq!(
        count(&pool, wrong).await,
        0,
        "a result is that of a try that ended"
    );
    let killed = count(&pool, "select count(*) from ledger where ended_at is null").await;
    assert!(
        killed > 0,
        "nobody was killed at work: the test tests nothing"
    );
    // A try that ended was over before the next began. One that did not end was killed, and nobody knows when.
    let overlaps = "select count(*) from ledger a join ledger b on a.job = b.job and a.id < b.id
                    where a.ended_at > b.begun_at";
    assert_eq!(count(&pool, overlaps).await, 0);
}

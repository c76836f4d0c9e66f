//! `kill -9` at random moments on real Postgres, of two processes that share the pipelines: in the end every time of 200
//! schedules and every due time of 2,000 tasks was dealt with once.
//!
//! The processes live by a clock that runs faster than ours, so that many minutes pass in some seconds; their leases are those
//! of our time. Leases are also taken from owners who live, so that two believe to be the owner at once.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::clock::{Clock, SystemClock};
use millstream_domain::policy::Actor;
use millstream_domain::schedule::MissedPolicy;
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::{schedules, timers};
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::schedules::SchedulesView;
use millstream_sinks::timers::TimersView;
use millstream_store::schedule::{CreateSchedule, ScheduleEdit};
use millstream_store::testing::{TaskBuilder, TestStore};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Set for a child: the database's URL, its name, and when the fast clock began, in microseconds of ours.
const CHILD: &str = "MILLSTREAM_TEST_SCHEDULES_CHILD";
const NAME: &str = "MILLSTREAM_TEST_SCHEDULES_NAME";
const BEGAN: &str = "MILLSTREAM_TEST_SCHEDULES_BEGAN";
/// How much faster the clock runs than ours.
const FASTER: i32 = 30;
/// How often a process is killed.
const KILLS: u32 = 24;
const SCHEDULES: usize = 200;
const TASKS: usize = 2_000;
/// Seconds between two runs of a schedule: the least there is.
const STEP_S: u32 = 60;
/// Until when everything is to be dealt with, by the fast clock.
const STORY: TimeDelta = TimeDelta::minutes(10);

/// When the story begins: where the clocks of tests do.
fn start_of_story() -> DateTime<Utc> {
    millstream_event_log::testing::epoch()
}

/// A clock that runs faster than ours, from the start of the story.
#[derive(Debug)]
struct FastClock {
    began: DateTime<Utc>,
}

impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        start_of_story() + (SystemClock.now() - self.began) * FASTER
    }
}

/// Not a test of its own: what a child runs, until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(url) = std::env::var(CHILD) else {
        return;
    };
    let name = std::env::var(NAME).unwrap();
    let began: i64 = std::env::var(BEGAN).unwrap().parse().unwrap();
    let began = DateTime::from_timestamp_micros(began).unwrap();
    let pool = PgPool::connect(&url).await.unwrap();
    let (ours, fast): (Arc<dyn Clock>, Arc<dyn Clock>) =
        (Arc::new(SystemClock), Arc::new(FastClock { began }));
    let (mover, signals, stop) = (
        Mover::new(pool.clone()),
        Signals::default(),
        CancellationToken::new(),
    );
    let log = Log::Postgres(PostgresLog::new(pool.clone(), Some(mover.tail())));
    macro_rules! run {
        ($pipeline:expr, $view:expr) => {
            // One that was overtaken stops, and tries to be the owner again.
            async {
                loop {
                    let (pipeline, row) = ($pipeline, $pipeline.name());
                    let sink = PostgresSink::new(row, pool.clone(), fast.clone(), $view);
                    let lease = PostgresLease::new(pool.clone(), ours.clone(), row, 1, &*name);
                    let (log, signals) = (log.clone(), signals.clone());
                    let runner = Runner::new(pipeline, log, sink, lease, fast.clone(), signals);
                    runner.run(stop.clone()).await;
                }
            }
        };
    }
    tokio::join!(
        mover.run(stop.clone()),
        run!(timers::pipeline(), TimersView),
        run!(schedules::pipeline(), SchedulesView::new(fast.clone())),
    );
}

fn start(url: &str, name: &str, began: DateTime<Utc>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["schedules::kill::child", "--exact", "--nocapture"])
        .env(CHILD, url)
        .env(NAME, name)
        .env(BEGAN, began.timestamp_micros().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// 200 schedules that come due one after the other, of every policy, and 2,000 tasks that are due all over the story.
async fn set_up(store: &TestStore) {
    let mut root = store.with_user("root").await;
    let team = store.with_team(&mut root, "Millers").await;
    let project = store.with_project(&root, team, "ENG").await.id;
    let due = |n: usize| {
        start_of_story() + STORY * i32::try_from(n).unwrap() / i32::try_from(TASKS).unwrap()
    };
    let tasks: Vec<_> = (0..TASKS)
        .map(|n| TaskBuilder::new(project, "Due").due(due(n)).by(&root))
        .collect();
    let mut tasks = tasks.into_iter();
    loop {
        let some: Vec<_> = tasks.by_ref().take(500).collect();
        if some.is_empty() {
            break;
        }
        store.done(&root, some).await;
    }
    for n in 0..SCHEDULES {
        let policy = MissedPolicy::ALL[n % MissedPolicy::ALL.len()];
        store.done(&root, schedule(&root, n, policy)).await;
        store
            .clock
            .advance(TimeDelta::seconds(STEP_S.into()) / i32::try_from(SCHEDULES).unwrap());
    }
}

fn schedule(root: &Actor, n: usize, missed: MissedPolicy) -> CreateSchedule {
    CreateSchedule {
        actor: root.clone(),
        name: format!("Schedule {n}").parse().unwrap(),
        kind: "empty_trash".to_owned(),
        edit: ScheduleEdit {
            every_s: Some(Some(STEP_S)),
            missed: Some(missed),
            missed_max: Some(100),
            ..ScheduleEdit::default()
        },
    }
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Kills one of the two at a time; now and then a lease is taken from whoever has it.
async fn kill_again_and_again(pool: &PgPool, url: &str, began: DateTime<Utc>) -> [Child; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let names = ["left", "right"];
    let mut children = names.map(|name| start(url, name, began));
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..900))).await;
        let victim = rng.random_range(0..2);
        if rng.random_range(0..3) == 0 {
            let free = "update stream.pipeline set leased_until = now() - interval '1 minute'";
            sqlx::query(free).execute(pool).await.unwrap();
        }
        children[victim].kill().unwrap();
        children[victim].wait().unwrap();
        children[victim] = start(url, names[victim], began);
    }
    children
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_are_killed_again_and_again_miss_no_time_and_double_none() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let store = TestStore::new().await;
    set_up(&store).await;
    let (pool, url) = (store.store.pool().clone(), store.database().url());
    let children = kill_again_and_again(&pool, &url, SystemClock.now()).await;
    let end = start_of_story() + STORY;
    let all = async {
        loop {
            let open: i64 = sqlx::query_scalar(
                "select (select count(*) from app.schedule where fired_until is null or fired_until < $1)
                      + $2 - (select count(*) from stream.log where kind = 'task.overdue')",
            )
            .bind(end)
            .bind(i64::try_from(TASKS).unwrap())
            .fetch_one(&pool)
            .await
            .unwrap();
            if open <= 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Only so that a test that will never end says so.
    let all = tokio::time::timeout(Duration::from_mins(3), all).await;
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    all.expect("those that live deal with everything");
    check(&pool).await;
}

async fn check(pool: &PgPool) {
    let tasks = i64::try_from(TASKS).unwrap();
    let said = "select count(*) from stream.log where kind = 'task.overdue'";
    assert_eq!(count(pool, said).await, tasks);
    let of_each = "select count(distinct key) from stream.log where kind = 'task.overdue'";
    assert_eq!(count(pool, of_each).await, tasks);
    // Each time that came was run or counted as missed, and none twice; where all are made up for, each was run.
    let wrong = "select count(*) from app.schedule s
                 join lateral (
                     select count(*) as runs, count(distinct run_at) as times,
                            count(*) filter (where extract(epoch from run_at - s.since)::numeric % s.every_s <> 0) as odd
                     from jobs.job j where j.idempotency_key like 'schedule/' || s.id || '/%'
                 ) j on true
                 where j.odd > 0 or j.times <> j.runs or (s.missed = 'all' and s.missed_count > 0)
                    or j.runs + s.missed_count <> extract(epoch from s.fired_until - s.since)::bigint / s.every_s";
    assert_eq!(count(pool, wrong).await, 0);
    let ran = count(pool, "select count(*) from jobs.job").await;
    assert!(ran > 1_000, "only {ran} runs: the test tests little");
    let owners = count(pool, "select min(generation) from stream.pipeline").await;
    assert!(owners > 4, "only {owners} owners: the test tests little");
    assert_eq!(
        count(pool, "select count(*) from stream.dead_letter").await,
        0
    );
}

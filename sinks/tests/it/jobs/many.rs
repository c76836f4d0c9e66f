//! Many jobs and several runners: each job with one of them, no more at once than there are slots, on any pool.

use super::handlers::{All, Grind, GrindAll, Mill, Plan, eventually};
use super::{PACE, enqueued, grind, job, runner};
use chrono::TimeDelta;
use millstream_domain::job::JobState;
use millstream_sinks::jobs::{
    DEFAULT_AT_ONCE, HEAVY_AT_ONCE, Handler, Handlers, JobContext, JobFault, JobRunner,
};
use millstream_store::Store;
use millstream_store::testing::TestStore;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const MOMENT: Duration = Duration::from_millis(3);

async fn all_done(store: &TestStore, count: i64) -> bool {
    let done: i64 = sqlx::query_scalar("select count(*) from jobs.job where state = 'done'")
        .fetch_one(store.store.pool())
        .await
        .unwrap();
    done == count
}

/// The mill itself fails if a job runs twice at once.
#[tokio::test(flavor = "multi_thread")]
async fn two_runners_share_the_work_and_no_job_runs_twice() {
    let store = TestStore::new().await;
    let mill = Mill::new(|_, _| Plan::Moment(MOMENT));
    let mut ids = enqueued(&store, (0..300).map(grind).collect()).await;
    let stop = CancellationToken::new();
    let runners = [
        runner(&store, "ada", &mill).run(stop.clone()),
        runner(&store, "grace", &mill).run(stop.clone()),
        runner(&store, "joan", &mill).run(stop.clone()),
    ];
    let watching = async {
        eventually(async || all_done(&store, 300).await).await;
        stop.cancel();
    };
    tokio::join!(futures::future::join_all(runners), watching);
    let mut begun = mill.known(|known| known.begun.clone());
    begun.sort();
    ids.sort();
    assert_eq!(begun, ids, "each once");
}

#[tokio::test]
async fn each_queue_has_its_number_of_jobs_at_once() {
    let store = TestStore::new().await;
    let (quick, long) = (
        Mill::new(|_, _| Plan::Moment(MOMENT)),
        Mill::new(|_, _| Plan::Moment(MOMENT)),
    );
    enqueued(&store, (0..40).map(grind).collect()).await;
    enqueued(&store, (0..10).map(|sacks| GrindAll { sacks }).collect()).await;
    let handlers = Handlers::default()
        .with(quick.clone())
        .with(All(long.clone()));
    let runner = JobRunner::new(store.store.clone(), "ada", handlers).at_pace(PACE);
    let stop = CancellationToken::new();
    let watching = async {
        eventually(async || all_done(&store, 50).await).await;
        stop.cancel();
    };
    tokio::join!(runner.run(stop.clone()), watching);
    assert_eq!(quick.known(|known| known.most), DEFAULT_AT_ONCE);
    assert_eq!(long.known(|known| known.most), HEAVY_AT_ONCE);
}

#[tokio::test]
async fn long_jobs_keep_no_quick_one_waiting() {
    let store = TestStore::new().await;
    let (quick, long) = (
        Mill::new(|_, _| Plan::Answer),
        Mill::new(|_, _| Plan::WaitForStop),
    );
    enqueued(&store, (0..5).map(|sacks| GrindAll { sacks }).collect()).await;
    let ids = enqueued(&store, (0..5).map(grind).collect()).await;
    let handlers = Handlers::default().with(quick).with(All(long.clone()));
    let runner = JobRunner::new(store.store.clone(), "ada", handlers).at_pace(PACE);
    let stop = CancellationToken::new();
    let watching = async {
        for id in ids {
            eventually(async || job(&store, id).await.state == JobState::Done).await;
        }
        assert_eq!(long.known(|known| known.begun.len()), 1);
        stop.cancel();
    };
    tokio::join!(runner.run(stop.clone()), watching);
}

/// Works on the database, as most jobs do: holds a transaction across several statements.
struct Clerk(Store);

impl Handler for Clerk {
    type Args = Grind;

    async fn run(&self, args: Grind, job: &JobContext) -> Result<Value, JobFault> {
        for step in 0..10 {
            let mut tx = self.0.pool().begin().await.map_err(JobFault::retry)?;
            for _ in 0..3 {
                sqlx::query("select pg_sleep(0.001)")
                    .execute(&mut *tx)
                    .await
                    .map_err(JobFault::retry)?;
            }
            tx.commit().await.map_err(JobFault::retry)?;
            job.progress(f64::from(step) / 10.0);
        }
        Ok(json!(args.sacks))
    }
}

#[tokio::test]
async fn handlers_signs_of_life_and_the_taking_share_a_single_connection() {
    let store = TestStore::single_connection().await;
    enqueued(&store, (0..12).map(grind).collect()).await;
    let handlers = Handlers::default().with(Clerk(store.store.clone()));
    let runner = JobRunner::new(store.store.clone(), "ada", handlers).at_pace(PACE);
    let stop = CancellationToken::new();
    let watching = async {
        eventually(async || all_done(&store, 12).await).await;
        stop.cancel();
    };
    tokio::join!(runner.run(stop.clone()), watching);
}

/// It was told of by a runner that died between the taking and the end: nothing is left of it but the row.
#[tokio::test]
async fn what_a_dead_runner_had_is_done_by_another_after_the_lease() {
    let store = TestStore::new().await;
    let dying = Mill::new(|_, _| Plan::Deaf);
    let ids = enqueued(&store, (0..3).map(grind).collect()).await;
    {
        let running = runner(&store, "ada", &dying).run(CancellationToken::new());
        let begun = eventually(async || dying.known(|known| known.running.len()) == 3);
        // Dropped where it stands, as if the power had failed.
        tokio::select! { () = running => {}, () = begun => {} }
    }
    let living = Mill::new(|_, _| Plan::Answer);
    let stop = CancellationToken::new();
    let running = runner(&store, "grace", &living).run(stop.clone());
    let watching = async {
        let new = enqueued(&store, vec![grind(9)]).await[0];
        eventually(async || job(&store, new).await.state == JobState::Done).await;
        assert_eq!(
            living.known(|known| known.begun.clone()),
            [new],
            "the others are not hers yet"
        );
        store.clock.advance(TimeDelta::seconds(31));
        eventually(async || all_done(&store, 4).await).await;
        stop.cancel();
    };
    tokio::join!(running, watching);
    for id in ids {
        assert_eq!(job(&store, id).await.attempts, 2);
    }
}

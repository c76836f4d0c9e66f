//! Jobs: enqueued with what wants them, taken once, and ended under the fence.

mod enqueue;
mod operate;
mod run;

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{JobId, TeamId};
use millstream_domain::job::Queue;
use millstream_domain::policy::Actor;
use millstream_store::job::run::{Taken, Taking};
use millstream_store::job::{Enqueued, Job, JobArgs, NewJob, enqueue::enqueue};
use millstream_store::testing::TestStore;
use serde::{Deserialize, Serialize};

/// How long a taken job is its owner's.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// A quick job.
#[derive(Debug, Serialize, Deserialize)]
struct Grind {
    sacks: u32,
}

impl JobArgs for Grind {
    const KIND: &'static str = "grind";
    const ATTEMPTS_MAX: u16 = 3;
}

/// A long job.
#[derive(Debug, Serialize, Deserialize)]
struct Bake {
    team: TeamId,
}

impl JobArgs for Bake {
    const KIND: &'static str = "bake";
    const QUEUE: Queue = Queue::Heavy;
}

fn now(store: &TestStore) -> DateTime<Utc> {
    store.store.clock().now()
}

fn id(store: &TestStore) -> JobId {
    store.store.ids().next().into()
}

fn grind(store: &TestStore, sacks: u32) -> NewJob {
    NewJob::of(id(store), &Grind { sacks }, now(store)).unwrap()
}

/// Enqueues a job in a transaction of its own.
async fn enqueued(store: &TestStore, job: &NewJob) -> Enqueued {
    let mut tx = store.store.pool().begin().await.unwrap();
    let enqueued = enqueue(&mut tx, job).await.unwrap();
    tx.commit().await.unwrap();
    enqueued
}

/// What `owner` gets of the default queue.
async fn taken(store: &TestStore, owner: &str, limit: i64) -> Vec<Taken> {
    let taking = Taking {
        owner,
        queue: Queue::Default,
        kinds: &["grind".to_owned()],
        limit,
        lease: LEASE,
    };
    store.store.take_jobs(&taking).await.unwrap()
}

/// The one job that `owner` gets.
async fn one(store: &TestStore, owner: &str) -> Taken {
    let mut jobs = taken(store, owner, 1).await;
    jobs.pop().expect("a job is due")
}

/// A job as it is now.
async fn job(store: &TestStore, id: JobId) -> Job {
    store.store.job(&Actor::System, id).await.unwrap()
}

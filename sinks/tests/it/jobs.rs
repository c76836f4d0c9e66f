//! The runner of jobs: what it does with what handlers answer, and what is left of it when it dies.

mod ends;
mod handlers;
mod kill;
mod many;
mod stop;

pub(crate) use handlers::eventually;

use chrono::TimeDelta;
use handlers::{Grind, Mill};
use millstream_domain::ids::JobId;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_sinks::backoff::Backoff;
use millstream_sinks::jobs::{Handlers, JobRunner, Pace};
use millstream_store::job::{Job, JobArgs, NewJob};
use millstream_store::testing::TestStore;
use millstream_store::{Change, Changed, Changing, StoreError};
use std::time::Duration;

/// Fast, but for the lease, which the test's clock decides about.
const PACE: Pace = Pace {
    poll: Duration::from_millis(20),
    retry: Duration::from_millis(20),
    lease: Duration::from_secs(30),
    pulse: Duration::from_millis(20),
    progress: Duration::from_millis(5),
    grace: Duration::from_millis(100),
    backoff: Backoff {
        shortest: TimeDelta::zero(),
        first: TimeDelta::seconds(10),
        longest: TimeDelta::minutes(1),
    },
};

/// Somebody wants jobs done.
struct Want<A>(Vec<A>);

impl<A: JobArgs> Change for Want<A> {
    type Output = Vec<JobId>;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Vec<JobId>>, StoreError> {
        let mut ids = Vec::new();
        for args in self.0 {
            let job = cx.new_job(&args)?;
            ids.push(cx.enqueue(&job).await?.into_job().id);
        }
        Ok(Changed::nothing(ids))
    }
}

async fn enqueued<A: JobArgs>(store: &TestStore, all: Vec<A>) -> Vec<JobId> {
    let wanted = store.store.write(&Origin::default(), Want(all)).await;
    wanted.unwrap().output
}

async fn job(store: &TestStore, id: JobId) -> Job {
    store.store.job(&Actor::System, id).await.unwrap()
}

/// A runner of the mill.
fn runner(store: &TestStore, owner: &str, mill: &Mill) -> JobRunner {
    let handlers = Handlers::default().with(mill.clone());
    JobRunner::new(store.store.clone(), owner, handlers).at_pace(PACE)
}

fn grind(sacks: u32) -> Grind {
    Grind { sacks }
}

/// A job without the ways of a change: for what no mill knows.
fn plain<A: JobArgs>(store: &TestStore, args: &A) -> NewJob {
    let id = store.store.ids().next().into();
    NewJob::of(id, args, store.store.clock().now()).unwrap()
}

//! A mill: a handler that does what the test says, and remembers.

use millstream_domain::ids::JobId;
use millstream_domain::job::Queue;
use millstream_sinks::jobs::{Handler, JobContext, JobFault};
use millstream_store::job::JobArgs;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Far above what anything here takes: who waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something is so.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it never came to be so");
}

/// Sacks to be ground.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grind {
    pub(crate) sacks: u32,
}

impl JobArgs for Grind {
    const KIND: &'static str = "grind";
    const ATTEMPTS_MAX: u16 = 3;
}

/// The same, and long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GrindAll {
    pub(crate) sacks: u32,
}

impl JobArgs for GrindAll {
    const KIND: &'static str = "grind_all";
    const QUEUE: Queue = Queue::Heavy;
}

/// What to do with a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// Answers the sacks.
    Answer,
    /// Says that it is half done, and waits to be told to stop.
    WaitForStop,
    /// Waits, and hears nothing.
    Deaf,
    Retry,
    /// Fails for something that is nobody's business.
    Buried,
    /// Fails with an error of the database's own.
    Database,
    Reject,
    Panic,
    /// Answers more than is kept.
    TooMuch,
    /// Takes a moment, and answers.
    Moment(Duration),
}

/// What became known.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The jobs that run.
    pub(crate) running: BTreeSet<JobId>,
    /// How many ran at once, at most.
    pub(crate) most: usize,
    /// Every time that a job was begun.
    pub(crate) begun: Vec<JobId>,
    /// What tells those to stop that hear nothing: threads of theirs may.
    pub(crate) stops: Vec<CancellationToken>,
    /// Every time that a handler was left, whether it answered or was dropped.
    pub(crate) left: Vec<JobId>,
}

/// An error with another one behind it.
#[derive(Debug, thiserror::Error)]
#[error("the sacks cannot be counted")]
struct Uncounted(#[source] std::io::Error);

/// The mill.
#[derive(Clone)]
pub(crate) struct Mill {
    plan: fn(u32, i32) -> Plan,
    known: Arc<Mutex<Known>>,
}

/// A run of the mill, until it is left.
struct Running(JobId, Arc<Mutex<Known>>);

impl Drop for Running {
    fn drop(&mut self) {
        // A test that has failed already is not to fail once more in here, which would end the process.
        let mut known = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        known.running.remove(&self.0);
        known.left.push(self.0);
    }
}

impl Mill {
    /// A mill that plans by sacks and try.
    pub(crate) fn new(plan: fn(u32, i32) -> Plan) -> Self {
        let known = Arc::default();
        Self { plan, known }
    }

    /// What became known so far.
    pub(crate) fn known<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.lock().unwrap())
    }

    fn begin(&self, id: JobId) -> Running {
        let mut known = self.known.lock().unwrap();
        assert!(known.running.insert(id), "job {id} runs twice at once");
        known.most = known.most.max(known.running.len());
        known.begun.push(id);
        Running(id, Arc::clone(&self.known))
    }

    async fn work(&self, sacks: u32, job: &JobContext) -> Result<Value, JobFault> {
        let _running = self.begin(job.id());
        match (self.plan)(sacks, job.attempt()) {
            Plan::Answer => Ok(json!({"sacks": sacks})),
            Plan::WaitForStop => {
                job.progress(0.5);
                job.stop().cancelled().await;
                assert!(job.is_stopped());
                Err(JobFault::Stopped)
            }
            Plan::Deaf => {
                self.known.lock().unwrap().stops.push(job.stop().clone());
                std::future::pending().await
            }
            Plan::Retry => Err(JobFault::retry("the sluice is shut")),
            Plan::Buried => Err(JobFault::retry(Uncounted(std::io::Error::other(
                "/etc/mill",
            )))),
            Plan::Database => Err(JobFault::retry(sqlx::Error::ColumnNotFound(
                "secret".into(),
            ))),
            Plan::Reject => Err(JobFault::reject("there are stones in it")),
            Plan::Panic => panic!("the wheel broke at sack {sacks}"),
            Plan::TooMuch => Ok(Value::String("x".repeat(1 << 20))),
            Plan::Moment(time) => {
                tokio::time::sleep(time).await;
                Ok(json!(sacks))
            }
        }
    }
}

impl Handler for Mill {
    type Args = Grind;

    async fn run(&self, args: Grind, job: &JobContext) -> Result<Value, JobFault> {
        self.work(args.sacks, job).await
    }
}

/// The same mill, for the long ones.
pub(crate) struct All(pub(crate) Mill);

impl Handler for All {
    type Args = GrindAll;

    async fn run(&self, args: GrindAll, job: &JobContext) -> Result<Value, JobFault> {
        self.0.work(args.sacks, job).await
    }
}

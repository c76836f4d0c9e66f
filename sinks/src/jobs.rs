//! The runner of jobs: takes those that are due, runs each with the handler of its kind, keeps it with signs of life, and
//! writes down how it ended.
//!
//! ```text
//!  enqueued + committed ─► wake ─┐                       ┌─► handler ──────┐
//!                 every POLL ────┴─► take (a free slot) ─┤                 ├─► end, under the fence ─► the slot is free
//!                                                        └─► signs of life ┘
//! ```
//!
//! *Invariant:* no database connection is held while a handler runs, so that one may use the pool even where it has a
//! single connection. A handler that loses its job, because its signs of life did not get through for as long as the lease,
//! is dropped where it stands, and what it may still write under the old fence is refused.
//!
//! To add a kind: `jobs/<kind>.rs` with a [`Handler`] of its arguments (`store::job::JobArgs`), and a line where the binary
//! makes the [`Handlers`].

pub mod clean;
mod context;
pub mod daily_summary;
pub mod expire_artefacts;
mod handler;
pub mod make_report;
mod slots;
mod work;

pub use context::JobContext;
pub use handler::{Handler, Handlers, JobFault};

use crate::backoff::Backoff;
use chrono::TimeDelta;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use millstream_domain::cause::in_full;
use millstream_domain::job::Queue;
use millstream_store::job::run::{Taken, Taking};
use millstream_store::{Store, StoreError};
use slots::{Slot, Slots};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Jobs of the default queue that a process runs at once: they mostly wait, for the database or for others.
pub const DEFAULT_AT_ONCE: usize = 4;
/// Jobs of the heavy queue that a process runs at once: each may need the memory or the cores of the machine.
pub const HEAVY_AT_ONCE: usize = 1;

/// The times by which jobs are run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks for jobs, when nothing wakes the runner before: jobs of other processes, and those that are tried
    /// again.
    pub poll: Duration,
    /// After the database did not answer.
    pub retry: Duration,
    /// How long a job is its runner's without a sign of life.
    pub lease: Duration,
    /// Between signs of life: a few may get lost. It also bounds how late a job learns that it was called off.
    pub pulse: Duration,
    /// The least between two signs of life that tell of progress.
    pub progress: Duration,
    /// How long a handler that was told to stop, because its job was called off or the process stops, may take.
    pub grace: Duration,
    /// Between tries.
    pub backoff: Backoff,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            retry: Duration::from_secs(5),
            lease: Duration::from_secs(30),
            pulse: Duration::from_secs(5),
            progress: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            backoff: Backoff {
                shortest: TimeDelta::zero(),
                first: TimeDelta::seconds(30),
                longest: TimeDelta::hours(1),
            },
        }
    }
}

impl Pace {
    fn lease_delta(&self) -> TimeDelta {
        TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }
}

/// The runner of one process. Any number may run on one database.
#[derive(Debug)]
pub struct JobRunner {
    store: Store,
    owner: String,
    handlers: Handlers,
    kinds: Vec<String>,
    pace: Pace,
    slots: Slots,
}

impl JobRunner {
    /// A runner of this store's jobs, of the kinds that these handlers know; `owner` is a name that is this process's
    /// alone.
    #[must_use]
    pub fn new(store: Store, owner: impl Into<String>, handlers: Handlers) -> Self {
        Self {
            store,
            owner: owner.into(),
            kinds: handlers.kinds(),
            handlers,
            pace: Pace::default(),
            slots: Slots::new(DEFAULT_AT_ONCE, HEAVY_AT_ONCE),
        }
    }

    /// The same at another pace.
    #[must_use]
    pub fn at_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Runs jobs until told to stop; those under way then have [`Pace::grace`] to end, and are given back if they do not.
    pub async fn run(self, stop: CancellationToken) {
        // Never full: whoever sends holds a slot.
        let (taken, under_way) = mpsc::channel(DEFAULT_AT_ONCE + HEAVY_AT_ONCE);
        // Side by side in one task: a handler that has a connection goes on while the taking waits for one.
        tokio::join!(self.take(taken, &stop), self.work_off(under_way, &stop));
    }

    /// Takes jobs as slots become free.
    async fn take(&self, taken: mpsc::Sender<(Taken, Slot)>, stop: &CancellationToken) {
        let wake = self.store.jobs_wake();
        while !stop.is_cancelled() {
            let pause = match self.take_due(&taken).await {
                Ok(()) => self.pace.poll,
                Err(error) => {
                    let error = in_full(&error);
                    tracing::warn!(error, "jobs have to wait");
                    self.pace.retry
                }
            };
            tokio::select! {
                () = wake.woken() => {}
                () = self.slots.freed() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn take_due(&self, taken: &mpsc::Sender<(Taken, Slot)>) -> Result<(), StoreError> {
        let lost = self.store.take_back_jobs().await?;
        if lost > 0 {
            tracing::warn!(
                jobs = lost,
                "jobs were taken back from runners that were not heard of any more"
            );
        }
        for queue in Queue::ALL {
            let mut free = self.slots.free(*queue);
            let taking = Taking {
                owner: &self.owner,
                queue: *queue,
                kinds: &self.kinds,
                limit: i64::try_from(free.len()).unwrap_or(0),
                lease: self.pace.lease_delta(),
            };
            if free.is_empty() || self.kinds.is_empty() {
                continue;
            }
            for job in self.store.take_jobs(&taking).await? {
                let slot = free.pop().expect("no more were taken than slots were free");
                taken
                    .send((job, slot))
                    .await
                    .expect("what receives ends after what sends");
            }
        }
        Ok(())
    }

    /// Runs what was taken, until nothing comes any more and everything has ended.
    async fn work_off(
        &self,
        mut under_way: mpsc::Receiver<(Taken, Slot)>,
        stop: &CancellationToken,
    ) {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((job, slot)) = under_way.recv() => running.push(self.work(job, slot, stop)),
                Some(()) = running.next() => {}
                else => break,
            }
        }
    }
}

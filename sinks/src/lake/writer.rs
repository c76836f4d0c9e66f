//! Writes what the sink of the lake has gathered, when it is much or old enough; puts small files together, and removes those
//! that nobody needs.

use super::{Gathered, Shared, of_lake};
use crate::postgres::{columns, fault, letters, signed, taken};
use millstream_domain::cause::in_full;
use millstream_pipelines::sink::Fault;
use millstream_store::pipeline;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long rows are in memory only. Short enough that no view that stands still is taken for one that does not commit, long
/// enough that a quiet house does not make a file for every event.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Pause after an error: a disk that is full does not get emptier by being asked.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often files are looked for that nobody needs any more: listing folders is cheap, but not free.
const VACUUM_EVERY: Duration = Duration::from_mins(20);

/// Who writes the lake. Runs beside the pipeline, and is stopped after it.
#[derive(Debug)]
pub struct LakeWriter {
    pub(super) shared: Arc<Shared>,
    every: Duration,
}

impl LakeWriter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            every: WRITE_EVERY,
        }
    }

    /// One that writes that often.
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Writes until asked to stop, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut next_vacuum = Instant::now() + VACUUM_EVERY;
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.shared.is_much.notified() => {}
                () = tokio::time::sleep(self.every) => {}
                () = stop.cancelled() => break,
            }
            match self.write().await {
                Ok(()) => self.keep_house(&mut next_vacuum).await,
                Err(error) => {
                    self.tell(&error);
                    let _ = stop
                        .run_until_cancelled(tokio::time::sleep(RETRY_AFTER))
                        .await;
                    // It is much, or old, still.
                    self.shared.is_much.notify_one();
                }
            }
        }
        if let Err(error) = self.write().await {
            self.tell(&error);
        }
    }

    fn tell(&self, error: &Fault) {
        let error = in_full(error);
        tracing::warn!(
            pipeline = self.shared.row,
            error,
            "the lake was not written; trying again"
        );
    }

    /// Writes everything that is gathered by now. Tried again after an error, it goes on where it was.
    pub async fn write(&self) -> Result<(), Fault> {
        let shared = &self.shared;
        let mut writing = shared.writing.lock().await;
        if writing.is_none() {
            *writing = shared.gathered(|gathered| {
                if !gathered.is_new || gathered.is_fenced {
                    return None;
                }
                // Under the lock with which the sink shows what it takes.
                shared.lake.freeze();
                Some(gathered.split())
            });
        }
        let Some(gathered) = writing.as_ref() else {
            return Ok(());
        };
        let started = Instant::now();
        shared.lake.write().await.map_err(of_lake)?;
        if !self.write_down(gathered).await? {
            shared.gathered(|gathered| gathered.is_fenced = true);
        }
        *writing = None;
        drop(writing);
        shared.written.notify_waiters();
        metrics::histogram!("millstream_lake_write_seconds")
            .record(started.elapsed().as_secs_f64());
        let tail = shared.lake.tail();
        metrics::gauge!("millstream_lake_tail_rows").set(count(tail.rows));
        metrics::gauge!("millstream_lake_tail_bytes").set(count(tail.bytes));
        metrics::gauge!("millstream_lake_files").set(count(shared.lake.files()));
        Ok(())
    }

    /// States, dead letters and cut, in one transaction; `false` when somebody else owns the pipeline.
    async fn write_down(&self, gathered: &Gathered) -> Result<bool, Fault> {
        let shared = &self.shared;
        let generation = gathered.generation.map_or(0, |generation| generation.0);
        let states: Vec<_> = gathered.states.values().cloned().collect();
        let written = async {
            let mut tx = shared.pool.begin().await?;
            let (cut, now) = (signed(gathered.cut), shared.clock.now());
            if !pipeline::move_cut(&mut tx, &shared.row, generation, cut, now).await? {
                return Ok(false);
            }
            pipeline::write_states(&mut tx, &shared.row, &columns(&states)).await?;
            pipeline::write_letters(&mut tx, &shared.row, &letters(&gathered.dead)).await?;
            pipeline::answer_letters(&mut tx, &shared.row, &taken(&gathered.taken)).await?;
            tx.commit().await?;
            Ok(true)
        };
        written.await.map_err(fault)
    }

    /// What nobody waits for: what does not succeed now does later.
    async fn keep_house(&self, next_vacuum: &mut Instant) {
        let lake = &self.shared.lake;
        let mut done = lake.compact().await;
        if done.is_ok() && Instant::now() >= *next_vacuum {
            *next_vacuum = Instant::now() + VACUUM_EVERY;
            done = lake.vacuum().await;
        }
        if let Err(error) = done {
            let error = in_full(&error);
            tracing::warn!(
                pipeline = self.shared.row,
                error,
                "the lake was not tidied up"
            );
        }
    }
}

impl Gathered {
    /// What is to be written; what stays has nothing new.
    fn split(&mut self) -> Self {
        self.is_new = false;
        Self {
            generation: self.generation,
            states: std::mem::take(&mut self.states),
            dead: std::mem::take(&mut self.dead),
            taken: std::mem::take(&mut self.taken),
            cut: self.cut,
            is_new: true,
            is_fenced: false,
        }
    }
}

/// For a gauge: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn count(number: usize) -> f64 {
    number as f64
}

//! The lake: changes are shown at once from memory, and written into Delta tables by size and time.
//!
//! ```text
//!  commit ─► tail in memory, shown ┐                    ┌─► each Delta table, a commit of its own, the events last
//!         └► states, dead letters  ┴─ by size and time ─┴─► Postgres: states, dead letters, cut
//! ```
//!
//! *Invariant:* what Postgres says is done stands in every table. A crash before that, and the records behind the cut are read
//! again; they make the same changes again, and each table leaves out what it has (`docs/decisions/0010`).
//!
//! So [`LakeSink::commit`] promises less than other sinks do: that reads see it, not that it lasts. What has to last is behind
//! the cut, which only [`LakeWriter`] moves.

pub mod changes;
mod writer;

use crate::postgres::{fault, refused, resumed};
use millstream_analytics_engine::lake::Batch;
use millstream_analytics_engine::{Lake, LakeError};
use millstream_domain::clock::Clock;
use millstream_event_log::{Cut, Seq};
use millstream_pipelines::dataflows::lake::LakeChange;
use millstream_pipelines::sink::{Commit, DeadLetter, Fault, Generation, Resume, Sink, StateRow};
use millstream_store::pipeline;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
pub use writer::LakeWriter;

/// Rows in memory from which on they are written: enough for files of a good size, little enough to be read again soon after
/// a crash.
pub const TAIL_ROWS: usize = 40_000;
/// Memory from which on it is written, for the same reasons: payloads of events can be large.
pub const TAIL_BYTES: usize = 48 * 1024 * 1024;
/// How many times as much there may be before the pipeline has to wait for the writer.
const TAIL_PATIENCE: usize = 2;

/// A sink into this lake, and who writes what it gathers; `row` is the name under which the pipeline is leased and reported.
#[must_use]
pub fn lake(
    lake: Lake,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    row: impl Into<String>,
) -> (LakeSink, LakeWriter) {
    let shared = Arc::new(Shared {
        lake,
        pool,
        clock,
        row: row.into(),
        gathered: Mutex::default(),
        writing: tokio::sync::Mutex::default(),
        is_much: Notify::new(),
        written: Notify::new(),
    });
    (LakeSink(Arc::clone(&shared)), LakeWriter::new(shared))
}

/// What sink and writer share.
#[derive(Debug)]
struct Shared {
    lake: Lake,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    row: String,
    gathered: Mutex<Gathered>,
    /// What is being written; held by whoever writes.
    writing: tokio::sync::Mutex<Option<Gathered>>,
    is_much: Notify,
    written: Notify,
}

/// What belongs to the tail and is kept in Postgres.
#[derive(Debug, Default)]
struct Gathered {
    generation: Option<Generation>,
    /// The newest of each key.
    states: BTreeMap<(String, String), StateRow>,
    dead: Vec<DeadLetter>,
    /// Records whose dead letters are answered.
    taken: Vec<Seq>,
    cut: u64,
    /// Whether there is anything that is not written.
    is_new: bool,
    /// Somebody else owns the pipeline.
    is_fenced: bool,
}

impl Shared {
    fn gathered<T>(&self, work: impl FnOnce(&mut Gathered) -> T) -> T {
        work(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is so many times as much in memory as should be written.
    fn is_over(&self, times: usize) -> bool {
        let tail = self.lake.tail();
        tail.rows > TAIL_ROWS * times || tail.bytes > TAIL_BYTES * times
    }
}

/// The sink of the lake.
#[derive(Debug)]
pub struct LakeSink(Arc<Shared>);

impl Sink for LakeSink {
    type Item = LakeChange;

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        let shared = &self.0;
        let mut writing = shared.writing.lock().await;
        *writing = None;
        let mut resume = resumed(&shared.pool, &shared.row, generation).await?;
        let cut = resume.cut.seq;
        let is_whole = shared.lake.begin(cut).await.map_err(of_lake)?;
        if !is_whole {
            tracing::warn!(
                pipeline = shared.row,
                cut,
                "the lake does not hold what was written down: it is made again from the log"
            );
            let begun = pipeline::begin_again(&shared.pool, &shared.row, generation.0).await;
            if !begun.map_err(fault)? {
                return Err(Fault::Fenced);
            }
            resume = Resume {
                cut: Cut::at(0),
                states: Vec::new(),
            };
        }
        shared.gathered(|gathered| {
            *gathered = Gathered {
                generation: Some(generation),
                cut: resume.cut.seq,
                ..Gathered::default()
            };
        });
        Ok(resume)
    }

    async fn refused(&mut self) -> Result<BTreeSet<Seq>, Fault> {
        refused(&self.0.pool, &self.0.row).await
    }

    async fn commit(&mut self, commit: &Commit<LakeChange>) -> Result<(), Fault> {
        let shared = &self.0;
        let changes = changes::of(&shared.lake, &commit.effects).map_err(of_lake)?;
        let batch = Batch {
            cut: commit.cut.seq,
            changes,
        };
        let is_fenced = shared.gathered(|gathered| {
            if !gathered.is_fenced {
                // Under one lock with the tail, so that the writer takes both as of one record.
                shared.lake.show(batch);
                gathered.take(commit);
            }
            gathered.is_fenced
        });
        if is_fenced {
            return Err(Fault::Fenced);
        }
        if shared.is_over(1) {
            shared.is_much.notify_one();
        }
        loop {
            // Before the look, so that what is written after it wakes.
            let written = shared.written.notified();
            if !shared.is_over(TAIL_PATIENCE) || shared.gathered(|gathered| gathered.is_fenced) {
                return Ok(());
            }
            shared.is_much.notify_one();
            written.await;
        }
    }
}

impl Gathered {
    fn take(&mut self, commit: &Commit<LakeChange>) {
        for row in &commit.states {
            let key = (row.operator.clone(), row.key.clone());
            self.states.insert(key, row.clone());
        }
        self.dead.extend(commit.dead.iter().cloned());
        self.taken.extend(&commit.taken);
        self.cut = self.cut.max(commit.cut.seq);
        self.is_new = true;
    }
}

/// What an error of the lake means to a pipeline.
fn of_lake(error: LakeError) -> Fault {
    match error {
        LakeError::Misfit { .. } => Fault::Reject(Box::new(error)),
        LakeError::Overtaken(_)
        | LakeError::Unavailable(_)
        | LakeError::CatchingUp
        | LakeError::TooLarge(_)
        | LakeError::TooSlow
        | LakeError::Busy
        | LakeError::Query(_) => Fault::Transient(Box::new(error)),
    }
}

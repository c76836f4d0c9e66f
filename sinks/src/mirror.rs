//! Mirrors of the log: records are written elsewhere, and once they are acknowledged, the cut moves in `stream.pipeline`.
//!
//! So a record may be written twice, after a crash in between, and readers drop what they have seen by its `seq`. A mirror
//! can be lost, in part or whole, while nobody looks; what it holds is compared with what was committed when it is opened,
//! with every acknowledgement, and now and then while nothing happens. What is missing is written again, by going back to
//! a cut before it.
//!
//! To add one: a [`Target`] here, and its reader in `event-log/src/backends`.

#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "redis")]
pub mod redis;

use crate::postgres::{columns, fault, letters, resumed, signed};
use millstream_domain::clock::Clock;
use millstream_domain::ids::EventId;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::{Budget, Cut, LogError, MirrorError, Record, Seq};
use millstream_pipelines::sink::{
    Commit, DeadLetter, Effect, Fault, Generation, Resume, Sink, StateRow,
};
use millstream_store::pipeline;
use sqlx::PgPool;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How often a mirror that is not written to is looked at: how long its loss may go unnoticed while nothing happens.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// What a mirror holds.
#[derive(Debug, Default)]
pub struct Holds {
    /// Where to go back to: something is missing behind this cut. `None` while nothing is.
    pub lost_behind: Option<Cut>,
    /// What to remember beside the cut then, instead of what was.
    pub marks: Vec<StateRow>,
    /// Records that it holds and that were not committed: those of this log, if it is this log's mirror.
    pub beyond: Vec<(Seq, EventId)>,
}

/// Where a mirror writes.
pub trait Target: Send + Sync + 'static {
    /// Its name: of the pipeline, and in messages.
    const NAME: &'static str;

    /// Makes it ready to be written to, and says what it holds of everything up to the cut. `marks` is what
    /// [`Target::marks`] gave when that was committed.
    fn open(
        &mut self,
        cut: Cut,
        marks: Vec<StateRow>,
    ) -> impl Future<Output = Result<Holds, Fault>> + Send;

    /// Removes what it holds and cannot go on from, after that was found to be this log's, and before what is missing comes.
    fn clear(&mut self) -> impl Future<Output = Result<(), Fault>> + Send {
        std::future::ready(Ok(()))
    }

    /// Writes records, in order, and waits until they are acknowledged. [`Fault::Lost`] when the acknowledgements show that
    /// something is gone that was there before.
    fn write(
        &mut self,
        records: &[Effect<Record>],
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What to remember beside the cut, by which a loss is noticed later.
    fn marks(&self) -> Vec<StateRow>;

    /// Looks whether all that was acknowledged is still there: [`Fault::Lost`] if not.
    fn check(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The sink of a mirror.
#[derive(Debug)]
pub struct MirrorSink<T> {
    target: T,
    log: PostgresLog,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    generation: Generation,
}

impl<T: Target> MirrorSink<T> {
    /// A sink that mirrors `log`, which is in the database of `pool`.
    pub fn new(target: T, log: PostgresLog, pool: PgPool, clock: Arc<dyn Clock>) -> Self {
        Self {
            target,
            log,
            pool,
            clock,
            generation: Generation(0),
        }
    }

    /// Sees to it that what the mirror holds beyond the cut is this log's.
    async fn recognise(&self, beyond: &[(Seq, EventId)]) -> Result<(), Fault> {
        for (seq, id) in beyond {
            let one = Budget {
                records: 1,
                bytes: 0,
            };
            let is_ours = match self.log.read(Cut::at(seq.saturating_sub(1)), one).await {
                Ok(batch) => batch.records.first().is_some_and(|it| it.id == *id),
                Err(LogError::Gap { .. }) => true,
                Err(LogError::Ahead { .. }) => false,
                Err(error) => return Err(Fault::Transient(Box::new(error))),
            };
            if !is_ours {
                let foreign = MirrorError::Foreign { seq: *seq };
                return Err(Fault::Fatal(Box::new(ForeignMirror(foreign))));
            }
        }
        Ok(())
    }

    /// Goes back to where something is missing.
    async fn go_back(&self, to: Cut, marks: &[StateRow]) -> Result<(), Fault> {
        tracing::warn!(
            mirror = T::NAME,
            cut = to.seq,
            "the mirror has lost records; it is filled again from the log"
        );
        metrics::counter!("millstream_mirror_losses_total", "mirror" => T::NAME).increment(1);
        let (generation, marks) = (self.generation.0, columns(marks));
        let done =
            pipeline::set_back(&self.pool, T::NAME, generation, signed(to.seq), &marks).await;
        match done {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Fenced),
            Err(error) => Err(fault(error)),
        }
    }

    async fn move_cut(&self, cut: Cut, dead: &[DeadLetter]) -> Result<bool, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let (generation, now) = (self.generation.0, self.clock.now());
        let cut = signed(cut.seq);
        if !pipeline::move_cut(&mut tx, T::NAME, generation, cut, now).await? {
            return Ok(false);
        }
        pipeline::write_states(&mut tx, T::NAME, &columns(&self.target.marks())).await?;
        pipeline::write_letters(&mut tx, T::NAME, &letters(dead)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl<T: Target> Sink for MirrorSink<T> {
    type Item = Record;

    const CHECK_EVERY: Option<Duration> = Some(CHECK_EVERY);

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        self.generation = generation;
        let Resume { cut, states } = resumed(&self.pool, T::NAME, generation).await?;
        let holds = self.target.open(cut, states).await?;
        self.recognise(&holds.beyond).await?;
        if let Some(back) = holds.lost_behind {
            self.target.clear().await?;
            self.go_back(back, &holds.marks).await?;
        }
        Ok(Resume {
            cut: holds.lost_behind.map_or(cut, |back| back.min(cut)),
            // The marks are the sink's own, and no operator's.
            states: Vec::new(),
        })
    }

    async fn commit(&mut self, commit: &Commit<Record>) -> Result<(), Fault> {
        if !commit.effects.is_empty() {
            // An owner that was overtaken would write what the new one writes. That harms nobody, but it is in vain.
            let newest = pipeline::is_newest(&self.pool, T::NAME, self.generation.0);
            if !newest.await.map_err(fault)? {
                return Err(Fault::Fenced);
            }
            self.target.write(&commit.effects).await?;
        }
        match self.move_cut(commit.cut, &commit.dead).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Fenced),
            Err(error) => Err(fault(error)),
        }
    }

    async fn check(&mut self) -> Result<(), Fault> {
        self.target.check().await
    }
}

/// The mirror is somebody else's, or from before an older copy of the database was restored.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0}. Remove its topics or streams, or choose another prefix; it is then filled from the log"
)]
struct ForeignMirror(MirrorError);

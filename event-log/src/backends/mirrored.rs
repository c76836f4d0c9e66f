//! A log that is read from a mirror, with the log itself behind it.
//!
//! What a mirror delivers is merged into the dense order ([`Merge`]). What it does not deliver within [`GAP_WAIT`], although
//! the log has it, is read from the log: a mirror that is away, was wiped, or is behind costs its readers nothing but the
//! load on the database that it was to take from it. So a mirror can be lost at any time, and nobody who reads it notices.
//!
//! To add a mirror: a [`Mirror`], which knows how to begin reading behind a cut, and its [`Source`], which hands over what
//! comes.
//!
//! *Invariant:* a batch is what the log itself would have given: dense, in order, never beyond the log's end. (But for the
//! address and the agent of clients, where the mirror leaves them out.)

mod reader;

use super::Log;
use super::merge::Merge;
use crate::cut::{Batch, Bounds, Budget, Cut, Seq};
use crate::error::{LogError, MirrorError};
use millstream_domain::ids::EventId;
use reader::Reader;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a record that the log has may be on its way through the mirror, before it is read from the log: some times as
/// long as a mirror that works takes.
pub const GAP_WAIT: Duration = Duration::from_millis(250);
/// Longest wait without a look: a mirror that has stopped to deliver without a word is found out after it.
const POLL: Duration = Duration::from_millis(250);

/// A mirror of the log.
pub trait Mirror: Debug + Send + Sync + 'static {
    /// What comes from it.
    type Source: Source;
    /// Its name in settings, metrics and messages.
    const NAME: &'static str;

    /// Begins to read behind a cut. The future lives as long as it takes, and must end by itself.
    fn open(&self, from: Cut) -> Opening<Self::Source>;
}

/// A mirror on its way to being read.
pub type Opening<S> = Pin<Box<dyn Future<Output = Result<Opened<S>, MirrorError>> + Send>>;

/// A mirror that can be read from a cut on.
#[derive(Debug)]
pub struct Opened<S> {
    /// What comes from it.
    pub source: S,
    /// The newest record that it holds, wherever it stands.
    pub newest: Option<(Seq, EventId)>,
}

/// What comes from a mirror, in one or several partitions.
pub trait Source: Debug + Send {
    /// Waits for something to come, then offers it, and what came with it, as far as there is [`Merge::room`]. Cancel-safe:
    /// what was taken was offered.
    fn more(&mut self, merge: &mut Merge) -> impl Future<Output = Result<(), MirrorError>> + Send;
}

/// How many records came from where, since the log was made.
#[derive(Debug, Default)]
struct Brought {
    mirror: AtomicU64,
    log: AtomicU64,
}

/// A log that is read from a mirror. Each clone is a reader of its own, with a place of its own in the mirror.
pub struct Mirrored<M: Mirror> {
    mirror: Arc<M>,
    truth: Arc<Log>,
    reader: Mutex<Reader<M::Source>>,
    brought: Arc<Brought>,
}

impl<M: Mirror> Clone for Mirrored<M> {
    fn clone(&self) -> Self {
        Self {
            mirror: Arc::clone(&self.mirror),
            truth: Arc::clone(&self.truth),
            reader: Mutex::new(Reader::new()),
            brought: Arc::clone(&self.brought),
        }
    }
}

impl<M: Mirror> Debug for Mirrored<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirrored")
            .field("mirror", &self.mirror)
            .field("truth", &self.truth)
            .finish_non_exhaustive()
    }
}

impl<M: Mirror> Mirrored<M> {
    /// The log `truth`, read from its mirror as far as that goes.
    pub fn new(mirror: M, truth: Log) -> Self {
        Self {
            mirror: Arc::new(mirror),
            truth: Arc::new(truth),
            reader: Mutex::new(Reader::new()),
            brought: Arc::default(),
        }
    }

    /// How many records all clones have read from the mirror, and how many from the log itself.
    #[must_use]
    pub fn brought(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.brought.mirror), count(&self.brought.log))
    }

    /// See [`crate::Log::read`].
    pub async fn read(&self, from: Cut, budget: Budget) -> Result<Batch, LogError> {
        let mut reader = self.reader.lock().await;
        if from < reader.merge.cut() {
            // Whoever looks back does not lose the place for it; whoever went back reads the log up to there.
            let batch = Box::pin(self.truth.read(from, budget)).await?;
            Self::count("log", &self.brought.log, batch.records.len());
            return Ok(batch);
        }
        reader.merge.pass(from);
        if from.seq >= reader.tail {
            reader.tail = self.bounds().await?.tail;
        }
        let tail = reader.tail;
        if from.seq > tail {
            return Err(LogError::Ahead {
                cut: from.seq,
                tail,
            });
        }
        if from.seq == tail && reader.merge.has_next() {
            // Nothing gets into a mirror before the log has it.
            reader.leave(M::NAME, &MirrorError::Foreign { seq: tail + 1 });
        }
        let mut records = Vec::new();
        if from.seq < tail && reader.has_next(budget, &*self.mirror, &self.truth).await? {
            records = reader.merge.take(budget, tail);
        }
        if let Some(last) = records.last() {
            Self::count("mirror", &self.brought.mirror, records.len());
            return Ok(Batch {
                cut: Cut::at(last.seq),
                records,
                tail,
            });
        }
        let batch = reader.fill(from, budget, &self.truth).await?;
        Self::count("log", &self.brought.log, batch.records.len());
        Ok(batch)
    }

    /// See [`crate::Log::wait`].
    pub async fn wait(&self, after: Cut) {
        let mut reader = self.reader.lock().await;
        if reader.merge.cut() != after || reader.merge.has_next() {
            return;
        }
        let reader = &mut *reader;
        tokio::select! {
            // A mirror that is at our place will bring what comes next; another one would not wake us.
            () = Box::pin(self.truth.wait(after)), if !reader.delivers() => {}
            () = reader.progress(M::NAME) => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }

    /// See [`crate::Log::bounds`].
    pub async fn bounds(&self) -> Result<Bounds, LogError> {
        // The mirror's ends are nobody's business: what it lacks is read from the log.
        Box::pin(self.truth.bounds()).await
    }

    fn count(from: &'static str, counter: &AtomicU64, records: usize) {
        counter.fetch_add(records as u64, Ordering::Relaxed);
        metrics::counter!("millstream_log_records_total", "log" => M::NAME, "from" => from)
            .increment(records as u64);
    }
}

#[cfg(test)]
mod tests;

//! The log in memory: the twin of the real one, for tests within a process.

use crate::cut::{Batch, Bounds, Budget, Cut, Seq};
use crate::error::LogError;
use crate::record::{NewEvent, Record};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// A log that lives as long as its clones. Cheap to clone; all clones are one log.
#[derive(Debug, Clone)]
pub struct MemoryLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    records: RwLock<Vec<Record>>,
    tail: watch::Sender<Seq>,
    away: AtomicBool,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self(Arc::new(Shared {
            records: RwLock::default(),
            tail: watch::Sender::new(0),
            away: AtomicBool::new(false),
        }))
    }
}

impl MemoryLog {
    /// Appends events at the end: outbox and mover in one. Answers with the last `seq`.
    pub fn append(&self, events: impl IntoIterator<Item = NewEvent>) -> Seq {
        let mut records = self
            .0
            .records
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for new in events {
            let seq = records.len() as Seq + 1;
            records.push(Record::from_new(
                new,
                seq,
                i64::try_from(seq).unwrap_or(i64::MAX),
            ));
        }
        self.announce(records.len())
    }

    /// Adds records that already have their `seq`, as a mirror does. Those that are there already are left alone.
    ///
    /// # Panics
    /// When a record would leave a gap: a mirror is fed in order.
    pub fn mirror(&self, new: &[Record]) -> Seq {
        let mut records = self
            .0
            .records
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for record in new {
            let next = records.len() as Seq + 1;
            assert!(
                record.seq <= next,
                "record {} would leave a gap after {}",
                record.seq,
                next - 1
            );
            if record.seq == next {
                records.push(record.clone());
            }
        }
        self.announce(records.len())
    }

    /// From now on, reads fail as those of a server that is away; or they work again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::Release);
    }

    fn announce(&self, len: usize) -> Seq {
        let tail = len as Seq;
        self.0.tail.send_replace(tail);
        tail
    }

    /// See [`crate::Log::read`].
    pub fn read(&self, from: Cut, budget: Budget) -> Result<Batch, LogError> {
        if self.0.away.load(Ordering::Acquire) {
            return Err(LogError::Unavailable(sqlx::Error::PoolClosed));
        }
        let all = self
            .0
            .records
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let tail = all.len() as Seq;
        let start = usize::try_from(from.seq)
            .ok()
            .filter(|start| *start <= all.len())
            .ok_or(LogError::Ahead {
                cut: from.seq,
                tail,
            })?;
        let mut bytes = 0;
        let records: Vec<_> = all[start..]
            .iter()
            .take(budget.records.max(1))
            .take_while(|record| {
                let first = bytes == 0;
                bytes += record.size();
                first || bytes <= budget.bytes
            })
            .cloned()
            .collect();
        let cut = records.last().map_or(from, |last| Cut::at(last.seq));
        Ok(Batch { records, cut, tail })
    }

    /// See [`crate::Log::wait`].
    pub async fn wait(&self, after: Cut) {
        let mut tail = self.0.tail.subscribe();
        // The sender lives as long as `self`.
        let _ = tail.wait_for(|tail| *tail > after.seq).await;
    }

    /// See [`crate::Log::bounds`].
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            head: 1,
            tail: *self.0.tail.borrow(),
        }
    }
}

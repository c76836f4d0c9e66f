//! The log's backends. Each gives the same records in the same order; all pass one suite (`tests/it/suite.rs`).
//!
//! To add one: a file here, an arm in each `match` below, and a line in the suite.

pub mod memory;
pub mod postgres;

use crate::cut::{Batch, Bounds, Budget, Cut};
use crate::error::LogError;
use memory::MemoryLog;
use postgres::PostgresLog;

/// The log, wherever it is kept. Cheap to clone.
///
/// An enum and not a boxed trait: the set is closed, and `async fn` in traits cannot be called through `dyn`.
#[derive(Debug, Clone)]
pub enum Log {
    /// In this process: for tests.
    Memory(MemoryLog),
    /// In Postgres: the truth.
    Postgres(PostgresLog),
}

impl Log {
    /// Reads what stands behind `from`, at most `budget`; an empty batch when there is nothing yet.
    pub async fn read(&self, from: Cut, budget: Budget) -> Result<Batch, LogError> {
        match self {
            Self::Memory(log) => log.read(from, budget),
            Self::Postgres(log) => log.read(from, budget).await,
        }
    }

    /// Waits until there may be something behind `after`: woken by the mover, and now and then without reason, because
    /// a hint is never the only wake-up. Cancel-safe, unlike [`Log::read`], which ought to be awaited to its end.
    pub async fn wait(&self, after: Cut) {
        match self {
            Self::Memory(log) => log.wait(after).await,
            Self::Postgres(log) => log.wait(after).await,
        }
    }

    /// The ends of the log.
    pub async fn bounds(&self) -> Result<Bounds, LogError> {
        match self {
            Self::Memory(log) => Ok(log.bounds()),
            Self::Postgres(log) => log.bounds().await,
        }
    }
}

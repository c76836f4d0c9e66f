//! The log's backends. Each gives the same records in the same order; all pass one suite (`tests/it/suite.rs`).
//!
//! Mirrors are read through [`mirrored`]; each has a feature of its own.
//!
//! To add one: a file here, an arm in each `match` below, and a line in the suite.

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;
pub mod merge;
pub mod mirrored;
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;

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
    /// In Kafka, with the truth behind it.
    #[cfg(feature = "kafka")]
    Kafka(kafka::KafkaLog),
    /// In Redis, with the truth behind it.
    #[cfg(feature = "redis")]
    Redis(redis::RedisLog),
}

impl Log {
    /// Reads what stands behind `from`, at most `budget`; an empty batch when there is nothing yet.
    pub async fn read(&self, from: Cut, budget: Budget) -> Result<Batch, LogError> {
        match self {
            Self::Memory(log) => log.read(from, budget),
            Self::Postgres(log) => log.read(from, budget).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(log) => log.read(from, budget).await,
            #[cfg(feature = "redis")]
            Self::Redis(log) => log.read(from, budget).await,
        }
    }

    /// Waits until there may be something behind `after`: woken by the mover, and now and then without reason, because
    /// a hint is never the only wake-up. Cancel-safe, unlike [`Log::read`], which ought to be awaited to its end.
    pub async fn wait(&self, after: Cut) {
        match self {
            Self::Memory(log) => log.wait(after).await,
            Self::Postgres(log) => log.wait(after).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(log) => log.wait(after).await,
            #[cfg(feature = "redis")]
            Self::Redis(log) => log.wait(after).await,
        }
    }

    /// The ends of the log.
    pub async fn bounds(&self) -> Result<Bounds, LogError> {
        match self {
            Self::Memory(log) => Ok(log.bounds()),
            Self::Postgres(log) => log.bounds().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(log) => log.bounds().await,
            #[cfg(feature = "redis")]
            Self::Redis(log) => log.bounds().await,
        }
    }
}

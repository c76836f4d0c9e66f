//! What can go wrong with the lake.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::TransactionError;

/// An error of the lake, by what a caller would do about it.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Somebody else has written a table meanwhile: look again where it is.
    #[error("another process writes the table \"{0}\" of the lake")]
    Overtaken(&'static str),
    /// The disk or the object store, most likely; try again.
    #[error("the lake cannot be used just now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row is not what its table needs.
    #[error("a row does not fit the table \"{table}\"")]
    Misfit {
        /// The table.
        table: &'static str,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// The tail has not caught up with what was written before the last stop.
    #[error("the lake is still catching up with what it held")]
    CatchingUp,
    /// A query could not be answered within its limits of memory.
    #[error("the question needs more memory than it may have")]
    TooLarge(#[source] DataFusionError),
    /// A query could not be answered in time.
    #[error("the question took longer than it may")]
    TooSlow,
    /// Too many ask at once.
    #[error("too many reports are being made at once")]
    Busy,
    /// A query of ours has failed.
    #[error("the question could not be answered")]
    Query(#[source] DataFusionError),
}

impl LakeError {
    /// An error of reading or writing.
    pub(crate) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }

    /// An error of a Delta commit.
    pub(crate) fn of_commit(table: &'static str, error: DeltaTableError) -> Self {
        match error {
            DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source:
                    TransactionError::MaxCommitAttempts(_)
                    | TransactionError::CommitConflict(_)
                    | TransactionError::VersionAlreadyExists(_),
            } => Self::Overtaken(table),
            other => Self::unavailable(other),
        }
    }
}

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::TooLarge(error),
            _ => Self::Query(error),
        }
    }
}

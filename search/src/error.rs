//! What can go wrong with the index.

use std::io::ErrorKind;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError};

/// An error of search, by what a caller would do about it.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another process writes this index; it may be about to end.
    #[error("another process writes the search index")]
    Locked,
    /// A newer owner has taken the index over.
    #[error("a newer owner writes the search index")]
    Fenced,
    /// The disk, most likely; try again.
    #[error("the search index cannot be used just now")]
    Unavailable(#[source] TantivyError),
    /// The files are not what was written. Opening the index anew rebuilds it.
    #[error("the search index is damaged: start anew to have it rebuilt")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The cursor is made up.
    #[error("must be a cursor that this search gave out")]
    Cursor,
}

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::IoError(ref source)
            | TantivyError::OpenReadError(OpenReadError::IoError {
                io_error: ref source,
                ..
            }) if !is_torn(source) => Self::Unavailable(error),
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Locked,
            TantivyError::IoError(_)
            | TantivyError::DataCorruption(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::SchemaError(_)
            | TantivyError::FieldNotFound(_)
            | TantivyError::DeserializeError(_)
            | TantivyError::OpenReadError(_) => Self::Damaged(Box::new(error)),
            other => Self::Unavailable(other),
        }
    }
}

/// Whether a file was read, and is not what it should be.
fn is_torn(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData
    )
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> Self {
        TantivyError::from(error).into()
    }
}

//! What can go wrong with the log.

use crate::cut::Seq;

/// An error of the log, by what a caller would do about it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The backend did not answer as it should; try again.
    #[error("the event log is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The records right behind the cut are gone. The view must be rebuilt.
    #[error("the log begins at {head}, but the reader needs {wanted}: rebuild the view")]
    Gap {
        /// The record that the reader needs next.
        wanted: Seq,
        /// The first record that is still there.
        head: Seq,
    },
    /// The reader has seen more than there is: an older copy of the database was restored.
    #[error(
        "the reader is at {cut}, but the log ends at {tail}: an older database was restored, rebuild the view"
    )]
    Ahead {
        /// Where the reader stands.
        cut: Seq,
        /// Where the log ends.
        tail: Seq,
    },
    /// A stored row is not a record: written by a newer version, or by hand.
    #[error("record {seq} of the log cannot be read: {reason}")]
    Malformed {
        /// Where it stands.
        seq: Seq,
        /// Why it cannot be read.
        reason: String,
    },
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// Why a mirror of the log is of no use at the moment. Its readers never see this: they go on with the log itself.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// It does not answer as it should.
    #[error("the mirror is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It holds something that is no record of a log.
    #[error("the mirror holds something that is no record: {0}")]
    Malformed(String),
    /// It holds a record that this log does not have: it belongs to another installation, or to a database that was
    /// since replaced by an older copy.
    #[error("the mirror holds another history than the log: record {seq} is not the log's")]
    Foreign {
        /// Where the record stands.
        seq: Seq,
    },
}

/// A payload that does not have the form its type and version promise.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No event has this type. A newer version may have written it.
    #[error("there is no event of type \"{0}\"")]
    UnknownType(String),
    /// The version is newer than this program.
    #[error("\"{kind}\" has schema version {version}, this program reads up to {newest}")]
    UnknownVersion {
        /// The event's type.
        kind: String,
        /// The version that was read.
        version: u16,
        /// The newest version that this program knows.
        newest: u16,
    },
    /// The JSON does not fit.
    #[error("the payload of \"{kind}\" does not fit its schema")]
    Payload {
        /// The event's type.
        kind: String,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
}

//! What can go wrong in the store, by what a caller does about it.

use millstream_domain::cause::in_full;
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::policy::Refusal;
use sqlx::error::DatabaseError;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The thing itself does not exist.
    #[error("not found")]
    NotFound,
    /// The policy said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request's fields are wrong, or refer to what does not exist.
    #[error("{}", fields_text(.0))]
    Fields(Vec<FieldError>),
    /// The version that the caller knows is not the newest.
    #[error("it was changed meanwhile: version {now} is the newest")]
    Stale {
        /// The version there is.
        now: i64,
    },
    /// Something that must be unique is in use.
    #[error("{field} is taken")]
    Taken {
        /// The field of the request.
        field: &'static str,
    },
    /// Several things that must be unique are in use.
    #[error("{} are taken", .0.join(" and "))]
    AllTaken(Vec<&'static str>),
    /// It is in a state in which this cannot be done.
    #[error("{0}")]
    Conflict(String),
    /// The same idempotency key with another body.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// The caller sees less than when the answer to this idempotency key was first given.
    #[error(
        "you see less now than when this was first answered, and the answer is not given again"
    )]
    SeesLess,
    /// The first request with this idempotency key has not been answered yet.
    #[error("the first request with this idempotency key is still running")]
    StillRunning,
    /// The database did not answer, or not in time: the same may go well a moment later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database understood something that is wrong with us: a statement, a right, a type. No other try helps.
    #[error("the database refused a statement")]
    Internal(#[source] sqlx::Error),
}

impl StoreError {
    /// One wrong field.
    pub fn field(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self::Fields(vec![FieldError::new(field, code, message)])
    }
}

impl From<sqlx::Error> for StoreError {
    /// Constraints that guard uniqueness carry the name of what is taken; the rest is the database's business.
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refused) if is_data_exception(refused) => {
                // The types of `domain` let no such value through; a client is to hear of it all the same, not to wait
                // for a database that is well.
                tracing::warn!(error = in_full(&error), "a value got past its checks");
                Self::field(
                    "",
                    FieldCode::Invalid,
                    "holds a value that cannot be stored",
                )
            }
            // What it refers to was there a moment ago, or it would have been refused for that.
            Some(refused) if refused.is_foreign_key_violation() => {
                Self::Conflict("something that it refers to was deleted meanwhile".into())
            }
            Some(refused) => match refused.constraint().and_then(field_of) {
                Some(field) => Self::Taken { field },
                None if is_passing(refused) => Self::Unavailable(error),
                None => Self::Internal(error),
            },
            None if is_away(&error) => Self::Unavailable(error),
            None => Self::Internal(error),
        }
    }
}

/// Whether there was no conversation with the database, or it broke off.
fn is_away(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

/// Classes of the standard's codes for what passes by itself: no connection (08), a transaction that others got in the way of
/// (40), no room (53), a row that was locked for too long (55), a statement that took too long, or a server that stops (57), and
/// one that has trouble with its disk (58).
const PASSING: [&str; 6] = ["08", "40", "53", "55", "57", "58"];

fn is_passing(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    PASSING.iter().any(|class| code.starts_with(class))
}

/// The field of a request that a uniqueness constraint guards.
fn field_of(constraint: &str) -> Option<&'static str> {
    Some(match constraint {
        "user_username_taken" => "username",
        "user_email_taken" => "email",
        "project_key_taken" => "key",
        "tag_name_taken" | "schedule_name" => "name",
        "task_imported_from" => "metadata.imported_from",
        _ => return None,
    })
}

/// Class 22 of the standard's codes: the statement was good, a value in it was not.
pub(crate) fn is_data_exception(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("22"))
}

fn fields_text(fields: &[FieldError]) -> String {
    let texts: Vec<_> = fields.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

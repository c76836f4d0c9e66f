//! What can go wrong in the store, by what a caller does about it.

use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::policy::Refusal;

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
    #[error("it was changed meanwhile: version {now}, not {expected}")]
    Stale {
        /// The version that the caller knows.
        expected: i64,
        /// The version there is.
        now: i64,
    },
    /// Something that must be unique is in use.
    #[error("{field} is taken")]
    Taken {
        /// The field of the request.
        field: &'static str,
    },
    /// It is in a state in which this cannot be done.
    #[error("{0}")]
    Conflict(String),
    /// The same idempotency key with another body.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// The first request with this idempotency key has not been answered yet.
    #[error("the first request with this idempotency key is still running")]
    StillRunning,
    /// The database did not answer as it should.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
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
        let constraint = error.as_database_error().and_then(|e| e.constraint().map(str::to_owned));
        match constraint.as_deref() {
            Some("user_username_taken") => Self::Taken { field: "username" },
            Some("user_email_taken") => Self::Taken { field: "email" },
            Some("project_key_taken") => Self::Taken { field: "key" },
            Some("tag_name_taken") => Self::Taken { field: "name" },
            Some("task_imported_from") => Self::Taken { field: "metadata.imported_from" },
            _ => Self::Unavailable(error),
        }
    }
}

fn fields_text(fields: &[FieldError]) -> String {
    let texts: Vec<_> = fields.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

//! What is wrong with a field of a request, in the words of the API contract.

use serde::Serialize;

/// Why a field was refused: the `code` of each of `fields[]` in a problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// It must be there.
    Required,
    /// Fewer than the least number of characters.
    TooShort,
    /// More than the limit.
    TooLong,
    /// Of the wrong type or form.
    Invalid,
    /// Not among the values that are allowed.
    NotOneOf,
    /// Refers to something that does not exist, or that the caller may not see.
    NotFound,
    /// There is no such field.
    Unknown,
    /// Set by the server alone.
    ReadOnly,
    /// Must be unique and is in use.
    Taken,
    /// A number or a time outside its bounds.
    OutOfRange,
}

/// One wrong field: where (`assignees[0].user_id`), which rule, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field} {message}")]
pub struct FieldError {
    /// Path of the field in the request.
    pub field: String,
    /// The rule it broke.
    pub code: FieldCode,
    /// What to do, to be read after the field's name: "must not be empty".
    pub message: String,
}

impl FieldError {
    /// A wrong field.
    pub fn new(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// A broken rule, before it is known under which path the value stood in the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The rule.
    pub code: FieldCode,
    /// What to do, to be read after the field's name.
    pub message: String,
}

impl Invalid {
    /// A broken rule.
    pub fn new(code: FieldCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The same, at its place in the request.
    pub fn at(self, field: impl Into<String>) -> FieldError {
        FieldError {
            field: field.into(),
            code: self.code,
            message: self.message,
        }
    }
}

//! One operation of a batch, read as the route reads it that does the same alone.

use crate::api::tasks::{create, update};
use crate::error::ApiError;
use crate::extract::Fields;
use crate::extract::path::Segment;
use crate::extract::value::{object, text, word, wrong_type};
use axum::http::StatusCode;
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_store::Versions;
use millstream_store::task::{Adjustment, BatchEdit, BatchItem, TaskPlace, TaskRef};
use serde_json::{Map, Value};
use std::str::FromStr;
use utoipa::openapi::Object;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Create,
    Patch,
    Archive,
    Delete,
}

const OPS: [(&str, Op); 4] = [
    ("create", Op::Create),
    ("patch", Op::Patch),
    ("archive", Op::Archive),
    ("delete", Op::Delete),
];

/// The words, for the document.
pub(super) fn words() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(OPS.map(|(word, _)| word)))
        .build()
}

impl FromStr for Op {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = OPS.iter().find(|(word, _)| *word == text);
        known.map(|(_, op)| *op).ok_or_else(|| {
            Invalid::new(
                FieldCode::NotOneOf,
                "must be create, patch, archive or delete",
            )
        })
    }
}

impl Op {
    /// The status of the route that does the same alone.
    pub(super) fn done(self) -> StatusCode {
        match self {
            Self::Create => StatusCode::CREATED,
            Self::Patch | Self::Archive => StatusCode::OK,
            Self::Delete => StatusCode::NO_CONTENT,
        }
    }
}

/// An operation that could be read.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) op: Op,
    pub(super) item: BatchItem,
}

/// Which task, in which version.
struct Which {
    task: TaskRef,
    expected_version: Option<Versions>,
}

impl Operation {
    /// Reads it; everything wrong with it is told at once.
    pub(super) fn read(value: Value) -> Result<Self, ApiError> {
        let members = object(value).map_err(|invalid| {
            let error = ApiError::validation(vec![invalid.at("")]);
            error.saying("the operation must be a JSON object")
        })?;
        let mut fields = Fields::new(members);
        let body = fields.optional("body", object);
        let Some(op) = fields.required("op", word::<Op>) else {
            // What else it may have depends on what it is.
            for name in ["id", "version"] {
                fields.optional(name, Ok);
            }
            return Err(fields.finish(|| Some(())).err().unwrap_or_else(unreadable));
        };
        let item = match op {
            Op::Create => {
                let rest = fields.finish(|| Some(()));
                let new = create::read(body_of(body));
                let ((), new) = both(rest, new)?;
                BatchItem::Create(Box::new(new))
            }
            Op::Patch => {
                let which = which(fields);
                let edit = update::read(body_of(body));
                let (which, edit) = both(which, edit)?;
                BatchItem::Edit(Box::new(BatchEdit {
                    task: which.task,
                    expected_version: which.expected_version,
                    edit,
                    adjust: Adjustment::default(),
                }))
            }
            Op::Archive | Op::Delete => {
                let which = which(fields);
                let empty = body_of(body).finish(|| Some(()));
                let (which, ()) = both(which, empty)?;
                let place = match op {
                    Op::Archive => TaskPlace::Archive,
                    Op::Create | Op::Patch | Op::Delete => TaskPlace::Trash,
                };
                BatchItem::Place {
                    task: which.task,
                    expected_version: which.expected_version,
                    place,
                }
            }
        };
        Ok(Self { op, item })
    }
}

fn unreadable() -> ApiError {
    ApiError::bad_request("the operation cannot be read")
}

fn body_of(body: Option<Map<String, Value>>) -> Fields {
    Fields::new(body.unwrap_or_default())
}

/// A name or id of the wrong form names nothing, like one that does not exist.
fn which(mut fields: Fields) -> Result<Which, ApiError> {
    let id = fields.required("id", text(|text| Ok(text.to_owned())));
    let version = fields.optional("version", version);
    let (id, expected_version) = fields.finish(|| Some((id?, version)))?;
    let task = TaskRef::read(&id).ok_or_else(ApiError::not_found)?;
    Ok(Which {
        task,
        expected_version,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "all readers have one form")]
fn version(value: Value) -> Result<Versions, Invalid> {
    match value.as_i64() {
        Some(version) if version > 0 => Ok(version.into()),
        Some(_) => Err(Invalid::new(FieldCode::OutOfRange, "must be at least 1")),
        None => Err(wrong_type("a whole number", &value)),
    }
}

/// Both; or all that is wrong with either.
fn both<A, B>(one: Result<A, ApiError>, other: Result<B, ApiError>) -> Result<(A, B), ApiError> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(one), Err(other)) if one.code == other.code => {
            let fields: Vec<FieldError> = [one.fields, other.fields].concat();
            Err(ApiError::validation(fields))
        }
        // What has the wrong form is told before what is not there.
        (Err(one), Err(other)) => Err(if one.fields.is_empty() { other } else { one }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The code, and the fields that are wrong.
    fn told(operation: Value) -> (String, Vec<(String, FieldCode)>) {
        let error = Operation::read(operation).expect_err("is refused");
        let fields = error.fields.into_iter().map(|f| (f.field, f.code));
        (error.code.as_str().to_owned(), fields.collect())
    }

    fn wrong(operation: Value, expected: &[(&str, FieldCode)]) {
        let (code, fields) = told(operation);
        let fields: Vec<_> = fields.iter().map(|(f, c)| (f.as_str(), *c)).collect();
        assert_eq!(
            (code.as_str(), fields.as_slice()),
            ("validation_failed", expected)
        );
    }

    #[test]
    fn everything_wrong_with_an_operation_is_told_at_once() {
        wrong(json!(7), &[("", FieldCode::Invalid)]);
        wrong(json!({}), &[("op", FieldCode::Required)]);
        wrong(
            json!({"op": "explode", "id": "ENG-1", "odd": 1}),
            &[("op", FieldCode::NotOneOf), ("odd", FieldCode::Unknown)],
        );
        wrong(
            json!({"op": "create", "id": "ENG-1", "body": {"title": ""}}),
            &[
                ("id", FieldCode::Unknown),
                ("project_id", FieldCode::Required),
                ("title", FieldCode::Required),
            ],
        );
        wrong(
            json!({"op": "patch", "version": "1", "body": {"status": "x", "number": 1}}),
            &[
                ("id", FieldCode::Required),
                ("version", FieldCode::Invalid),
                ("status", FieldCode::NotOneOf),
                ("number", FieldCode::ReadOnly),
            ],
        );
        wrong(
            json!({"op": "delete", "id": "ENG-1", "version": 0, "body": {"why": "x"}}),
            &[
                ("version", FieldCode::OutOfRange),
                ("why", FieldCode::Unknown),
            ],
        );
    }

    #[test]
    fn what_names_nothing_is_not_found() {
        let (code, _) = told(json!({"op": "archive", "id": "../etc"}));
        assert_eq!(code, "not_found");
        let (code, _) = told(json!({"op": "patch", "id": "", "body": {"status": "x"}}));
        assert_eq!(code, "validation_failed");
    }

    #[test]
    fn an_operation_without_a_body_changes_nothing() {
        let read = Operation::read(json!({"op": "patch", "id": "ENG-1", "version": 3}));
        assert!(matches!(
            read.map(|read| (read.op, read.item)),
            Ok((Op::Patch, BatchItem::Edit(_)))
        ));
    }
}

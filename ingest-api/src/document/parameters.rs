//! Parameters that mean the same wherever they stand, with their forms and limits.
//!
//! To add one: an arm in [`shared`].

use super::headers::{add, if_none_match};
use super::{Described, is_one};
use crate::api::audit::list::WORD_CHARACTERS_MAX;
use crate::api::jobs::list::KIND_CHARACTERS_MAX;
use crate::api::schema;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, Q_CHARACTERS_MAX};
use axum::http::Method;
use millstream_analytics_engine::reports::distribution::Group;
use millstream_analytics_engine::reports::{DAYS_DEFAULT, DAYS_MAX};
use millstream_domain::job::{JobState, Queue};
use millstream_domain::task::{Priority, Status};
use millstream_store::page::{LIMIT_DEFAULT, LIMIT_MAX};
use millstream_store::pipeline::letter::LetterState;
use millstream_store::task::SortField;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, ArrayItems, ObjectBuilder, Schema, Type,
};

/// A task's name, in whatever case.
const TASK_NAME: &str = "^[A-Za-z][A-Za-z0-9]{1,9}-[1-9][0-9]{0,17}$";

/// Writes the shared forms into an operation.
pub(super) fn describe(described: &mut Described<'_>) {
    for parameter in described.operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else {
            continue;
        };
        if let Some(schema) = shared(described.path, parameter) {
            parameter.schema = Some(RefOr::T(schema));
        }
        without_nul(parameter);
    }
    if described.method == Method::GET && is_one(described) {
        add(described.operation, if_none_match());
    }
}

/// No query may hold U+0000, which Postgres cannot keep.
fn without_nul(parameter: &mut Parameter) {
    let mut schema = match &mut parameter.schema {
        Some(RefOr::T(schema)) if parameter.parameter_in == ParameterIn::Query => schema,
        _ => return,
    };
    if let Schema::Array(list) = schema {
        let ArrayItems::RefOrSchema(items) = &mut list.items else {
            return;
        };
        let RefOr::T(item) = &mut **items else { return };
        schema = item;
    }
    if let Schema::Object(object) = schema
        && object.schema_type == Type::String.into()
        && object.enum_values.is_none()
        && object.format.is_none()
    {
        object
            .pattern
            .get_or_insert_with(|| r"^[^\x00]*$".to_owned());
    }
}

/// The form of a parameter that has one everywhere.
fn shared(path: &str, parameter: &Parameter) -> Option<Schema> {
    let is_path = parameter.parameter_in == ParameterIn::Path;
    Some(match parameter.name.as_str() {
        "id" if is_path && path.starts_with("/api/v1/tasks/{id}") => task(),
        _ if parameter.parameter_in != ParameterIn::Query => return None,
        "limit" => limit(),
        "cursor" => text()
            .max_length(Some(CURSOR_CHARACTERS_MAX))
            .build()
            .into(),
        "q" => text().max_length(Some(Q_CHARACTERS_MAX)).build().into(),
        "archived" => words(["false", "true", "any"]),
        "assignee" | "created_by" => list(person()),
        "user" | "actor" => person(),
        "state" if path.ends_with("/jobs") => {
            list(words(JobState::ALL.iter().map(|it| it.as_str())))
        }
        "state" if path.ends_with("/dead-letters") => {
            list(words(LetterState::ALL.iter().map(|it| it.as_str())))
        }
        "days" => days(),
        "by" => words(Group::ALL.iter().map(|(name, _)| *name)),
        "action" | "entity" if path.starts_with("/api/v1/audit") => {
            text().max_length(Some(WORD_CHARACTERS_MAX)).build().into()
        }
        "kind" if path.ends_with("/jobs") => {
            text().max_length(Some(KIND_CHARACTERS_MAX)).build().into()
        }
        "queue" => words(Queue::ALL.iter().map(|it| it.as_str())),
        name if lists_tasks(path) => return of_tasks(name),
        _ => return None,
    })
}

/// Whether a list of tasks is answered, which all have the same filters.
fn lists_tasks(path: &str) -> bool {
    path.ends_with("/tasks") || path.ends_with("/subtasks")
}

fn of_tasks(name: &str) -> Option<Schema> {
    Some(match name {
        "status" => list(words(Status::ALL.iter().map(|it| it.as_str()))),
        "priority" => list(words(Priority::ALL.iter().map(|it| it.as_str()))),
        "sort" => {
            let fields = SortField::ALL.map(SortField::as_str);
            let descending = fields.map(|field| format!("-{field}"));
            let descending = descending.iter().map(String::as_str);
            words(fields.into_iter().chain(descending))
        }
        _ => return None,
    })
}

/// A task, by id or by name.
fn task() -> Schema {
    any_of([uuid(), text().pattern(Some(TASK_NAME)).build().into()])
}

fn limit() -> Schema {
    let limit = ObjectBuilder::new().schema_type(Type::Integer);
    let limit = limit.minimum(Some(1)).maximum(Some(LIMIT_MAX));
    limit.default(Some(LIMIT_DEFAULT.into())).build().into()
}

fn days() -> Schema {
    let days = ObjectBuilder::new().schema_type(Type::Integer);
    let days = days.minimum(Some(1)).maximum(Some(DAYS_MAX));
    days.default(Some(DAYS_DEFAULT.into())).build().into()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn uuid() -> Schema {
    schema::id().into()
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Schema {
    text().enum_values(Some(words)).build().into()
}

/// An id, or `me`.
fn person() -> Schema {
    any_of([uuid(), words(["me"])])
}

fn list(item: Schema) -> Schema {
    ArrayBuilder::new().items(RefOr::T(item)).build().into()
}

fn any_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    let any = AnyOfBuilder::new();
    let any = schemas.into_iter().fold(any, AnyOfBuilder::item);
    any.build().into()
}

//! Parts of the `OpenAPI` document that are the same in many places.

use crate::error::Problem;
use crate::problem::Code;
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::{Locale, Role};
use std::collections::BTreeMap;
use std::fmt::Write;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// Every answer that is not a success.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut about = "A problem; `error.code` says which:\n\n".to_owned();
        for code in Code::ALL {
            let _ = writeln!(
                about,
                "- `{}` ({}): {}",
                code.as_str(),
                code.status().as_u16(),
                code.title()
            );
        }
        let schema = Ref::from_schema_name(Problem::name());
        let problem = ResponseBuilder::new()
            .description(about)
            .content("application/problem+json", Content::new(Some(schema)))
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(problem))])
    }
}

fn words(words: Vec<&'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(words))
        .build()
}

pub(crate) fn status() -> Object {
    words(Status::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn priority() -> Object {
    words(Priority::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn assignee_role() -> Object {
    words(AssigneeRole::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn team_role() -> Object {
    words(TeamRole::ALL.iter().map(|w| w.as_str()).collect())
}

/// The same, or null.
pub(crate) fn team_role_or_null() -> Object {
    let roles = TeamRole::ALL.iter().map(|role| Some(role.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(roles.chain([None])))
        .build()
}

pub(crate) fn role() -> Object {
    words(Role::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn locale() -> Object {
    words(Locale::ALL.iter().map(|w| w.as_str()).collect())
}

/// Any JSON.
pub(crate) fn any() -> RefOr<utoipa::openapi::Schema> {
    serde_json::Value::schema()
}

//! Bodies that are sent to us: objects whose members are all known. A member that nobody knows is a 422, so the schema
//! says that there are none. A body of which nothing is required may be left out, and is never null. What is answered
//! stays open: a newer server may add members.

use axum::http::Method;
use std::collections::BTreeSet;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Type};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};

/// Closes every schema that is reached from a request's body.
pub(super) fn close(document: &mut OpenApi) {
    let mut names = sent(document);
    let Some(components) = &mut document.components else {
        return;
    };
    let mut closed = BTreeSet::new();
    while let Some(name) = names.pop_first() {
        if let Some(RefOr::T(schema)) = components.schemas.get_mut(&name)
            && closed.insert(name)
        {
            close_schema(schema, &mut names);
        }
    }
}

/// The schemas that bodies are made of.
fn sent(document: &mut OpenApi) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in document.paths.paths.values_mut() {
        for (method, operation) in super::operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                // A patch of nothing.
                if method == Method::PATCH {
                    body.required = Some(Required::False);
                }
                let contents = body
                    .content
                    .values_mut()
                    .filter_map(|content| match content {
                        RefOr::T(content) => content.schema.as_mut(),
                        RefOr::Ref(_) => None,
                    });
                for schema in contents {
                    never_null(schema);
                    close_inner(schema, &mut names);
                }
            }
        }
    }
    names
}

/// `Option<Body>` stands for a body that may be left out.
fn never_null(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(one)) = schema else {
        return;
    };
    one.items.retain(|item| !is_null(item));
    if let [body] = one.items.as_slice() {
        *schema = body.clone();
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == Type::Null.into())
}

fn close_inner(schema: &mut RefOr<Schema>, names: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next();
            names.extend(name.map(str::to_owned));
        }
        RefOr::T(schema) => close_schema(schema, names),
    }
}

fn close_schema(schema: &mut Schema, names: &mut BTreeSet<String>) {
    match schema {
        Schema::Object(object) => {
            // Without members it is free, such as metadata.
            if !object.properties.is_empty() {
                let closed = AdditionalProperties::FreeForm(false);
                object.additional_properties.get_or_insert(Box::new(closed));
            }
            let members = object.properties.values_mut();
            members.for_each(|member| close_inner(member, names));
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                close_inner(items, names);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|s| close_inner(s, names)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|s| close_inner(s, names)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|s| close_inner(s, names)),
        _ => {}
    }
}

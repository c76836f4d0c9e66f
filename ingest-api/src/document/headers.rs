//! Header parameters: those of HTTP that we heed, and our own. An extractor that reads one says so in the `params(…)` of
//! its handlers: `params(IfMatch, …)`.

use crate::extract::IfMatch;
use crate::position::{WAIT_MS_DEFAULT, WAIT_MS_MAX, WaitFor};
use millstream_store::version::VERSIONS_MAX;
use utoipa::IntoParams;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required};

pub(super) const IF_MATCH: &str = "If-Match";
pub(super) const IF_NONE_MATCH: &str = "If-None-Match";
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
pub(super) const WAIT_FOR: &str = "Millstream-Wait-For";
const WAIT_MS: &str = "Millstream-Wait-Ms";

/// Whether an operation takes a header.
pub(super) fn takes(operation: &Operation, header: &str) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(p) if p.name == header))
}

/// Adds a parameter to those of an operation.
pub(super) fn add(operation: &mut Operation, parameter: Parameter) {
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(RefOr::T(parameter));
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = r#"(W/)?"[!#-~]*""#;
        let tags = format!("^(\\*|{tag}( ?, ?{tag}){{0,{}}})$", VERSIONS_MAX - 1);
        let about =
            "The `ETag` that you know, or a list: refuses to change what you have not seen (412)";
        vec![header(IF_MATCH, about, text().pattern(Some(tags)))]
    }
}

impl IntoParams for WaitFor {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let position = text().pattern(Some("^[ws][0-9]{1,18}$"));
        let ms = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(WAIT_MS_MAX))
            .default(Some(WAIT_MS_DEFAULT.into()));
        let about = "A `Millstream-Position`: the answer has seen that write";
        vec![
            header(WAIT_FOR, about, position),
            header(WAIT_MS, "How long to wait for it, in milliseconds", ms),
        ]
    }
}

pub(super) fn if_none_match() -> Parameter {
    let about = "`ETag`s that you have: 304 if one of them is the newest";
    header(IF_NONE_MATCH, about, text())
}

pub(super) fn idempotency_key() -> Parameter {
    // Visible ASCII is what every proxy passes on; other UTF-8 is understood too. The empty text is a text like any other.
    let key = text()
        .max_length(Some(255))
        .pattern(Some("^([!-~]+( [!-~]+)*)?$"));
    let about = "The same act under the same key is done once, and answered alike for a day";
    header(IDEMPOTENCY_KEY, about, key)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

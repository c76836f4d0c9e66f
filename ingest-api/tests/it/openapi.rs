//! The `OpenAPI` document: whole, and true to what is answered.

mod answers;
mod described;
mod document;
mod schema;

pub(crate) use described::check;
pub(crate) use document::OPEN;

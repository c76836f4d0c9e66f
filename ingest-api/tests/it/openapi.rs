//! The `OpenAPI` document: whole, and true to what is answered.

mod answers;
mod document;
mod schema;

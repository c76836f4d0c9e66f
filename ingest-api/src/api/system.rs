//! How the server is, and the document of all this.

pub(crate) mod document;
pub(crate) mod health;

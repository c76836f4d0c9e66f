//! Reading what clients send, strictly: every wrong part is told, all at once, and nothing is silently dropped.
//!
//! - [`body`]: a JSON body, and [`fields`]: its members one by one;
//! - [`params`]: the query;
//! - [`path`]: ids in the path;
//! - [`if_match`]: the version that the client knows.

pub(crate) mod body;
pub(crate) mod fields;
pub(crate) mod if_match;
pub(crate) mod json;
pub(crate) mod params;
pub(crate) mod path;
pub(crate) mod value;

pub(crate) use body::JsonBody;
pub(crate) use fields::Fields;
pub(crate) use if_match::IfMatch;
pub(crate) use params::{NoParams, Params};
pub(crate) use path::{Id, IdIn};

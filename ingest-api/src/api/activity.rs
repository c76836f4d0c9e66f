//! The activity.

pub(crate) mod list;
pub(crate) mod text;
mod words;

//! The pipelines, as people see them.

pub(crate) mod list;
pub(crate) mod rate;

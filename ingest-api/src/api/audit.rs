//! The audit.

pub(crate) mod checkpoint;
pub(crate) mod export;
pub(crate) mod list;
pub(crate) mod proof;

/// The view behind it.
pub(crate) const VIEW: &str = "audit";

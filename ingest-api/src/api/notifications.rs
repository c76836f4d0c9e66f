//! One's own inbox.

pub(crate) mod list;
pub(crate) mod preferences;
pub(crate) mod read;

/// The view behind it.
pub(crate) const VIEW: &str = "notifications";

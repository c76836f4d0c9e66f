//! A way to look at a list, among others.

/// A link of a row of such ways.
pub(crate) struct Choice {
    pub(crate) text: &'static str,
    pub(crate) url: String,
    pub(crate) is_chosen: bool,
}

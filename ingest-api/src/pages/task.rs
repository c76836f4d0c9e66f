//! `/tasks`: one task with all that belongs to it, a new one, and changes.

mod act;
mod edit;
mod fields;
mod read;

pub(crate) use act::{bulk, carry, comment, place};
pub(crate) use edit::{create, show_edit, show_new, update};
pub(crate) use read::show;

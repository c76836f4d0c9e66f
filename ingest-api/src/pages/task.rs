//! `/tasks`: one task with all that belongs to it, a new one, and changes.

mod act;
mod bulk;
mod differences;
mod edit;
mod fields;
mod lines;
mod lists;
mod overtaken;
mod read;
mod set;
mod talk;
mod watch;

pub(crate) use act::{carry, place};
pub(crate) use bulk::bulk;
pub(crate) use edit::{compare, create, show_edit, show_new, update};
pub(crate) use read::show;
pub(crate) use set::{DATES, show_set};
pub(crate) use talk::{comment, comment_url, edit_comment, show_comment_history};
pub(crate) use watch::watch;

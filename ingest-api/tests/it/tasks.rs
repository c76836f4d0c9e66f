//! Tasks: made, found, listed, acted upon.

mod acts;
mod batch;
mod bulk;
mod create;
mod history;
mod list;
mod moving;
mod subtasks;
mod watching;

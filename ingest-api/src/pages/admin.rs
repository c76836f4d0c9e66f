//! `/admin`: pipelines, people and the audit, for admins.

mod audit;
mod pipelines;
mod users;

pub(crate) use audit::show as show_audit;
pub(crate) use pipelines::show as show_pipelines;
pub(crate) use users::{show as show_users, update as update_user};

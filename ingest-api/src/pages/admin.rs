//! `/admin`: pipelines, people, the audit, jobs and keys, for admins.

mod audit;
mod entry;
mod filter;
mod jobs;
mod keys;
mod pipelines;
mod users;

pub(crate) use audit::{export as export_audit, show as show_audit};
pub(crate) use entry::show as show_entry;
pub(crate) use jobs::{
    cancel as cancel_job, retry as retry_job, show_all as show_jobs, show_one as show_job,
};
pub(crate) use keys::show as show_keys;
pub(crate) use pipelines::show as show_pipelines;
pub(crate) use users::{show as show_users, update as update_user};

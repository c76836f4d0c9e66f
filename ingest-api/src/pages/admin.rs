//! `/admin`: pipelines, people, the audit, jobs and keys, for admins.

mod audit;
mod entry;
mod filter;
mod jobs;
mod keys;
mod letters;
mod pipelines;
mod schedules;
mod users;

pub(crate) use audit::{export as export_audit, show as show_audit};
pub(crate) use entry::show as show_entry;
pub(crate) use jobs::{
    cancel as cancel_job, retry as retry_job, show_all as show_jobs, show_one as show_job,
};
pub(crate) use keys::show as show_keys;
pub(crate) use letters::{discard as discard_letter, retry as retry_letter, show as show_letters};
pub(crate) use pipelines::{
    rebuild as rebuild_pipeline, resume as resume_pipeline, show as show_pipelines,
};
pub(crate) use schedules::{
    create as create_schedule, delete as delete_schedule, run as run_schedule,
    show_all as show_schedules, show_new as show_new_schedule, show_one as show_schedule,
    update as update_schedule,
};
pub(crate) use users::{show as show_users, update as update_user};

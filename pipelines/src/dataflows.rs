//! The pipelines, a file each. To add one: its file, a line here, a test in `tests/it/golden.rs`, its sink in `sinks`, and
//! a line in the binary's `roles/views.rs`.

pub mod activity;
pub mod audit;
pub mod lake;
pub mod mails;
pub mod mirror;
pub mod notifications;
pub mod schedules;
pub mod search;
pub mod timers;

//! The pipelines, a file each. To add one: its file, a line here, its sink in `sinks`, and a line where the binary
//! starts them.

pub mod activity;
pub mod audit;
pub mod notifications;
pub mod search;
pub mod timers;

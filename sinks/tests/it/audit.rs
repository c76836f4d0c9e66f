//! The audit from the log to the report.

mod checkpoints;
mod tamper;
mod tree;
mod world;

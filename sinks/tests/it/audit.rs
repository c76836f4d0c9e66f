//! The audit from the log to the report.

mod checkpoints;
mod read;
mod runs;
mod tamper;
mod tree;
mod world;

//! The runtime from outside: on naked workers in virtual time, on real threads, under faults.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has to fail"
)]

mod counter;
mod golden;
mod naked;
mod runner;
mod simulation;
mod stories;

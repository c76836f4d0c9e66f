//! The runtime from outside: on naked workers in virtual time, on real threads, under faults.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has to fail"
)]
#![expect(clippy::disallowed_methods, reason = "tests spawn what they watch")]

mod again;
mod counter;
mod golden;
mod health;
mod naked;
mod runner;
mod simulation;
mod stories;
